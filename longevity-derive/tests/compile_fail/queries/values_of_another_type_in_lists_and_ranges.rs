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
    tags: Vec<String>,
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

fn values() {
    let m = Member::props();
    let _ = m.num_cats.is_in(["two"]);
    let _ = m.num_cats.between(1, "two");
    let _ = m.tags.contains(2);
    let _ = m.tags.contains_all([2]);
    let _ = m.profile.level.is_in(["Low"]);
}

fn main() {}
