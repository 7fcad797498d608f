//! Rows that are derived from valid ones, as JSON text and as BSON.

use longevity::backend::Backend;
use longevity::backend::Encodable;
use longevity::backend::document::{deserialize, deserialize_to_locate, serialize};
use longevity::backend::encoding::{Json, PropertyReader};
use longevity::prelude::*;
use longevity::storable::Shape;
use longevity::testkit::proptest::strategy::{Strategy, ValueTree};
use longevity::testkit::proptest::test_runner::TestRunner;
use longevity::testkit::{Generate, Generators};
use longevity_tests::models::queries::{Bundle, Shelf, Thing};
use longevity_tests::models::{collections, components, renames};
use mongodb::bson::{self, Bson};

use crate::chance::Chance;

const TROUBLE: &[&str] = &[
    "null",
    "[]",
    "{}",
    "\"\"",
    "1e999",
    "-0.0",
    "-1",
    "18446744073709551616",
    "\"NaN:7ff8000000000001\"",
    "\"NaN:zz\"",
    "\"inf\"",
    "{\"$some\":null}",
    "{\"$some\":1,\"$some\":2}",
    "[[1,2],[1,2]]",
    "\"é\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "true",
    ",",
    ":",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\"99999999999999999999\"",
    "\"2024-02-30T00:00:00Z\"",
    "\"2024-01-01T00:00:00.000000000Z\"",
    "\"name\":1,",
];

/// Changes a document of some type and tries to use it. Returns whether it could still be decoded.
type Attempt = Box<dyn Fn(&mut Chance) -> bool>;

/// The number of valid values that changes start from.
const VALUES: usize = 24;

fn values<T: Generate>() -> Vec<T> {
    let strategy = Generators::new().of::<T>();
    let mut runner = TestRunner::deterministic();
    (0..VALUES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn readers<T: Encodable>() -> Vec<PropertyReader> {
    let mut paths = vec![longevity_core::Path::root()];
    if let Shape::Struct { fields, .. } = T::shape() {
        paths.extend(fields.iter().map(|field| longevity_core::Path::root().then(field.step)));
    }
    paths.iter().map(|path| PropertyReader::new(T::shape, path).unwrap()).collect()
}

fn json<T: Encodable + Generate>() -> Attempt {
    let encode = |value: &T| {
        let mut text = Vec::new();
        serialize::<Json, _, _>(value, &mut serde_json::Serializer::new(&mut text), 127).map(|()| text)
    };
    let (texts, readers) =
        (values::<T>().iter().map(|value| encode(value).unwrap()).collect::<Vec<_>>(), readers::<T>());
    Box::new(move |chance| {
        let mut bytes = chance.of(&texts).clone();
        chance.change(&mut bytes, TROUBLE);
        let text = String::from_utf8_lossy(&bytes);
        let json = || serde_json::Deserializer::from_str(&text);
        let decoded = deserialize::<Json, T, _>(&mut json());
        let _ = chance.of(&readers).read::<Json, _>(&mut json());
        match decoded {
            Ok(value) => {
                let _ = encode(&value).unwrap();
                true
            }
            Err(_) => {
                let (value, place) = deserialize_to_locate::<Json, T, _>(&mut json());
                let _ = (value.unwrap_err().to_string(), place.path(&mut json()));
                false
            }
        }
    })
}

fn bson<T: Encodable + Generate>(mongo: &Mongo) -> Attempt {
    let encode = |value: &T| longevity_mongo::bytes_of(&mongo.encode(value).unwrap()).to_vec();
    let (documents, readers) = (values::<T>().iter().map(encode).collect::<Vec<_>>(), readers::<T>());
    let mongo = mongo.clone();
    Box::new(move |chance| {
        let mut bytes = chance.of(&documents).clone();
        if chance.is_one_in(2) {
            chance.change(&mut bytes, &["\0", "_some", "\u{1}\u{2}\u{3}\u{4}", "\u{7f}"]);
        } else if let Ok(document) = bson::Document::from_reader(&bytes[..]) {
            // Changes a single value, so that the whole remains a valid document.
            let mut changed = Bson::Document(document);
            for _ in 0..=chance.below(2) {
                change(&mut changed, chance);
            }
            bytes = changed.as_document().and_then(|document| document.to_vec().ok()).unwrap_or_default();
        }
        let doc = longevity_mongo::document_of(bytes);
        let _ = mongo.read(&doc, chance.of(&readers));
        match mongo.decode::<T>(&doc) {
            Ok(value) => mongo.encode(&value).is_ok(),
            Err(error) => {
                let _ = error.source.to_string();
                false
            }
        }
    })
}

/// Changes a value, or a value within it.
fn change(value: &mut Bson, chance: &mut Chance) {
    match value {
        Bson::Document(document) if !document.is_empty() && !chance.is_one_in(8) => {
            let key = document.keys().nth(chance.below(document.len())).cloned().unwrap_or_default();
            match chance.below(8) {
                0 => drop(document.remove(&key)),
                1 => {
                    drop(document.insert(chance.of(&["", "_some", "a%", "$x", "é", "Nothing"]).to_string(), Bson::Null))
                }
                _ => {
                    if let Some(inner) = document.get_mut(&key) {
                        change(inner, chance);
                    }
                }
            }
        }
        Bson::Array(items) if !items.is_empty() && !chance.is_one_in(4) => {
            let position = chance.below(items.len());
            change(&mut items[position], chance);
        }
        other => *other = another(chance),
    }
}

fn another(chance: &mut Chance) -> Bson {
    match chance.below(14) {
        0 => Bson::Null,
        1 => Bson::Boolean(true),
        2 => Bson::Int32(chance.next() as i32),
        3 => Bson::Int64(chance.next() as i64),
        4 => Bson::Double(f64::from_bits(chance.next())),
        5 => Bson::String(chance.of(&["", "a", "NaN", "\0", "\u{1f980}", "00", "Nothing"]).to_string()),
        6 => Bson::Decimal128(bson::Decimal128::from_bytes([chance.next() as u8; 16])),
        7 => Bson::DateTime(bson::DateTime::from_millis(chance.next() as i64)),
        8 => bson::doc! { "at": bson::DateTime::from_millis(chance.next() as i64), "ns": chance.next() as i32 }.into(),
        9 => bson::doc! { "_some": Bson::Null }.into(),
        10 => bson::doc! {}.into(),
        11 => Bson::Array(vec![Bson::Null, Bson::Int32(1)]),
        12 => Bson::Binary(bson::Binary { subtype: 4.into(), bytes: vec![1; chance.below(20)] }),
        _ => Bson::Timestamp(bson::Timestamp { time: 1, increment: 1 }),
    }
}

#[test]
fn rows_of_any_form_are_decoded_or_refused() {
    let mongo = Mongo::new("mongodb://localhost/blog");
    let attempts = [
        json::<Shelf>(),
        json::<Thing>(),
        json::<Bundle>(),
        json::<components::Place>(),
        json::<components::Thread>(),
        json::<collections::Lists>(),
        json::<collections::Sets>(),
        json::<collections::Maps>(),
        json::<renames::Customer>(),
        bson::<Shelf>(&mongo),
        bson::<Thing>(&mongo),
        bson::<Bundle>(&mongo),
        bson::<collections::Lists>(&mongo),
        bson::<collections::Sets>(&mongo),
        bson::<collections::Maps>(&mongo),
        bson::<renames::Customer>(&mongo),
    ];
    super::run("rows", |chance| {
        let attempt = chance.below(attempts.len());
        attempts[attempt](chance)
    });
}
