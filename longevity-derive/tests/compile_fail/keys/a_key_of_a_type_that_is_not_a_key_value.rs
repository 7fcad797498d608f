use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Address {
    street: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(name), key(score), key(tags), key(address))]
struct Member {
    name: String,
    score: f64,
    tags: Vec<String>,
    address: Address,
}

fn main() {}
