use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(User)]
struct Username(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(username: Username, name: String), key(username))]
enum User {
    Member(Member),
    Commenter(Box<Commenter>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
struct Member {
    username: Username,
    name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
struct Commenter {
    username: i64,
    name: Option<String>,
}

fn main() {
    let _ = User::query().filter(User::props().username.eq(Username("ann".into())));
    let _ = Commenter::query().filter(User::props().username.eq(Username("ann".into())));
}
