use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
struct Email(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(tabel = "members", key(mail), key(email), key(email), index(cats, dogs))]
struct Member {
    email: Email,
    #[serde(skip)]
    cats: i64,
    _dogs: i64,
}

fn main() {
    let _ = Member::props().cats.gt(2);
}
