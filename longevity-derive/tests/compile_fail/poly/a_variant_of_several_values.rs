use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
enum User {
    Member(Member, u64),
    Nobody(),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Member {
    name: String,
}

fn main() {}
