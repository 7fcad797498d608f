//! Byte strings as a basic type.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A byte string. It is one value, and is compared byte by byte.
///
/// To serde, and therefore to stores, a `Vec<u8>` is a list of small integers; this type is a binary value.
///
/// ```
/// use longevity_core::Bytes;
///
/// let digest = Bytes::from(vec![0xca, 0xfe]);
/// assert_eq!(digest.len(), 2);
/// assert!(digest < Bytes::from([0xff]));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Vec<u8>);

/// The name by which a byte string reaches a serializer, so that the encoding can distinguish it from a UUID.
pub(crate) const NEWTYPE_NAME: &str = "$longevity::Bytes";

impl Bytes {
    /// The bytes, without a copy.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Bytes {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Deref for Bytes {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Bytes {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NEWTYPE_NAME, &InNewtype(&self.0))
    }
}

/// The content of the newtype.
struct InNewtype<'a>(&'a [u8]);

impl Serialize for InNewtype<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;

        impl<'de> Visitor<'de> for BytesVisitor {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a byte string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Bytes, D::Error> {
                inner.deserialize_byte_buf(self)
            }

            // Formats without a binary type, such as JSON, write a list of numbers.
            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Bytes, A::Error> {
                // The claimed length comes from outside, so it is only a hint, and for at most a page.
                let mut bytes = Vec::with_capacity(elements.size_hint().unwrap_or(0).min(4096));
                while let Some(byte) = elements.next_element()? {
                    bytes.push(byte);
                }
                Ok(Bytes(bytes))
            }
        }

        deserializer.deserialize_newtype_struct(NEWTYPE_NAME, BytesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_without_a_binary_type_writes_numbers() {
        let bytes = Bytes::from([0, 255]);
        let json = serde_json::to_string(&bytes).unwrap();
        assert_eq!(json, "[0,255]");
        assert_eq!(serde_json::from_str::<Bytes>(&json).unwrap(), bytes);
        assert!(serde_json::from_str::<Bytes>("[256]").is_err());
    }
}
