//! Lists, sets and maps of every basic type, of each other, and of components.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use longevity::prelude::*;
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(booleans[]), index(characters[]), index(unsigned_64[]), index(float_64[]), index(texts[]), index(uuids[]))]
#[persistent(index(instants[]), index(options[]), index(optional[]))]
pub struct Lists {
    pub booleans: Vec<bool>,
    pub characters: Vec<char>,
    pub signed_8: Vec<i8>,
    /// A list of small integers, not a byte string.
    pub unsigned_8: Vec<u8>,
    pub signed_64: Vec<i64>,
    pub unsigned_64: Vec<u64>,
    pub float_32: Vec<f32>,
    pub float_64: Vec<f64>,
    pub texts: Vec<String>,
    pub bytes: Vec<Bytes>,
    pub uuids: Vec<Uuid>,
    pub instants: Vec<Timestamp>,
    pub options: Vec<Option<i64>>,
    pub lists: Vec<Vec<String>>,
    pub optional: Option<Vec<Option<String>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(index(numbers[]), index(texts[]), index(unordered[]), index(bytes[]), index(choices[]), index(optional[]))]
pub struct Sets {
    pub numbers: BTreeSet<i64>,
    pub texts: BTreeSet<String>,
    pub unordered: HashSet<u64>,
    pub unordered_texts: HashSet<String>,
    pub instants: BTreeSet<Timestamp>,
    pub bytes: BTreeSet<Bytes>,
    pub choices: BTreeSet<Colour>,
    pub points: BTreeSet<Point>,
    pub unordered_points: HashSet<Point>,
    pub optional: Option<BTreeSet<Option<i32>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
pub struct Maps {
    pub numbers: BTreeMap<String, i64>,
    pub floats: BTreeMap<String, f64>,
    pub unordered: HashMap<String, String>,
    pub by_number: BTreeMap<i64, String>,
    pub by_uuid: BTreeMap<Uuid, bool>,
    pub by_instant: BTreeMap<Timestamp, u64>,
    pub by_choice: BTreeMap<Colour, Option<String>>,
    pub points: BTreeMap<String, Point>,
    pub nested: BTreeMap<String, BTreeMap<String, Vec<Bytes>>>,
    pub optional: Option<HashMap<u32, Option<f64>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
pub enum Colour {
    Red,
    Green,
    Blue,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Component)]
pub struct Point {
    pub x: i32,
    pub y: i32,
}

#[derive(DomainModel)]
#[domain_model(Lists, Sets, Maps)]
pub struct Collections;
