use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
struct Email(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, module = "not a module")]
enum User {
    #[persistent(key(email), index(cats), primary_key(email), descriminator = "member")]
    Member(Member),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
struct Member {
    email: Email,
    cats: i64,
}

fn main() {}
