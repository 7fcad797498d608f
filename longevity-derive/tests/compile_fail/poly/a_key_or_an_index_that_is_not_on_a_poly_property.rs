use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(User)]
struct Username(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(username: Username), key(usernam), index(name), props(username: Username, cats))]
enum User {
    Member(Member),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
struct Member {
    username: Username,
    name: String,
}

fn main() {}
