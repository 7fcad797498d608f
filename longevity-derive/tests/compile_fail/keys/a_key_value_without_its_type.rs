use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
struct Username(String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val]
struct Email(String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(User, Member)]
struct Number(u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct User {
    username: Username,
    email: Email,
    number: Number,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Member {
    number: Number,
}

fn main() {}
