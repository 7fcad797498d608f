//! BSON as a format of core's encoding.

#[cfg(test)]
mod forms;
#[cfg(test)]
mod round_trips;

use std::borrow::Cow;
use std::fmt;

use longevity_core::Timestamp;
use longevity_core::encoding::Format;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{self, Decimal128, RawBsonRef, RawDocument};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Unexpected, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};
use uuid::Uuid;

/// BSON, as MongoDB stores and sorts it.
///
/// | Rust | BSON |
/// | --- | --- |
/// | a UUID | a binary of subtype 4 |
/// | a timestamp | `{ at: <date>, ns: <int32> }`: the date floored to milliseconds, and the nanoseconds beyond it, so that it sorts by time |
/// | an integer above `i64::MAX` | a decimal, which sorts among the other numbers |
/// | `Some(x)` in `Some` | `{ _some: x }` |
/// | a key of a map | its text, with `%` and a code in place of each character that a key cannot contain |
#[derive(Debug)]
pub(crate) enum BsonFormat {}

/// The high half of a decimal with the exponent 0.
const DECIMAL_OF_INTEGER: u64 = 0x3040_0000_0000_0000;

/// The key under which the `bson` crate passes on a decimal.
const DECIMAL: &str = "$numberDecimalBytes";

/// The nanoseconds in a millisecond.
const NANOSECONDS: i128 = 1_000_000;

/// The fields of a timestamp.
pub(crate) const AT: &str = "at";
pub(crate) const BEYOND: &str = "ns";

impl Format for BsonFormat {
    const SOME: &'static str = "_some";
    const ALL_FLOATS: bool = true;
    const NATIVE_SCALARS: bool = true;

    fn serialize_uuid<S: Serializer>(uuid: Uuid, serializer: S) -> Result<S::Ok, S::Error> {
        bson::Uuid::from_bytes(uuid.into_bytes()).serialize(serializer)
    }

    fn deserialize_uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
        match RawBsonRef::deserialize(deserializer)? {
            RawBsonRef::Binary(binary) if binary.subtype == BinarySubtype::Uuid => {
                Uuid::from_slice(binary.bytes).map_err(D::Error::custom)
            }
            other => Err(unexpected(other, "a UUID")),
        }
    }

    fn serialize_timestamp<S: Serializer>(at: Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        let (milliseconds, beyond) = split(at);
        RawDocument::from_bytes(&object(milliseconds, beyond)).map_err(S::Error::custom)?.serialize(serializer)
    }

    fn deserialize_timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let value = RawBsonRef::deserialize(deserializer)?;
        let at = match value {
            RawBsonRef::Document(document) => timestamp(document),
            RawBsonRef::DateTime(date) => joined(date.timestamp_millis(), 0),
            RawBsonRef::String(text) => text.parse().ok(),
            _ => None,
        };
        at.ok_or_else(|| {
            unexpected(value, "a date, { at: a date, ns: the nanoseconds beyond it } or an RFC 3339 timestamp")
        })
    }

    fn serialize_large<S: Serializer>(value: u64, serializer: S) -> Result<S::Ok, S::Error> {
        decimal_of(value).serialize(serializer)
    }

    fn deserialize_unsigned<'de, D: Deserializer<'de>, V: Visitor<'de>>(
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        deserializer.deserialize_any(Unsigned(visitor))
    }

    fn object_key(text: &str) -> Cow<'_, str> {
        if is_own_key(text) {
            return Cow::Borrowed(text);
        }
        if text.is_empty() {
            return Cow::Borrowed("%");
        }
        let mut key = String::with_capacity(text.len() + 2);
        for (position, char) in text.char_indices() {
            match char {
                '%' => key.push_str("%25"),
                '\0' => key.push_str("%00"),
                '.' => key.push_str("%2E"),
                '$' if position == 0 => key.push_str("%24"),
                _ => key.push(char),
            }
        }
        Cow::Owned(key)
    }

    fn object_key_text(key: &str) -> Option<Cow<'_, str>> {
        if is_own_key(key) {
            return Some(Cow::Borrowed(key));
        }
        if key == "%" {
            return Some(Cow::Borrowed(""));
        }
        let text = key.replace("%00", "\0").replace("%2E", ".").replace("%24", "$").replace("%25", "%");
        (Self::object_key(&text) == key).then_some(Cow::Owned(text))
    }
}

/// The integer as a decimal.
pub(crate) fn decimal_of(value: u64) -> Decimal128 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&value.to_le_bytes());
    bytes[8..].copy_from_slice(&DECIMAL_OF_INTEGER.to_le_bytes());
    Decimal128::from_bytes(bytes)
}

/// Whether the text can be a key unchanged: MongoDB gives it no special meaning, and it is not the key of another text.
// A test byte by byte is faster for short strings than the searches of the standard library.
#[inline]
fn is_own_key(text: &str) -> bool {
    !matches!(text.as_bytes(), [] | [b'$', ..]) && !text.bytes().any(|byte| matches!(byte, b'%' | b'.' | b'\0'))
}

/// The milliseconds since the epoch, rounded down, and the remaining nanoseconds.
pub(crate) fn split(at: Timestamp) -> (i64, i32) {
    let nanoseconds = i128::from(at.unix_seconds()) * 1000 * NANOSECONDS + i128::from(at.subsec_nanoseconds());
    // Nine thousand years of milliseconds are far within the range.
    (nanoseconds.div_euclid(NANOSECONDS) as i64, nanoseconds.rem_euclid(NANOSECONDS) as i32)
}

/// The timestamp with these parts; `None` if no timestamp has them.
fn joined(milliseconds: i64, beyond: i32) -> Option<Timestamp> {
    let beyond = i32::try_from(milliseconds.rem_euclid(1000)).ok()? * 1_000_000
        + Some(beyond).filter(|beyond| (0..1_000_000).contains(beyond))?;
    Timestamp::from_unix(milliseconds.div_euclid(1000), beyond)
}

/// The bytes of `{ at: .., ns: .. }`.
// Writing field by field is slower, and a date of the `bson` crate goes through text.
pub(crate) fn object(milliseconds: i64, beyond: i32) -> [u8; 25] {
    let mut object = *b"\x19\0\0\0\x09at\0________\x10ns\0____\0";
    object[8..16].copy_from_slice(&milliseconds.to_le_bytes());
    object[20..24].copy_from_slice(&beyond.to_le_bytes());
    object
}

/// The timestamp that the object represents; `None` if the object is something else.
pub(crate) fn timestamp(document: &RawDocument) -> Option<Timestamp> {
    let bytes: &[u8; 25] = document.as_bytes().try_into().ok()?;
    let milliseconds = i64::from_le_bytes(bytes[8..16].try_into().ok()?);
    let beyond = i32::from_le_bytes(bytes[20..24].try_into().ok()?);
    (object(milliseconds, beyond) == *bytes).then(|| joined(milliseconds, beyond))?
}

#[cold]
fn unexpected<E: serde::de::Error>(value: RawBsonRef<'_>, expected: &str) -> E {
    E::invalid_value(Unexpected::Other(&format!("{:?}", value.element_type())), &expected)
}

/// A visitor for the forms in which an unsigned integer may be stored.
struct Unsigned<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Unsigned<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_i32<E: serde::de::Error>(self, value: i32) -> Result<V::Value, E> {
        self.0.visit_i32(value)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<V::Value, E> {
        self.0.visit_i64(value)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<V::Value, A::Error> {
        let is_decimal = map.next_key::<Cow<'_, str>>()?.is_some_and(|key| key == DECIMAL);
        if !is_decimal {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        }
        let (low, high) = map.next_value::<Halves>()?.0;
        if high == DECIMAL_OF_INTEGER {
            self.0.visit_u64(low)
        } else {
            Err(A::Error::invalid_value(Unexpected::Other("another decimal"), &self))
        }
    }
}

/// The halves of a decimal, the low one first.
struct Halves((u64, u64));

impl<'de> Deserialize<'de> for Halves {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sixteen;

        impl Visitor<'_> for Sixteen {
            type Value = Halves;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the sixteen bytes of a decimal")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Halves, E> {
                match bytes.as_chunks::<8>() {
                    ([low, high], []) => Ok(Halves((u64::from_le_bytes(*low), u64::from_le_bytes(*high)))),
                    _ => Err(E::invalid_length(bytes.len(), &self)),
                }
            }
        }

        deserializer.deserialize_bytes(Sixteen)
    }
}
