use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(table, poly = 1, "name", key email, table = 5, index(a b), key(), derived(A, B))]
struct Member {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent]
struct Other {
    #[persistent(name)]
    name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[component = "x"]
struct Profile {
    tagline: String,
}

fn main() {}
