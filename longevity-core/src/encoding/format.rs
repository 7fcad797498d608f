//! The forms that a store's format has of its own, and JSON, which has none beyond the usual.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::ser::Serializer;
use uuid::Uuid;

use super::scalars::Unsigned;
use super::text;
use crate::value::Timestamp;

/// The forms that a store's format has of its own, beyond those of JSON.
///
/// The adapter is generic over the format, so that a format costs nothing where it does the same as [`Json`]. Everything else
/// has one form in every format. For example, byte strings are hexadecimal text, because that sorts as the bytes do.
///
/// A format reads back what it writes. It refuses anything that it does not write, unless the store itself, in a filter or an
/// index, takes that for the same value.
pub trait Format: 'static {
    /// The key of an option's content in an option.
    const SOME: &'static str;

    /// Whether NaNs and the infinities are numbers of the format, with all their bits. An `f32` is widened so that every bit
    /// comes back, including that of a signalling NaN. Otherwise they are text.
    const ALL_FLOATS: bool;

    /// Whether UUIDs and timestamps have the forms of the functions below. Otherwise they are text, and the functions are not
    /// called.
    ///
    /// As keys of objects they are text in every format. Sixteen bytes that reach the serializer without
    /// [`Bytes`](crate::Bytes) are a UUID.
    const NATIVE_SCALARS: bool;

    /// Writes a UUID.
    fn serialize_uuid<S: Serializer>(uuid: Uuid, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a UUID.
    fn deserialize_uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error>;

    /// Writes a timestamp, as one value or as an object of one level, which does not count as a level of nesting.
    fn serialize_timestamp<S: Serializer>(at: Timestamp, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads a timestamp.
    fn deserialize_timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error>;

    /// Writes an unsigned integer above `i64::MAX`. Smaller ones go to `serialize_u8` to `serialize_u64`.
    fn serialize_large<S: Serializer>(value: u64, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads an unsigned integer of any size, whichever function wrote it, for a visitor that accepts every integer and knows
    /// how wide it may be.
    fn deserialize_unsigned<'de, D: Deserializer<'de>, V: Visitor<'de>>(
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error>;

    /// The object key for a map key with this text. Different texts have different keys; numbers and booleans stay as they are.
    /// Not called for names of fields and variants.
    fn object_key(text: &str) -> Cow<'_, str>;

    /// The text for which [`object_key`](Self::object_key) returns this key; `None` if there is none.
    fn object_key_text(key: &str) -> Option<Cow<'_, str>>;
}

/// JSON. Values that it has no number for are text, and any text is a key.
#[derive(Debug)]
pub enum Json {}

impl Format for Json {
    const SOME: &'static str = "$some";
    const ALL_FLOATS: bool = false;
    const NATIVE_SCALARS: bool = false;

    fn serialize_uuid<S: Serializer>(uuid: Uuid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&uuid)
    }

    fn deserialize_uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
        Cow::<'_, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }

    fn serialize_timestamp<S: Serializer>(at: Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&at)
    }

    fn deserialize_timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Cow::<'_, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }

    fn serialize_large<S: Serializer>(value: u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text::of_unsigned(value))
    }

    // It is a number or text, and only the document knows which.
    #[inline]
    fn deserialize_unsigned<'de, D: Deserializer<'de>, V: Visitor<'de>>(
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        deserializer.deserialize_any(Unsigned::new(visitor))
    }

    #[inline]
    fn object_key(text: &str) -> Cow<'_, str> {
        Cow::Borrowed(text)
    }

    #[inline]
    fn object_key_text(key: &str) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(key))
    }
}
