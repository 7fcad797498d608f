use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Names {
    first: String,
    #[component(name = "family")]
    #[serde(alias = "first", alias = "surname")]
    last: String,
    #[serde(alias = "surname", alias = "family")]
    other: String,
    #[serde(alias = "other")]
    fine: String,
    #[serde(alias = "own")]
    own: String,
}

fn main() {}
