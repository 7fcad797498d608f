//! Conversions between typed values and documents, in the encoding that all stores share.

use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize, Serializer};

use crate::encoding::{self, DecodeError, EncodeError, Format, Place};
use crate::storable::Storable;
use crate::value::Value;

/// A type that a back end can encode and decode.
pub trait Encodable: Storable + Serialize + DeserializeOwned {}

impl<T: Storable + Serialize + DeserializeOwned> Encodable for T {}

/// Serializes a document through the store's serializer. Fails if the document has more than `max_depth` levels of arrays and
/// objects.
pub fn serialize<F: Format, T: Encodable, S: Serializer>(
    value: &T,
    serializer: S,
    max_depth: usize,
) -> Result<S::Ok, EncodeError<S::Error>> {
    encoding::serialize_as::<F, T, S>(T::encoding_plan(), value, serializer, max_depth)
}

/// Deserializes a document through the store's deserializer.
pub fn deserialize<'de, F: Format, T: Encodable, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    encoding::deserialize_as::<F, T, D>(T::encoding_plan(), deserializer)
}

/// The same, but an error has the path of the failure. For a document that is known to fail. [`Place::path`] names the place.
pub fn deserialize_to_locate<'de, F: Format, T: Encodable, D: Deserializer<'de>>(
    deserializer: D,
) -> (Result<T, D::Error>, Place) {
    encoding::locating(|| deserialize::<F, T, D>(deserializer))
}

/// The typed form of a property's value, as [`Storable::value_at`] returns it.
pub fn from_value<T: Storable + DeserializeOwned>(value: Value) -> Result<T, DecodeError> {
    encoding::from_value_as(T::shape, value)
}
