use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
struct Username(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(usrname), index(username, age), index(profile.tagline))]
struct Member {
    username: Username,
    cats: i64,
}

fn main() {
    let _ = Member::props().cats.gt(2);
}
