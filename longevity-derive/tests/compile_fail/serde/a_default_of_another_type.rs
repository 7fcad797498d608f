use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Level(i32);

fn number() -> i64 {
    1
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Defaults {
    #[serde(default)]
    level: Level,
    #[serde(default = "number")]
    number: i32,
    #[serde(default = "nothing")]
    nothing: i32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(default)]
struct Whole {
    level: i32,
}

fn main() {}
