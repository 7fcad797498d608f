use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
struct Member {
    #[serde(skip)]
    a: i64,
    #[serde(skip_serializing)]
    b: i64,
    #[serde(skip_deserializing)]
    c: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<i64>,
}

fn main() {}
