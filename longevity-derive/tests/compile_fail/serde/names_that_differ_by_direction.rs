use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[serde(rename_all(serialize = "camelCase", deserialize = "snake_case"))]
struct Member {
    #[serde(rename(serialize = "a", deserialize = "b"))]
    name: String,
    #[serde(rename(serialize = "same", deserialize = "same"))]
    good: String,
}

fn main() {}
