//! Primary keys: plain, in a component, of several fields, hashed, and partly partitioned.

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Plain)]
pub struct PlainId(pub String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Plain)]
pub struct PlainEmail(pub String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(primary_key(plain_id), key(email))]
pub struct Plain {
    pub plain_id: PlainId,
    pub email: PlainEmail,
    pub count: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Nested)]
pub struct NestedId(pub i64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Head {
    pub id: NestedId,
    pub title: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(primary_key(head.id: NestedId), index(head.title))]
pub struct Nested {
    pub head: Head,
    pub text: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Composite)]
pub struct CompositeId {
    pub tenant: String,
    pub number: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(primary_key(composite_id))]
pub struct Composite {
    pub composite_id: CompositeId,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Hashed)]
pub struct HashedId {
    pub serial: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(primary_key(hashed_id, hashed))]
pub struct Hashed {
    pub hashed_id: HashedId,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Partitioned)]
pub struct PartitionedId {
    pub region: String,
    pub year: i16,
    pub number: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(primary_key(partitioned_id, partition(region, year)), index(amount))]
pub struct Partitioned {
    pub partitioned_id: PartitionedId,
    pub amount: f64,
}

#[derive(DomainModel)]
#[domain_model(Plain, Nested, Composite, Hashed, Partitioned)]
pub struct PrimaryKeys;
