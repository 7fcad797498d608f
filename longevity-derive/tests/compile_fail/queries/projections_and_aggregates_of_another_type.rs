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

fn results<B: longevity::backend::Backend>(users: Repo<User, B>, members: Repo<Member, B>) {
    let (m, c) = (Member::props(), Commenter::props());
    let _ = members.project(Member::query(), &c.score);
    let _ = users.project(User::query(), (&m.num_cats, &m.tags));
    let _ = members.distinct(Member::query(), &c.score);
    let _ = members.aggregate(Member::query(), m.tags.sum());
    let _ = members.aggregate(Member::query(), m.profile.level.min());
    let _ = members.group(Member::query(), &m.num_cats, c.score.sum());
}

fn main() {}
