//! The encoding of longevity's own basic types in a format that has forms for them.

use std::marker::PhantomData;

use serde::Serialize;
use serde::ser::{Error, Impossible, Serializer};

use super::format::Format;
use super::text;
use crate::value::{Timestamp, bytes, timestamp};

/// Whether a newtype of this name is one of longevity's.
#[inline]
pub(super) fn is_own(newtype: &str) -> bool {
    newtype == bytes::NEWTYPE_NAME || newtype == timestamp::NEWTYPE_NAME
}

/// The serializer in such a newtype. Byte strings come as bytes (and are not UUIDs), and timestamps as nanoseconds.
// It says that it is human-readable, which the adapter does not say in such a format. This is how timestamps know that they are
// in the adapter.
pub(super) struct OwnEncoder<F, S> {
    inner: S,
    format: PhantomData<F>,
}

impl<F, S> OwnEncoder<F, S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, format: PhantomData }
    }
}

macro_rules! refused {
    ($($method:ident($($type:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$ok, S::Error> {
            refused()
        }
    )*};
}

fn refused<T, E: Error>() -> Result<T, E> {
    Err(E::custom("the newtype holds neither the bytes nor the nanoseconds that its name promises"))
}

impl<F: Format, S: Serializer> Serializer for OwnEncoder<F, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Impossible<S::Ok, S::Error>;
    type SerializeStruct = Impossible<S::Ok, S::Error>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        self.inner.serialize_str(&text::of_bytes(value))
    }

    fn serialize_i128(self, nanoseconds: i128) -> Result<S::Ok, S::Error> {
        match Timestamp::from_nanoseconds(nanoseconds) {
            Some(at) => F::serialize_timestamp(at, self.inner),
            None => refused(),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<S::Ok, S::Error> {
        refused()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<S::Ok, S::Error> {
        refused()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        refused()
    }

    refused! {
        serialize_bool(bool) -> S::Ok;
        serialize_i8(i8) -> S::Ok;
        serialize_i16(i16) -> S::Ok;
        serialize_i32(i32) -> S::Ok;
        serialize_i64(i64) -> S::Ok;
        serialize_u8(u8) -> S::Ok;
        serialize_u16(u16) -> S::Ok;
        serialize_u32(u32) -> S::Ok;
        serialize_u64(u64) -> S::Ok;
        serialize_f32(f32) -> S::Ok;
        serialize_f64(f64) -> S::Ok;
        serialize_char(char) -> S::Ok;
        serialize_str(&str) -> S::Ok;
        serialize_none() -> S::Ok;
        serialize_unit() -> S::Ok;
        serialize_unit_struct(&'static str) -> S::Ok;
        serialize_unit_variant(&'static str, u32, &'static str) -> S::Ok;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}
