//! Documents as BSON. Core's encoding writes and reads them from typed values directly, without a tree of values in between.

use std::cell::Cell;
use std::fmt;

use longevity_core::backend::DecodeError;
use longevity_core::document;
use longevity_core::encoding::{self, EncodeError, PropertyReader};
use longevity_core::limits::DOCUMENT_LEVELS;
use longevity_core::{Encodable, Error, ErrorKind, Storable, Value};
use mongodb::bson::{self, RawDeserializer};
use serde::{Serialize, Serializer};

use crate::encode::format::BsonFormat;

/// The largest document that MongoDB stores, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A stored document in BSON, without longevity's own fields.
pub struct MongoDocument(Vec<u8>);

/// A document without fields.
impl Default for MongoDocument {
    fn default() -> Self {
        Self(vec![5, 0, 0, 0, 0])
    }
}

impl Clone for MongoDocument {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }

    /// Keeps the buffer, which the derived implementation would drop.
    fn clone_from(&mut self, source: &Self) {
        self.0.clone_from(&source.0);
    }
}

/// Hands a value to the driver's serializer, whose type cannot be named outside of the driver.
struct Encoded<'a, T> {
    value: &'a T,
    too_deep: &'a Cell<bool>,
}

impl<T: Encodable> Serialize for Encoded<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        document::serialize::<BsonFormat, _, _>(self.value, serializer, DOCUMENT_LEVELS).map_err(|error| match error {
            EncodeError::TooDeep { .. } => {
                self.too_deep.set(true);
                serde::ser::Error::custom("the value is nested too deeply")
            }
            EncodeError::Format(error) => error,
        })
    }
}

impl MongoDocument {
    pub(crate) fn encode<T: Encodable>(value: &T) -> Result<Self, Error> {
        let too_deep = Cell::new(false);
        // This has room for most documents, because the serializer's own vector starts empty.
        let mut bytes = Vec::with_capacity(512);
        let encoded = bson::serialize_to_buffer(&Encoded { value, too_deep: &too_deep }, &mut bytes);
        if too_deep.get() {
            return Err(encoding::too_deep(type_name::<T>()));
        }
        encoded.map_err(|error| failed(format!("cannot encode: {error}")))?;
        if bytes.len() > MAX_BYTES {
            return Err(too_large(type_name::<T>()));
        }
        Ok(Self(bytes))
    }

    pub(crate) fn decode<T: Encodable>(&self) -> Result<T, DecodeError> {
        let bson = || RawDeserializer::new(&self.0);
        bson().and_then(document::deserialize::<BsonFormat, T, _>).map_err(|error| {
            // Decode again to find the location, so that only a failure pays for the path.
            let place = bson().map(|bson| document::deserialize_to_locate::<BsonFormat, T, _>(bson).1);
            let path = place.and_then(|place| Ok(place.path(bson()?))).unwrap_or_default();
            DecodeError { path, source: error.into() }
        })
    }

    /// A property's value.
    pub(crate) fn read(&self, property: &PropertyReader) -> Result<Value, DecodeError> {
        let read = RawDeserializer::new(&self.0).and_then(|document| property.read::<BsonFormat, _>(document));
        read.map_err(|error| DecodeError { path: property.path().to_string(), source: error.into() })
    }

    /// The bytes of the fields: a document without its length and its terminator.
    pub(crate) fn fields(&self) -> &[u8] {
        self.0.get(4..self.0.len().saturating_sub(1)).unwrap_or_default()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// An empty buffer, which is not a document yet.
    pub(crate) const fn unset() -> Self {
        Self(Vec::new())
    }

    /// Replaces this document with one that has these fields.
    pub(crate) fn set(&mut self, fields: &[u8]) {
        self.0.clear();
        self.0.reserve(fields.len() + 5);
        // A document from the server has slightly more than 16 MiB at most.
        let length = i32::try_from(fields.len() + 5).unwrap_or(i32::MAX);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(fields);
        self.0.push(0);
    }
}

/// The error for a document of this type that is larger than MongoDB stores.
pub(crate) fn too_large(type_name: &'static str) -> Error {
    Error::TooLarge { type_name, limit: "a document of MongoDB has at most 16 MiB".to_owned() }
}

/// Whether a document with longevity's own fields is larger than MongoDB stores.
pub(crate) fn is_too_large(document: &bson::RawDocument) -> bool {
    document.as_bytes().len() > MAX_BYTES
}

/// The name of the Rust type without its path.
fn type_name<T: Storable>() -> &'static str {
    let name = std::any::type_name::<T>();
    name.rsplit("::").next().unwrap_or(name)
}

fn failed(reason: String) -> Error {
    Error::Backend { backend: crate::NAME, kind: ErrorKind::Permanent, source: reason.into() }
}

/// Only the length, because values do not belong in logs.
impl fmt::Debug for MongoDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MongoDocument({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_replaces_another_keeps_its_allocation() {
        let long = bson::serialize_to_vec(&bson::doc! { "text": "long enough" }).unwrap();
        let short = bson::serialize_to_vec(&bson::doc! { "x": 1 }).unwrap();
        let mut doc = MongoDocument(long);
        let room = doc.0.as_ptr();
        doc.clone_from(&MongoDocument(short.clone()));
        assert_eq!((doc.as_bytes(), doc.0.as_ptr()), (&*short, room));
        let fields = doc.fields().to_vec();
        doc.set(&fields);
        assert_eq!(doc.as_bytes(), short);
        assert_eq!(MongoDocument::default().fields(), b"");
    }
}
