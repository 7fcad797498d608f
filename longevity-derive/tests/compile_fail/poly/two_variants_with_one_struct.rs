use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
enum User {
    Member(Member),
    Commenter(Box<Member>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
struct Member {
    name: String,
}

fn main() {}
