//! The model of these tests: counters that record each change as a mark, and documents of any size and depth.

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Counter)]
pub(crate) struct Name(pub(crate) String);

/// Marks distinguish an update that is lost from one that is done twice. A sum would not if both happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(name), index(batch))]
pub(crate) struct Counter {
    pub(crate) name: Name,
    pub(crate) batch: String,
    pub(crate) marks: Vec<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub(crate) struct Nest {
    pub(crate) inner: Option<Box<Nest>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Big)]
pub(crate) struct Title(pub(crate) String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(title))]
pub(crate) struct Big {
    pub(crate) title: Title,
    pub(crate) text: String,
    pub(crate) nest: Option<Nest>,
}

#[derive(DomainModel)]
#[domain_model(Counter, Big)]
pub(crate) struct Faults;

pub(crate) fn counter(name: impl Into<String>, batch: impl Into<String>) -> Counter {
    Counter { name: Name(name.into()), batch: batch.into(), marks: Vec::new() }
}
