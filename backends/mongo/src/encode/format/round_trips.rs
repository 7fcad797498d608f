//! Generated values survive a round trip bit for bit, and so does each of their properties.

use std::collections::{BTreeMap, BTreeSet};

use longevity::prelude::*;
use longevity_core::document;
use longevity_core::encoding::PropertyReader;
use longevity_core::storable::{Shape, ShapeFn};
use longevity_core::{Encodable, Path, Step, Storable};
use mongodb::bson::{self, RawDeserializer};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use crate::encode::document::MongoDocument;
use crate::encode::format::BsonFormat;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Scalars {
    flag: bool,
    small: i8,
    int: i64,
    byte: u8,
    medium: u32,
    large: u64,
    index: usize,
    single: f32,
    double: f64,
    letter: char,
    text: String,
    #[component(name = "octets")]
    bytes: Bytes,
    uuid: Uuid,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
enum Colour {
    Red,
    #[serde(rename = "50%.")]
    Half,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
struct Id(Uuid);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Choice {
    Nothing,
    One(Option<Option<Uuid>>),
    Named { at: Option<Timestamp>, large: u64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Everything {
    scalars: Scalars,
    maybe: Option<Option<Option<u64>>>,
    maybe_inner: Option<Option<Box<Scalars>>>,
    list: Vec<Option<f32>>,
    times: BTreeSet<Timestamp>,
    ids: Vec<Id>,
    texts: BTreeMap<String, Option<Option<Timestamp>>>,
    by_id: BTreeMap<Id, u64>,
    by_time: BTreeMap<Timestamp, Bytes>,
    by_bytes: BTreeMap<Bytes, Uuid>,
    by_letter: BTreeMap<char, Choice>,
    by_colour: BTreeMap<Colour, f64>,
    by_large: BTreeMap<u64, bool>,
    pairs: BTreeMap<Option<Timestamp>, BTreeMap<Vec<Id>, Colour>>,
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    let (min, max) = (Timestamp::MIN.unix_seconds(), Timestamp::MAX.unix_seconds());
    prop_oneof![
        (min + 1..max, -999_999_999..=999_999_999)
            .prop_filter_map("signs", |(seconds, beyond)| { Timestamp::from_unix(seconds, beyond) }),
        (-2_i64..2, -999_999_999..=999_999_999)
            .prop_filter_map("signs", |(seconds, beyond)| Timestamp::from_unix(seconds, beyond)),
        Just(Timestamp::MIN),
        Just(Timestamp::MAX),
    ]
}

fn any_uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn any_large() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), Just(u64::MAX), Just(1 << 63), Just((1 << 63) - 1), 0_u64..1000]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[%$._\0 2E450a]{0,8}",
        any::<String>(),
        prop::sample::select(&["", "$some", "_some", "%", "%2E", "%25", ".", "$", "\0", "a.b"][..])
            .prop_map(str::to_owned),
    ]
}

fn any_bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![vec(any::<u8>(), 16), vec(any::<u8>(), 0..20)].prop_map(Bytes::from)
}

fn any_single() -> impl Strategy<Value = f32> {
    // One in two is a NaN or an infinity.
    (any::<u32>(), any::<bool>())
        .prop_map(|(bits, special)| f32::from_bits(bits | if special { 0x7f80_0000 } else { 0 }))
}

fn any_double() -> impl Strategy<Value = f64> {
    (any::<u64>(), any::<bool>())
        .prop_map(|(bits, special)| f64::from_bits(bits | if special { 0x7ff0_0000_0000_0000 } else { 0 }))
}

fn any_scalars() -> impl Strategy<Value = Scalars> {
    let numbers = (any::<bool>(), any::<i8>(), any::<i64>(), any::<u8>(), any::<u32>(), any_large(), any::<usize>());
    let others = (any_single(), any_double(), any::<char>(), any_text(), any_bytes(), any_uuid(), any_time());
    (numbers, others).prop_map(|((flag, small, int, byte, medium, large, index), others)| {
        let (single, double, letter, text, bytes, uuid, at) = others;
        Scalars { flag, small, int, byte, medium, large, index, single, double, letter, text, bytes, uuid, at }
    })
}

fn any_choice() -> impl Strategy<Value = Choice> {
    prop_oneof![
        Just(Choice::Nothing),
        option::of(option::of(any_uuid())).prop_map(Choice::One),
        (option::of(any_time()), any_large()).prop_map(|(at, large)| Choice::Named { at, large }),
    ]
}

fn any_id() -> impl Strategy<Value = Id> {
    any_uuid().prop_map(Id)
}

fn any_colour() -> impl Strategy<Value = Colour> {
    prop::sample::select(&[Colour::Red, Colour::Half][..])
}

fn everything() -> impl Strategy<Value = Everything> {
    let first = (
        any_scalars(),
        option::of(option::of(option::of(any_large()))),
        option::of(option::of(any_scalars().prop_map(Box::new))),
        vec(option::of(any_single()), 0..3),
        btree_set(any_time(), 0..3),
        vec(any_id(), 0..3),
        btree_map(any_text(), option::of(option::of(any_time())), 0..4),
    );
    let second = (
        btree_map(any_id(), any_large(), 0..3),
        btree_map(any_time(), any_bytes(), 0..3),
        btree_map(any_bytes(), any_uuid(), 0..3),
        btree_map(any::<char>(), any_choice(), 0..3),
        btree_map(any_colour(), any_double(), 0..3),
        btree_map(any_large(), any::<bool>(), 0..3),
        btree_map(option::of(any_time()), btree_map(vec(any_id(), 0..3), any_colour(), 0..2), 0..3),
    );
    (first, second).prop_map(|(first, second)| {
        let (scalars, maybe, maybe_inner, list, times, ids, texts) = first;
        let (by_id, by_time, by_bytes, by_letter, by_colour, by_large, pairs) = second;
        Everything {
            scalars,
            maybe,
            maybe_inner,
            list,
            times,
            ids,
            texts,
            by_id,
            by_time,
            by_bytes,
            by_letter,
            by_colour,
            by_large,
            pairs,
        }
    })
}

fn is_identical<T: Encodable>(found: &T, expected: &T) -> bool {
    found.value_at(&[]).to_value().is_identical(&expected.value_at(&[]).to_value())
}

/// Reads the value at every path and compares it.
fn check<T: Encodable>(shape: ShapeFn, stored: &[u8], value: &T, steps: &mut Vec<&'static Step>) {
    let path = steps.iter().fold(Path::root(), |path, step| path.then(step));
    let reader = PropertyReader::new(T::shape, &path).unwrap_or_else(|| panic!("no reader of {path}"));
    let document = RawDeserializer::new(stored).unwrap();
    let found = reader.read::<BsonFormat, _>(document).unwrap_or_else(|error| panic!("{error}: {path}"));
    let expected = value.value_at(steps).to_value();
    assert!(found.is_identical(&expected), "{path}: {found:?} is not {expected:?}");
    let mut shape = shape();
    while let Shape::Newtype { inner, .. } | Shape::Optional(inner) = shape {
        shape = inner();
    }
    if let Shape::Struct { fields, .. } = shape {
        for field in fields {
            steps.push(field.step);
            check(field.shape, stored, value, steps);
            steps.pop();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_value_and_every_property_comes_back(value in everything()) {
        let doc = MongoDocument::encode(&value).unwrap();
        let back: Everything = doc.decode().unwrap();
        prop_assert!(is_identical(&back, &value), "{back:?}");
        prop_assert_eq!(back.scalars.single.to_bits(), value.scalars.single.to_bits());
        prop_assert_eq!(back.scalars.double.to_bits(), value.scalars.double.to_bits());
        let bits = |list: &[Option<f32>]| list.iter().map(|float| float.map(f32::to_bits)).collect::<Vec<_>>();
        prop_assert_eq!(bits(&back.list), bits(&value.list));
        let (located, _) = document::deserialize_to_locate::<BsonFormat, Everything, _>(
            RawDeserializer::new(doc.as_bytes()).unwrap(),
        );
        prop_assert!(is_identical(&located.unwrap(), &value));
        check(Everything::shape, doc.as_bytes(), &value, &mut Vec::new());
    }

    #[test]
    fn timestamps_sort_by_time(one in any_time(), other in any_time()) {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
        struct Root {
            at: Timestamp,
        }

        let form = |at| {
            let doc = MongoDocument::encode(&Root { at }).unwrap();
            let document = bson::Document::from_reader(doc.as_bytes()).unwrap();
            let at = document.get_document("at").unwrap();
            (*at.get_datetime("at").unwrap(), at.get_i32("ns").unwrap())
        };
        prop_assert_eq!(one.cmp(&other), form(one).cmp(&form(other)));
    }
}
