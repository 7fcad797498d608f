//! Components: nested, in options, lists and sets; newtypes; controlled vocabularies; poly and recursive components.

use std::collections::{BTreeMap, BTreeSet};

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
pub struct Uri(pub String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Celsius(pub f64);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
pub struct Tags(pub Vec<String>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
pub struct Street {
    pub name: String,
    pub number: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
pub struct Address {
    pub street: Street,
    pub city: Option<String>,
    pub homepage: Uri,
}

/// Every shape that a variant may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub enum Contact {
    Unknown,
    Phone(String),
    Post(Address),
    Temperature(Celsius),
    Person { name: String, addresses: Vec<Address> },
    Proxy(Box<Contact>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Comment {
    pub text: String,
    pub replies: Vec<Comment>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Chain {
    pub link: i64,
    pub next: Option<Box<Chain>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub enum Formula {
    Constant(f64),
    Sum { left: Box<Formula>, right: Box<Formula> },
    Product { of: Vec<Formula> },
    Named(BTreeMap<String, Formula>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Place)]
pub struct PlaceId(pub i64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(place_id), index(open_on), index(address.homepage), index(temperature))]
pub struct Place {
    pub place_id: PlaceId,
    pub open_on: Weekday,
    pub closed_on: Option<Weekday>,
    pub days: BTreeSet<Weekday>,
    pub temperature: Celsius,
    pub tags: Tags,
    pub address: Address,
    pub second: Option<Address>,
    pub others: Vec<Address>,
    pub known: BTreeSet<Address>,
    pub boxed: Box<Address>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
pub struct Thread {
    pub contact: Contact,
    pub second: Option<Contact>,
    pub contacts: Vec<Contact>,
    pub by_name: BTreeMap<String, Contact>,
    pub comment: Comment,
    pub chain: Chain,
    pub formula: Formula,
    pub maybe: Option<Option<Formula>>,
}

#[derive(DomainModel)]
#[domain_model(Place, Thread)]
pub struct Components;
