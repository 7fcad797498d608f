//! How each type is stored in BSON, and which BSON values are refused.

use std::collections::BTreeMap;

use longevity::prelude::*;
use longevity_core::backend::DecodeError;
use longevity_core::{Encodable, Error};
use mongodb::bson::{self, Bson, DateTime, Decimal128, Document as Object, doc};
use uuid::Uuid;

use crate::encode::document::MongoDocument;

/// Only objects can be the root of a document in BSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Root<T> {
    value: T,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Held {
    Nothing,
    One(Uuid),
    Named { at: Timestamp },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
enum Rate {
    #[serde(rename = "100%")]
    Whole,
    Half,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Unit;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Percents {
    #[serde(rename = "100%")]
    whole: i64,
    #[component(name = "50%25")]
    half: Option<Uuid>,
}

fn stored<T: Encodable>(value: &T) -> Bson {
    let doc = MongoDocument::encode(&Root { value: value.clone() }).unwrap();
    Object::from_reader(doc.as_bytes()).unwrap().remove("value").unwrap()
}

/// The value of a document.
fn decoded<T: Encodable>(document: &Object) -> Result<T, DecodeError> {
    let bytes = bson::serialize_to_vec(document).unwrap();
    let mut doc = MongoDocument::default();
    doc.set(&bytes[4..bytes.len() - 1]);
    doc.decode()
}

/// The value that is stored in this form.
fn loaded<T: Encodable>(form: impl Into<Bson>) -> Result<T, DecodeError> {
    decoded::<Root<T>>(&doc! { "value": form.into() }).map(|root| root.value)
}

#[track_caller]
fn is_stored_as<T: Encodable + PartialEq>(value: &T, form: impl Into<Bson>) {
    let form = form.into();
    assert_eq!(stored(value), form);
    assert_eq!(&loaded::<T>(form).unwrap(), value);
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn date(milliseconds: i64) -> DateTime {
    DateTime::from_millis(milliseconds)
}

#[test]
fn uuids() {
    let uuid = Uuid::from_u128(0xab);
    is_stored_as(&uuid, bson::Uuid::from_bytes(uuid.into_bytes()));
    is_stored_as(&Some(Some(uuid)), doc! { "_some": bson::Uuid::from_bytes(uuid.into_bytes()) });
    let generic = bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: uuid.into_bytes().to_vec() };
    let short = bson::Binary { subtype: bson::spec::BinarySubtype::Uuid, bytes: vec![0; 15] };
    for wrong in [Bson::Binary(generic), Bson::Binary(short), uuid.to_string().into(), Bson::Null, doc! {}.into()] {
        assert!(loaded::<Uuid>(wrong).is_err());
    }
}

#[test]
fn byte_strings_are_text() {
    is_stored_as(&Bytes::from([0xab; 16]), "ab".repeat(16));
    is_stored_as(&Some(Bytes::default()), "");
    for wrong in [Bson::from(bson::Uuid::from_bytes([0; 16])), "AB".into(), 1.into()] {
        assert!(loaded::<Bytes>(wrong).is_err());
    }
}

#[test]
fn timestamps() {
    is_stored_as(&time("1970-01-01T00:00:00Z"), doc! { "at": date(0), "ns": 0 });
    is_stored_as(&time("1970-01-01T00:00:01.234567891Z"), doc! { "at": date(1234), "ns": 567_891 });
    is_stored_as(&time("1969-12-31T23:59:59.999999999Z"), doc! { "at": date(-1), "ns": 999_999 });
    is_stored_as(&time("1969-12-31T23:59:59.999Z"), doc! { "at": date(-1), "ns": 0 });
    is_stored_as(
        &vec![Held::Named { at: Timestamp::MIN }, Held::Nothing],
        vec![Bson::from(doc! { "Named": { "at": stored(&Timestamp::MIN) } }), "Nothing".into()],
    );
    assert_eq!(loaded::<Timestamp>(stored(&Timestamp::MAX)).unwrap(), Timestamp::MAX);
    // Timestamps as other programs write them.
    assert_eq!(loaded::<Timestamp>(date(-1)).unwrap(), time("1969-12-31T23:59:59.999Z"));
    assert_eq!(loaded::<Timestamp>("2024-03-01T13:00:00.05+01:00").unwrap(), time("2024-03-01T12:00:00.05Z"));
    for wrong in [
        doc! { "at": date(0) },
        doc! { "at": date(0), "ns": -1 },
        doc! { "at": date(0), "ns": 1_000_000 },
        doc! { "at": date(0), "ns": 0_i64 },
        doc! { "ns": 0, "at": date(0) },
        doc! { "at": date(0), "ns": 0, "tz": "Z" },
        doc! { "at": date(i64::MAX), "ns": 0 },
        doc! {},
    ] {
        assert!(loaded::<Timestamp>(wrong.clone()).is_err(), "{wrong}");
    }
    for wrong in [Bson::from(date(i64::MIN)), "yesterday".into(), 0_i64.into(), Bson::Null] {
        assert!(loaded::<Timestamp>(wrong).is_err());
    }
}

#[test]
fn unsigned_integers() {
    let decimal = |text: &str| text.parse::<Decimal128>().unwrap();
    is_stored_as(&5_u8, 5);
    is_stored_as(&5_u32, 5_i64);
    is_stored_as(&(i64::MAX as u64), i64::MAX);
    is_stored_as(&(i64::MAX as u64 + 1), decimal("9223372036854775808"));
    is_stored_as(&u64::MAX, decimal("18446744073709551615"));
    is_stored_as(&usize::MAX, decimal("18446744073709551615"));
    assert_eq!(loaded::<u8>(decimal("255")).unwrap(), 255);
    assert_eq!(loaded::<u64>(1).unwrap(), 1);
    for wrong in ["18446744073709551616", "-1", "1.5", "1E3", "NaN"] {
        assert!(loaded::<u64>(decimal(wrong)).is_err(), "{wrong}");
    }
    for wrong in [Bson::Int64(-1), 1.0.into(), "18446744073709551615".into(), doc! { "x": 1 }.into(), doc! {}.into()] {
        assert!(loaded::<u64>(wrong).is_err());
    }
    assert!(loaded::<u8>(decimal("256")).is_err() && loaded::<u8>(256).is_err());
}

#[test]
fn floats() {
    is_stored_as(&f64::INFINITY, f64::INFINITY);
    is_stored_as(&0.1_f32, f64::from(0.1_f32));
    for bits in [0x7ff0_0000_0000_0001, 0xfff8_0000_0000_0000, f64::NAN.to_bits(), (-0.0_f64).to_bits()] {
        let Bson::Double(found) = stored(&f64::from_bits(bits)) else { panic!("no double") };
        assert_eq!(found.to_bits(), bits);
    }
    assert_eq!(loaded::<f64>(5).unwrap().to_bits(), 5.0_f64.to_bits());
    assert!(loaded::<f64>("NaN").is_err() && loaded::<f32>("inf").is_err());
}

#[test]
fn options_in_options() {
    type Thrice = Option<Option<Option<i64>>>;
    is_stored_as::<Thrice>(&None, Bson::Null);
    is_stored_as::<Thrice>(&Some(Some(None)), doc! { "_some": { "_some": Bson::Null } });
    is_stored_as(&Some(Some(BTreeMap::from([("_some".to_owned(), 1_i64)]))), doc! { "_some": { "_some": 1_i64 } });
    for wrong in [doc! { "$some": 1_i64 }, doc! {}, doc! { "_some": 1_i64, "x": 1 }] {
        let error = loaded::<Thrice>(wrong).unwrap_err().source.to_string();
        assert!(error.contains("_some"), "{error}");
    }
}

#[test]
fn keys_of_maps() {
    let keys = ["", "%", "%2E", "$some", "a.b", "\0", "_some", "a$", "é%00", "."];
    let map: BTreeMap<String, i32> = keys.iter().map(|key| (*key).to_owned()).zip(0..).collect();
    let Bson::Document(found) = stored(&map) else { panic!("no object") };
    let found: Vec<&String> = found.keys().collect();
    let expected = ["%", "%00", "%24some", "%25", "%252E", "%2E", "_some", "a$", "a%2Eb", "é%2500"];
    let mut sorted = found.clone();
    sorted.sort();
    assert_eq!(sorted, expected);
    assert_eq!(loaded::<BTreeMap<String, i32>>(stored(&map)).unwrap(), map);
    for wrong in ["", "$a", "a.b", "%a", "%2e", "a%24", "%%"] {
        assert!(loaded::<BTreeMap<String, i32>>(doc! { wrong: 1 }).is_err(), "{wrong}");
    }
    is_stored_as(&BTreeMap::from([(Uuid::nil(), true)]), doc! { "00000000-0000-0000-0000-000000000000": true });
    is_stored_as(&BTreeMap::from([(Timestamp::UNIX_EPOCH, true)]), doc! { "1970-01-01T00:00:00%2E000000000Z": true });
    is_stored_as(
        &BTreeMap::from([(Bytes::default(), true), (Bytes::from([1; 16]), true)]),
        doc! {
            "%": true,
            "01".repeat(16): true,
        },
    );
    is_stored_as(
        &BTreeMap::from([('$', true), ('.', true), ('x', true)]),
        doc! { "%24": true, "%2E": true, "x": true },
    );
    is_stored_as(&BTreeMap::from([(Rate::Whole, true), (Rate::Half, true)]), doc! { "100%25": true, "Half": true });
    is_stored_as(&BTreeMap::from([(-1_i64, true), (1, true)]), doc! { "-1": true, "1": true });
    // The keys of pairs are encoded like other values.
    let pairs = BTreeMap::from([(Some(Uuid::nil()), Rate::Whole)]);
    is_stored_as(&pairs, vec![Bson::from(vec![Bson::from(bson::Uuid::from_bytes([0; 16])), "100%".into()])]);
}

#[test]
fn names_of_fields_are_unchanged_keys() {
    let percents = Percents { whole: 1, half: Some(Uuid::nil()) };
    is_stored_as(&percents, doc! { "100%": 1_i64, "50%25": bson::Uuid::from_bytes([0; 16]) });
}

#[test]
fn other_values_are_stored_as_in_json() {
    is_stored_as(&'é', "é");
    is_stored_as(&Unit, doc! {});
    is_stored_as(&Held::Nothing, "Nothing");
    is_stored_as(&Held::One(Uuid::nil()), doc! { "One": bson::Uuid::from_bytes([0; 16]) });
    is_stored_as(&vec![1_u8, 2], vec![1, 2]);
}

#[test]
fn outside_the_encoding_timestamps_are_text_and_byte_strings_are_binary() {
    let root = Root { value: (time("2024-03-01T12:00:00.05Z"), Bytes::from([1; 16])) };
    let bytes = bson::serialize_to_vec(&root).unwrap();
    let found = Object::from_reader(bytes.as_slice()).unwrap();
    let binary = bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1; 16] };
    assert_eq!(found, doc! { "value": ["2024-03-01T12:00:00.050000000Z", Bson::Binary(binary)] });
    assert_eq!(bson::deserialize_from_slice::<Root<(Timestamp, Bytes)>>(&bytes).unwrap(), root);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Chain {
    at: Timestamp,
    next: Option<Box<Chain>>,
}

#[test]
fn documents_that_are_too_deep_have_a_separate_error() {
    let chain = |levels: usize| {
        let end = Chain { at: Timestamp::UNIX_EPOCH, next: None };
        (1..levels).fold(end, |chain, _| Chain { at: Timestamp::UNIX_EPOCH, next: Some(Box::new(chain)) })
    };
    // The object that represents a timestamp is not a level.
    assert_eq!(MongoDocument::encode(&chain(100)).unwrap().decode::<Chain>().unwrap(), chain(100));
    let Err(Error::TooLarge { type_name, limit }) = MongoDocument::encode(&chain(101)) else { panic!("101 levels") };
    assert_eq!((type_name, limit.as_str()), ("Chain", "at most 100 levels of nesting"));
    assert!(matches!(MongoDocument::encode(&1_i64), Err(Error::Backend { .. })));
}

#[test]
fn errors_are_located() {
    let located = |document: Object| decoded::<Root<BTreeMap<String, Vec<Timestamp>>>>(&document).unwrap_err();
    let error = located(doc! { "value": { "a%2Eb": [stored(&Timestamp::MIN), date(0), "yesterday"] } });
    assert_eq!(error.path, "value.a%2Eb[2]");
    assert_eq!(located(doc! { "value": { "a": [doc! { "at": date(0), "ns": -1 }] } }).path, "value.a[0]");
    assert_eq!(located(doc! { "value": { "$a": [] } }).path, "value.$a");
    let uuids = decoded::<Root<Vec<Uuid>>>(&doc! { "value": [bson::Uuid::new(), 1] });
    assert_eq!(uuids.unwrap_err().path, "value[1]");
}
