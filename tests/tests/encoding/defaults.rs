//! Documents that lack fields, or have them under other names: reading a property agrees with decoding the document.

use std::collections::{BTreeMap, BTreeSet};

use longevity::backend::Encodable;
use longevity::backend::encoding::{self, PropertyReader};
use longevity::prelude::*;
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::json::{decode, encode};
use crate::readers::every_path;

fn seven() -> i32 {
    7
}

fn text() -> String {
    "given".into()
}

fn some() -> Option<Option<u64>> {
    Some(None)
}

fn inner() -> Option<Box<Inner>> {
    Some(Box::new(Inner { number: 3, text: "boxed".into(), maybe: Some(Some(5)) }))
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Component)]
struct Inner {
    #[serde(default)]
    number: i32,
    #[component(name = "stored")]
    #[serde(default = "text", alias = "old_text", alias = "oldest")]
    text: String,
    #[serde(default = "some")]
    maybe: Option<Option<u64>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(default)]
struct Contained {
    first: u8,
    second: Option<Inner>,
    #[serde(default = "seven")]
    third: i32,
}

impl Default for Contained {
    fn default() -> Self {
        Self { first: 9, second: Some(Inner { number: 4, ..Inner::default() }), third: 0 }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(default = "Whole::made", rename_all = "camelCase")]
struct Whole {
    the_name: String,
    #[serde(alias = "the_colour")]
    colour: Colour,
}

impl Whole {
    fn made() -> Self {
        Self { the_name: "made".into(), colour: Colour::Gray }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Component)]
enum Colour {
    #[default]
    Red,
    #[serde(alias = "Grey")]
    Gray,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum Sum {
    #[serde(alias = "Old")]
    New {
        #[serde(default = "seven", alias = "was")]
        value: i32,
        #[component(name = "kept")]
        #[serde(default)]
        inner: Inner,
    },
    #[serde(alias = "Holds")]
    Held(Inner),
    Unit,
}

impl Default for Sum {
    fn default() -> Self {
        Self::New { value: 1, inner: Inner::default() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Generic<T> {
    #[serde(default)]
    one: T,
    #[serde(default, alias = "several")]
    many: Vec<T>,
    #[serde(default = "Option::default")]
    none: Option<T>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Component)]
#[serde(default)]
struct OfContainer<T> {
    one: T,
    two: Option<T>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
enum GenericSum<T> {
    Both {
        #[serde(default)]
        one: T,
        two: Option<T>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Newtype(Option<Inner>);

impl Newtype {
    fn made() -> Self {
        Self(Some(Inner { number: 8, ..Inner::default() }))
    }
}

fn generic() -> Generic<i32> {
    Generic { one: 1, many: vec![2, 3], none: Some(4) }
}

fn contained() -> Contained {
    Contained { first: 1, second: None, third: 2 }
}

fn whole() -> Whole {
    Whole { the_name: "a".into(), colour: Colour::Red }
}

fn both() -> GenericSum<String> {
    GenericSum::Both { one: "o".into(), two: None }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Everything {
    #[serde(default, alias = "former")]
    plain: Inner,
    #[serde(default = "inner")]
    boxed: Option<Box<Inner>>,
    #[serde(default = "contained")]
    contained: Contained,
    #[serde(default)]
    by_default: Contained,
    #[serde(default = "whole")]
    whole: Whole,
    #[serde(default)]
    sums: Vec<Sum>,
    #[serde(default)]
    sum: Sum,
    #[serde(default = "generic")]
    generic: Generic<i32>,
    #[serde(default)]
    of_container: OfContainer<Inner>,
    #[serde(default = "both")]
    generic_sum: GenericSum<String>,
    #[serde(default = "Newtype::made")]
    newtype: Newtype,
    #[serde(default)]
    colours: BTreeSet<Colour>,
    #[serde(default)]
    by_colour: BTreeMap<Colour, Inner>,
    optional: Option<Inner>,
}

fn everything() -> Everything {
    let inner = Inner { number: -1, text: "t".into(), maybe: Some(Some(u64::MAX)) };
    Everything {
        plain: inner.clone(),
        boxed: Some(Box::new(inner.clone())),
        contained: Contained { first: 0, second: Some(inner.clone()), third: 0 },
        by_default: contained(),
        whole: whole(),
        sums: vec![Sum::New { value: 5, inner: inner.clone() }, Sum::Held(inner.clone()), Sum::Unit],
        sum: Sum::Held(inner.clone()),
        generic: Generic { one: 9, many: vec![9], none: None },
        of_container: OfContainer { one: inner.clone(), two: Some(inner.clone()) },
        generic_sum: GenericSum::Both { one: "x".into(), two: Some("y".into()) },
        newtype: Newtype(Some(inner.clone())),
        colours: [Colour::Gray, Colour::Red].into(),
        by_colour: [(Colour::Gray, inner.clone())].into(),
        optional: Some(inner),
    }
}

/// The name in older versions of the model.
fn former(name: &str) -> Option<&'static str> {
    Some(match name {
        "stored" => "old_text",
        "colour" => "the_colour",
        "Gray" => "Grey",
        "New" => "Old",
        "Held" => "Holds",
        "value" => "was",
        "many" => "several",
        "plain" => "former",
        _ => return None,
    })
}

/// The document as older versions wrote it: without some of its fields, and with some former names.
fn aged(json: Json, what: &mut impl Iterator<Item = u8>) -> Json {
    match json {
        Json::Object(fields) => {
            let mut aged_fields = serde_json::Map::new();
            for (name, value) in fields {
                // The entry of a `$` name is not a field.
                let kept = name.starts_with('$');
                let value = aged(value, what);
                match what.next() {
                    Some(0) if !kept => {}
                    Some(1) => drop(aged_fields.insert(former(&name).map_or(name, str::to_owned), value)),
                    _ => drop(aged_fields.insert(name, value)),
                }
            }
            Json::Object(aged_fields)
        }
        Json::Array(elements) => elements.into_iter().map(|element| aged(element, what)).collect(),
        Json::String(text) if what.next() == Some(1) => former(&text).map_or(text, str::to_owned).into(),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_agrees_with_decoding(what in prop::collection::vec(0_u8..8, 300)) {
        let json = serde_json::from_str(&encode(&everything())).unwrap();
        let text = aged(json, &mut what.into_iter()).to_string();
        // A document without the variant of an enum does not decode.
        if let Ok(value) = decode::<Everything>(&text) {
            every_path(&text, &value);
        }
    }

    #[test]
    fn reading_agrees_with_decoding_after_one_change(place in 0_usize..120, what in 0_u8..2) {
        let json = serde_json::from_str(&encode(&everything())).unwrap();
        let mut at = (0..).map(|other| if other == place { what } else { 9 });
        let text = aged(json, &mut at).to_string();
        if let Ok(value) = decode::<Everything>(&text) {
            every_path(&text, &value);
        }
    }
}

#[test]
fn an_empty_document_has_all_defaults() {
    let value: Everything = decode("{}").unwrap();
    every_path("{}", &value);
    assert_eq!((&value.boxed, value.by_default.third), (&inner(), 0));
    for text in [r#"{"contained": {}, "whole": {}}"#, r#"{"former": {"oldest": "x"}, "generic": {"several": [1]}}"#] {
        every_path(text, &decode::<Everything>(text).unwrap());
    }
    assert_eq!(
        decode::<Everything>(r#"{"contained": {}}"#).unwrap().contained,
        Contained { third: 7, ..Contained::default() }
    );
}

fn refused<T: Encodable>(text: &str, shape_of: &[&'static str]) {
    let path = shape_of.iter().fold(longevity_core::Path::root(), |path, name| {
        path.then(Box::leak(Box::new(longevity_core::Step::new(name))))
    });
    let reader = PropertyReader::new(T::shape, &path).unwrap();
    let read = reader.read::<encoding::Json, _>(&mut serde_json::Deserializer::from_str(text)).unwrap_err().to_string();
    let decoded = decode::<T>(text).unwrap_err().to_string();
    assert!(read.starts_with("duplicate field") && decoded.starts_with("duplicate field"), "{read}, {decoded}");
}

#[test]
fn a_field_under_two_of_its_names_is_refused_in_reading_and_decoding() {
    let text = r#"{"stored": "a", "old_text": "b"}"#;
    refused::<Inner>(text, &["stored"]);
    refused::<Inner>(text, &[]);
    refused::<Inner>(r#"{"old_text": "a", "oldest": "b"}"#, &["stored"]);
    refused::<Everything>(&format!(r#"{{"plain": {text}}}"#), &["plain", "stored"]);
}

/// The Rust name of a field that is stored under another name is not one of its names.
#[test]
fn a_name_that_is_not_stored_is_ignored_in_reading_and_decoding() {
    let text = r#"{"text": "a"}"#;
    let value: Inner = decode(text).unwrap();
    assert_eq!(value.text, "given");
    every_path(text, &value);
}

#[test]
fn fields_under_an_alias_are_decoded_by_their_own_names() {
    let text = r#"{"former": {"stored": "a"}, "sums": [{"Old": {"was": 1, "kept": {"stored": "b"}}}]}"#;
    let value: Everything = decode(text).unwrap();
    assert_eq!(value.plain.text, "a");
    let [Sum::New { value: 1, inner }] = &*value.sums else { panic!("{value:?}") };
    assert_eq!(inner.text, "b");
    every_path(text, &value);
}
