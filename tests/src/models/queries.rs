//! Paths that queries have to follow: poly components whose variants hold maps, lists, options and nothing; maps by keys of every
//! kind; aliases; and properties that are another type's key value. There are few different values, so that rows share them.

use std::collections::{BTreeMap, BTreeSet};

use longevity::prelude::*;
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Shelf)]
pub struct ShelfName(pub String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Item)]
pub struct ItemId {
    pub shelf: ShelfName,
    pub number: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
pub enum Size {
    Small,
    #[serde(rename = "middle sized", alias = "Medium")]
    Middle,
    Large,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Label {
    pub text: Option<String>,
    pub flag: bool,
    pub weights: BTreeMap<i8, f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub enum Content {
    Nothing,
    #[serde(rename = "some liquid", alias = "Fluid")]
    Liquid {
        litres: f32,
        mixed_with: Option<Box<Content>>,
    },
    Parts(BTreeMap<String, Option<i16>>),
    Sizes(Vec<Option<Size>>),
    Labelled(Label),
    Perhaps(Option<u8>),
    Marked(bool),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(name), index(size), index(note, size), index(score))]
pub struct Shelf {
    pub name: ShelfName,
    pub size: Option<Size>,
    pub note: Option<String>,
    pub total: u64,
    pub balance: Option<i64>,
    pub score: f64,
    pub sizes: Vec<Option<Size>>,
    pub content: Content,
    pub reserve: Option<Content>,
    pub by_size: BTreeMap<Size, Content>,
    pub by_number: BTreeMap<u64, BTreeMap<bool, Timestamp>>,
    pub by_flag: BTreeMap<bool, BTreeSet<char>>,
    pub by_character: BTreeMap<char, Label>,
    pub by_uuid: BTreeMap<Uuid, Option<Option<i64>>>,
    pub by_shelf: BTreeMap<ShelfName, f32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(id: ItemId, next_to: Option<ItemId>, label: Label), key(id), index(next_to))]
pub enum Item {
    #[persistent(discriminator = "thing", alias = "Object")]
    Thing(Thing),
    Bundle(Bundle),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Item), index(size, at))]
pub struct Thing {
    pub id: ItemId,
    pub next_to: Option<ItemId>,
    pub label: Label,
    pub size: Size,
    pub at: Option<Timestamp>,
    pub content: Option<Content>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Item), index(size))]
pub struct Bundle {
    pub id: ItemId,
    pub next_to: Option<ItemId>,
    pub label: Label,
    /// Has another type than the property `size` of `Thing`.
    pub size: u8,
    pub of: Vec<ItemId>,
    pub contents: BTreeMap<String, Content>,
}

#[derive(DomainModel)]
#[domain_model(Shelf, Item)]
pub struct Storage;
