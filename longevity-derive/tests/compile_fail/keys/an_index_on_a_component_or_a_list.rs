use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Profile {
    tagline: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(profile), index(tags), index(links), index(plan))]
struct Member {
    profile: Profile,
    tags: Vec<String>,
    links: std::collections::BTreeMap<String, String>,
    plan: Plan,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Plan {
    Free,
    Paid { cents: i64 },
}

fn main() {}
