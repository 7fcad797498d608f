use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Member {
    name: String,
    #[persistent(name = "name")]
    other: String,
    #[serde(rename = "name")]
    third: String,
}

fn main() {}
