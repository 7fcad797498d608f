use longevity::prelude::*;

mod form {
    use longevity::prelude::*;
    pub fn serialize<S: serde::Serializer>(value: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }
    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        i64::deserialize(deserializer)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Profile {
    #[serde(with = "form")]
    a: i64,
    #[serde(serialize_with = "form::serialize")]
    b: i64,
    #[serde(deserialize_with = "form::deserialize")]
    c: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Newtype(#[serde(with = "form")] i64);

fn main() {}
