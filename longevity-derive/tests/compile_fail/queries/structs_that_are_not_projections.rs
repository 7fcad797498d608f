use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(User)]
struct Username(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(username: Username), key(username))]
enum User {
    Member(Member),
    Commenter(Box<Commenter>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User), key(email))]
struct Member {
    username: Username,
    email: Email,
    num_cats: i64,
    profile: Profile,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Member)]
struct Email(String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Profile {
    tagline: Option<String>,
    level: Level,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Level {
    Low,
    High,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
struct Commenter {
    username: Username,
    score: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Blog {
    title: String,
}

#[derive(DomainModel)]
#[domain_model(User)]
struct Blogging;

#[derive(Projected)]
#[projected(Member)]
struct Owner {
    num_cats: i32,
    cats: i64,
    #[projected(Commenter::props().score)]
    score: i64,
}

#[derive(Projected)]
struct OfNothing {
    num_cats: i64,
}

#[derive(Projected)]
#[projected(Member)]
enum Either {
    One(i64),
}

#[derive(Projected)]
#[projected(Member)]
struct Pair(i64, #[projected(Member::props().num_cats)] i64);

#[derive(Projected)]
#[projected(Member)]
struct Lent<'a> {
    num_cats: &'a i64,
}

#[derive(Projected)]
#[projected(Member)]
struct Twice {
    #[projected(Member::props().num_cats)]
    #[projected(Member::props().num_cats)]
    num_cats: i64,
}

#[derive(Projected)]
#[projected(Member)]
struct Unreadable {
    #[projected(num_cats: i64)]
    num_cats: i64,
}

fn main() {}
