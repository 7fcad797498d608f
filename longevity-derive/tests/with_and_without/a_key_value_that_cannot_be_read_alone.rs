//! A key value without `Deserialize`, which only the type that it identifies can read.
use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, KeyVal)]
#[key_val(User)]
struct Name(String);

#[derive(Clone, Debug, PartialEq, Serialize, PersistentType)]
#[persistent(key(name), deserialized_by_hand)]
struct User {
    name: Name,
}

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Read {
            name: String,
        }
        Read::deserialize(deserializer).map(|Read { name }| Self { name: Name(name) })
    }
}

#[derive(DomainModel)]
#[domain_model(User)]
struct Model;

fn main() {}
