use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(from = "String", into = "String")]
struct Converted {
    name: String,
}

impl From<String> for Converted {
    fn from(name: String) -> Self {
        Self { name }
    }
}

impl From<Converted> for String {
    fn from(converted: Converted) -> Self {
        converted.name
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(transparent)]
struct Transparent {
    name: String,
}

fn main() {}
