use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(rename_all = "lowercase")]
enum Level {
    Low,
    #[serde(rename = "low")]
    Lower,
    #[component(name = "high")]
    High,
    #[serde(rename = "")]
    Empty,
}

fn main() {}
