//! What a store's format has forms of its own for, and JSON, which has none beyond the usual.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::ser::Serializer;
use uuid::Uuid;

use super::scalars::Unsigned;
use super::text;
use crate::value::Timestamp;

/// What a store's format has forms of its own for, beyond what JSON has.
///
/// The adapter is generic over it, so that a format costs nothing where it does as [`Json`] does. What is not asked for here
/// has one form in every format: byte strings are hexadecimal text, for one, because that sorts as the bytes do.
///
/// A format reads back what it writes, and refuses what it does not write, unless a reader of the store, a filter or an
/// index, takes that for the same value.
pub trait Format: 'static {
    /// The key of what is in an option in an option.
    const SOME: &'static str;

    /// Whether NaNs and the infinities are numbers of the format, with all their bits; an `f32` is widened so that every
    /// bit comes back, that of a signalling NaN too. Otherwise they are text.
    const ALL_FLOATS: bool;

    /// Whether UUIDs and timestamps have the forms of the functions below. Otherwise they are text, and the functions are
    /// not called.
    ///
    /// They are text as keys of objects in every format. Sixteen bytes that reach the serializer otherwise than through
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

    /// Writes an unsigned integer above `i64::MAX`. The others go to `serialize_u8` to `serialize_u64`.
    fn serialize_large<S: Serializer>(value: u64, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads an unsigned integer of any size, as whichever of the functions wrote it, for a visitor that takes every
    /// integer and knows how wide it may be.
    fn deserialize_unsigned<'de, D: Deserializer<'de>, V: Visitor<'de>>(
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error>;

    /// The key of an object that stands for a key of a map, whose text this is. Different texts have different keys;
    /// numbers and booleans stay as they are. Names of fields and variants are not asked for.
    fn object_key(text: &str) -> Cow<'_, str>;

    /// The text that [`object_key`](Self::object_key) made this key of; `None` if it never makes it.
    fn object_key_text(key: &str) -> Option<Cow<'_, str>>;
}

/// JSON: what it has no number for is text, and any text is a key.
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

    // A number or text, and which it is only the document knows.
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
