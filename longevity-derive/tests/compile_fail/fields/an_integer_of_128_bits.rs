use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Post {
    views: i128,
    title: String,
}

fn main() {
    let _ = Post::props().title.eq("hi");
}
