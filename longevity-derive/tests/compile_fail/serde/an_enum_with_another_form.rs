use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(tag = "kind")]
enum Tagged {
    One { a: i64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(tag = "kind", content = "held")]
enum Adjacent {
    One(i64),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(untagged)]
enum Untagged {
    One(i64),
}

fn main() {}
