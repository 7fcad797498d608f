use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Post {
    title: String,
    published_at: std::time::SystemTime,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Window {
    opened: std::time::SystemTime,
    closed: Option<std::time::SystemTime>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Moment(std::time::SystemTime);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Happening {
    Moment(std::time::SystemTime),
    Span { from: std::time::SystemTime },
}

fn main() {
    let _ = Post::props().title.eq("hi");
}
