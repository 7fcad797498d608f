use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(User)]
struct Username(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(username: Username), key(username))]
enum User {
    Member { username: Username },
    Commenter { usernam: Username },
    Number { username: u64 },
    Nobody,
}

fn main() {
    let _ = User::query().filter(User::props().username.eq(Username("ann".into())));
}
