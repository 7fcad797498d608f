use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(tabel = "members", unique(name), flavour)]
struct Member {
    #[persistent(nmae = "the_name", key(name))]
    name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, prop(name: String))]
enum User {
    #[persistent(skip)]
    Person(Person),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(User))]
struct Person {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[component(name = "profile")]
struct Profile {
    #[component(index)]
    tagline: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Tagline(#[component(name = "tagline")] String);

fn main() {}
