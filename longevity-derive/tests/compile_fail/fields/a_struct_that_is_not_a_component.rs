use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Profile {
    tagline: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(title))]
struct Post {
    profile: Profile,
    others: Vec<Profile>,
    title: String,
}

fn main() {
    let _ = Post::props().title.eq("hi");
}
