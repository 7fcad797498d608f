//! JSON text through the adapter.

use longevity::backend::DecodeError;
use longevity::backend::Encodable;
use longevity::backend::document::{deserialize, deserialize_to_locate, serialize};
use longevity::backend::encoding::{EncodeError, Json};

pub(crate) fn encode_to<T: Encodable>(value: &T, max_depth: usize) -> Result<String, EncodeError<serde_json::Error>> {
    let mut text = Vec::new();
    serialize::<Json, _, _>(value, &mut serde_json::Serializer::new(&mut text), max_depth)?;
    Ok(String::from_utf8(text).unwrap())
}

pub(crate) fn encode<T: Encodable>(value: &T) -> String {
    encode_to(value, 127).unwrap()
}

pub(crate) fn decode<T: Encodable>(text: &str) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = deserialize::<Json, _, _>(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

pub(crate) fn locate<T: Encodable>(text: &str) -> Result<T, DecodeError> {
    let json = || serde_json::Deserializer::from_str(text);
    let (value, place) = deserialize_to_locate::<Json, _, _>(&mut json());
    value.map_err(|error| DecodeError { path: place.path(&mut json()), source: error.into() })
}

/// Asserts that the value has this form, and that it decodes from it.
#[track_caller]
pub(crate) fn assert_stored_as<T: Encodable>(value: &T, json: &str) {
    let text = encode(value);
    assert_eq!(text, json);
    let back: T = decode(&text).unwrap();
    let (back, value) = (back.value_at(&[]).to_value(), value.value_at(&[]).to_value());
    assert!(back.is_identical(&value), "{back:?} is not {value:?}");
}
