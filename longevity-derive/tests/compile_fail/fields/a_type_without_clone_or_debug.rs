use longevity::prelude::*;

#[derive(PartialEq, Serialize, Deserialize, Component)]
struct Profile {
    tagline: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize, PersistentType)]
struct Member {
    profile: Profile,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly)]
enum User {
    Guest(Guest),
}

#[derive(PartialEq, Serialize, PersistentType)]
#[persistent(derived(User))]
struct Guest {
    name: String,
}

#[derive(DomainModel)]
#[domain_model(Member, User)]
struct Model;

fn main() {}
