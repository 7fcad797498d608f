//! Properties that are read out of documents.

use longevity::Storable;
use longevity::backend::encoding::{Json, PropertyReader};
use longevity::backend::{Encodable, Value};
use longevity::prelude::*;
use longevity::storable::{Shape, ShapeFn};
use longevity_tests::models::basics::Optionals;

use crate::json::encode;

type Steps = Vec<&'static longevity_core::Step>;

fn read(shape: ShapeFn, steps: &Steps, text: &str) -> Value {
    let path = steps.iter().fold(longevity_core::Path::root(), |path, step| path.then(step));
    let reader = PropertyReader::new(shape, &path).unwrap_or_else(|| panic!("no reader of {path}"));
    reader
        .read::<Json, _>(&mut serde_json::Deserializer::from_str(text))
        .unwrap_or_else(|error| panic!("{error}: {path}: {text}"))
}

/// Reads every property of the value out of its document.
pub(crate) fn every_path<T: Encodable>(text: &str, value: &T) {
    check::<T>(T::shape, text, value, &mut Vec::new());
}

fn check<T: Encodable>(shape: ShapeFn, text: &str, value: &T, steps: &mut Steps) {
    let (found, expected) = (read(T::shape, steps, text), value.value_at(steps).to_value());
    let mut shape = shape();
    // For a variant with named fields, the value only shows that the variant is present.
    let unnamed = matches!(shape, Shape::Struct { name: "", .. });
    assert!(
        found.is_identical(&expected) || unnamed && !found.is_none() && !expected.is_none(),
        "{found:?} is not {expected:?}"
    );
    while let Shape::Newtype { inner, .. } | Shape::Optional(inner) = shape {
        shape = inner();
    }
    // The paths of recursive types never end.
    match shape {
        Shape::Struct { fields, .. } if steps.len() < 5 => {
            for field in fields {
                steps.push(field.step);
                check(field.shape, text, value, steps);
                steps.pop();
            }
        }
        Shape::Enum { variants, .. } if steps.len() < 5 => {
            for variant in variants {
                let unit: ShapeFn = || Shape::Struct { name: "", key_of: None, fields: Vec::new() };
                steps.push(Box::leak(Box::new(longevity_core::Step::variant(variant.serde_name))));
                check(variant.holds.unwrap_or(unit), text, value, steps);
                steps.pop();
            }
        }
        _ => {}
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Inner {
    #[component(name = "stored")]
    value: Option<Option<u64>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Newtype(Option<Inner>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
struct Outer {
    inner: Option<Newtype>,
    plain: bool,
}

fn reader(path: &[&'static str]) -> Option<PropertyReader> {
    let path = path.iter().fold(longevity_core::Path::root(), |path, name| {
        path.then(Box::leak(Box::new(longevity_core::Step::new(name))))
    });
    PropertyReader::new(Outer::shape, &path)
}

#[test]
fn a_reader_knows_its_property() {
    let leaf = |path: &[&'static str]| reader(path).unwrap().leaf().clone();
    let value = leaf(&["inner", "stored"]);
    assert!(value.optional && value.options == 2);
    assert!(matches!(value.shape, Shape::Scalar(longevity::storable::ScalarType::U64)));
    let inner = leaf(&["inner"]);
    assert!(inner.optional && inner.options == 2 && matches!(inner.shape, Shape::Struct { .. }));
    let plain = leaf(&["plain"]);
    assert!(!plain.optional && plain.options == 0);
    for path in [&["nothing"][..], &["inner", "value"], &["plain", "stored"]] {
        assert!(reader(path).is_none());
    }
}

#[test]
fn options_along_the_path_do_not_count() {
    let values = [
        None,
        Some(Newtype(None)),
        Some(Newtype(Some(Inner { value: None }))),
        Some(Newtype(Some(Inner { value: Some(None) }))),
        Some(Newtype(Some(Inner { value: Some(Some(u64::MAX)) }))),
    ];
    for inner in values {
        let outer = Outer { inner, plain: true };
        every_path(&encode(&outer), &outer);
    }
}

#[test]
fn a_missing_field_is_none() {
    let read = |path: &[&'static str], text: &str| {
        reader(path).unwrap().read::<Json, _>(&mut serde_json::Deserializer::from_str(text)).unwrap()
    };
    assert!(read(&["plain"], "{}").is_identical(&Value::NONE));
    assert!(read(&["inner", "stored"], r#"{"inner": {"$some": {}}, "more": [1]}"#).is_identical(&Value::NONE));
}

#[test]
fn readers_can_be_used_on_every_thread() {
    fn anywhere<T: Send + Sync + 'static>() {}
    anywhere::<PropertyReader>();
    assert!(PropertyReader::new(Optionals::shape, &longevity_core::Path::root()).is_some());
}
