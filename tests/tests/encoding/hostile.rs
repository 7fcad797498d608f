//! Documents from other sources either fail to decode or decode, and never cause a panic.

use longevity::backend::Encodable;
use longevity::backend::encoding::{Json, PropertyReader};
use longevity::storable::Shape;
use longevity_tests::models::{basics, collections, components, renames};
use proptest::prelude::*;

use crate::json::{decode, locate};

/// Unexpected parts, to replace any part of a document.
const TROUBLE: [&str; 16] = [
    "null",
    "[]",
    "{}",
    "\"\"",
    "1e999",
    "-1",
    "18446744073709551615",
    "\"NaN:zz\"",
    "\"0\"",
    "{\"$some\":null}",
    "{\"$some\":1,\"$some\":2}",
    "{\"$some\":",
    "[[1,2,3]]",
    "\"é\"",
    "true",
    "\"99999999999999999999\"",
];

fn attempt<T: Encodable>(text: &str) {
    let (fast, slow) = (decode::<T>(text), locate::<T>(text));
    assert!(fast.is_err() || slow.is_ok(), "{text}");
    let read = |path: &longevity_core::Path| {
        let reader = PropertyReader::new(T::shape, path).unwrap();
        let _ = reader.read::<Json, _>(&mut serde_json::Deserializer::from_str(text));
    };
    read(&longevity_core::Path::root());
    if let Shape::Struct { fields, .. } = T::shape() {
        fields.iter().for_each(|field| read(&longevity_core::Path::root().then(field.step)));
    }
}

/// Tries the document with some of its parts replaced.
pub(crate) fn mutated<T: Encodable>(text: &str) {
    let places: Vec<_> = text.match_indices([':', ',', '[', '{']).map(|(place, _)| place + 1).collect();
    for number in 0..8 {
        let Some(place) = places.get(number * 7 % places.len().max(1)) else { return };
        let end = text[*place..].find([',', '}', ']']).map_or(text.len(), |end| place + end);
        let trouble = TROUBLE[(number * 5 + text.len()) % TROUBLE.len()];
        attempt::<T>(&format!("{}{trouble}{}", &text[..*place], &text[end..]));
        attempt::<T>(&text[..*place]);
    }
}

/// JSON of any form, with names that occur in documents.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let names = || {
        prop::sample::select(vec![
            "$some",
            "called",
            "replies",
            "text",
            "Sum",
            "of",
            "left",
            "by_number",
            "twice",
            "link",
        ])
    };
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,6}".prop_map(Into::into),
        names().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((names(), inner), 0..4)
                .prop_map(|entries| { entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_fails_or_decodes(json in json()) {
        let text = json.to_string();
        attempt::<basics::Scalars>(&text);
        attempt::<basics::Optionals>(&text);
        attempt::<collections::Maps>(&text);
        attempt::<components::Comment>(&text);
        attempt::<components::Chain>(&text);
        attempt::<components::Formula>(&text);
        attempt::<renames::Customer>(&text);
    }
}
