use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Profile {
    tagline: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(name[]), index(profiles[]), index(links[]))]
struct Member {
    name: String,
    profiles: Vec<Profile>,
    links: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(tags[]), index(tags[]), index(tag[]))]
struct Guest {
    tags: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(tags[], name))]
struct Visitor {
    tags: Vec<String>,
    name: String,
}

fn main() {}
