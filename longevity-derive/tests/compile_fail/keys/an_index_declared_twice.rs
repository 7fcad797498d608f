use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(name, cats), index(cats, cats), index(name, cats))]
struct Member {
    name: String,
    cats: i64,
}

fn main() {}
