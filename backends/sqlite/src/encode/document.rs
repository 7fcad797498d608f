//! The document: JSON text, in the encoding that `longevity-core` defines for all back ends.

use std::fmt;

use longevity_core::backend::DecodeError;
use longevity_core::document;
use longevity_core::encoding::{self, EncodeError, Json, PropertyReader};
use longevity_core::limits::DOCUMENT_LEVELS;
use longevity_core::{Encodable, Error, ErrorKind, Storable, Value};

use crate::error::NAME;

/// A stored document: JSON text.
#[derive(Default)]
pub struct SqliteDocument(String);

impl Clone for SqliteDocument {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }

    /// Keeps the allocation, which the derived implementation would drop.
    fn clone_from(&mut self, source: &Self) {
        self.0.clone_from(&source.0);
    }
}

impl SqliteDocument {
    pub(crate) fn encode<T: Encodable>(value: &T) -> Result<Self, Error> {
        // This is longer than most documents, and shorter than a page.
        let mut text = Vec::with_capacity(256);
        let mut serializer = serde_json::Serializer::new(&mut text);
        match document::serialize::<Json, _, _>(value, &mut serializer, DOCUMENT_LEVELS) {
            Ok(()) => {}
            Err(EncodeError::TooDeep { .. }) => return Err(encoding::too_deep(type_name::<T>())),
            Err(EncodeError::Format(error)) => return Err(failed(format!("cannot encode: {error}"))),
        }
        let text = String::from_utf8(text).map_err(|error| failed(format!("cannot encode: {error}")))?;
        Ok(Self(text))
    }

    pub(crate) fn decode<T: Encodable>(&self) -> Result<T, DecodeError> {
        let json = || serde_json::Deserializer::from_str(&self.0);
        let mut deserializer = json();
        let decoded =
            document::deserialize::<Json, T, _>(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
        decoded.map_err(|error| {
            // The document is decoded again to find where it failed, so that only a failure pays for the path.
            let (_, place) = document::deserialize_to_locate::<Json, T, _>(&mut json());
            DecodeError { path: place.path(&mut json()), source: error.into() }
        })
    }

    /// A property's value in a document.
    pub(crate) fn read(text: &str, reader: &PropertyReader) -> Result<Value, serde_json::Error> {
        reader.read::<Json, _>(&mut serde_json::Deserializer::from_str(text))
    }

    /// Replaces this document by another.
    pub(crate) fn set(&mut self, text: &str) {
        self.0.clear();
        self.0.push_str(text);
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The Rust type's name without its path.
fn type_name<T: Storable>() -> &'static str {
    let name = std::any::type_name::<T>();
    name.rsplit("::").next().unwrap_or(name)
}

fn failed(reason: String) -> Error {
    Error::Backend { backend: NAME, kind: ErrorKind::Permanent, source: reason.into() }
}

/// Shows the length only, because values do not belong in logs.
impl fmt::Debug for SqliteDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteDocument({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_replaces_another_keeps_its_allocation() {
        let (long, short) = (SqliteDocument("\"long enough\"".to_owned()), SqliteDocument("\"x\"".to_owned()));
        let mut doc = long.clone();
        let room = doc.0.as_ptr();
        doc.clone_from(&short);
        assert_eq!((doc.as_str(), doc.0.as_ptr()), ("\"x\"", room));
    }
}
