//! Names that mean something to a store: keywords of SQL, and fields that stores and their encodings use.

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Order)]
pub struct Id(pub u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(key(id), index(order), index(r#type, group), index(where_.select))]
pub struct Order {
    pub id: Id,
    pub r#type: String,
    pub order: i64,
    pub doc: String,
    pub group: Option<String>,
    pub select: bool,
    pub key: String,
    pub value: String,
    pub version: u64,
    pub discriminator: String,
    pub created_at: String,
    pub updated_at: Option<i64>,
    pub rowid: i64,
    pub oid: String,
    pub r#where: String,
    pub where_: Where,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Where {
    pub select: String,
    pub from: Option<i32>,
    pub r#match: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Group)]
pub struct Key(pub String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(key: Key), key(key))]
pub enum Group {
    Select(Select),
    Table(Table),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Group), index(value), index(id))]
pub struct Select {
    pub key: Key,
    pub value: i64,
    pub id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Group), index(value), index(index))]
pub struct Table {
    pub key: Key,
    pub value: String,
    pub index: u8,
}

#[derive(DomainModel)]
#[domain_model(Order, Group)]
pub struct Keywords;
