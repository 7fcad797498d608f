//! The encoding of object keys. Every key is text, whatever the format does with other keys.

use std::cell::Cell;
use std::fmt::Display;
use std::marker::PhantomData;

use serde::Serialize;
use serde::ser::{Error, Impossible, Serializer};

use super::compound::field_named;
use super::format::Format;
use super::layout::Node;
use super::text;

/// The struct whose fields the keys name, if any, and a cell for the plan of the field's content.
pub(super) type FieldsOf<'a> = Option<(&'static Node, &'a Cell<Option<&'static Node>>)>;

/// A key.
pub(super) struct Key<'a, F, T: ?Sized> {
    value: &'a T,
    fields: FieldsOf<'a>,
    format: PhantomData<F>,
}

impl<'a, F, T: ?Sized> Key<'a, F, T> {
    #[inline]
    pub(super) fn new(value: &'a T, fields: FieldsOf<'a>) -> Self {
        Self { value, fields, format: PhantomData }
    }
}

impl<F: Format, T: Serialize + ?Sized> Serialize for Key<'_, F, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(KeyEncoder::<F, S> { inner: serializer, fields: self.fields, format: PhantomData })
    }
}

// It is human-readable in every format, because keys are text.
struct KeyEncoder<'a, F, S> {
    inner: S,
    fields: FieldsOf<'a>,
    format: PhantomData<F>,
}

impl<F: Format, S: Serializer> KeyEncoder<'_, F, S> {
    #[inline]
    fn text(self, text: &str) -> Result<S::Ok, S::Error> {
        self.inner.serialize_str(&F::object_key(text))
    }

    fn refused<T>(self) -> Result<T, S::Error> {
        Err(S::Error::custom("a key is not text in a map whose keys are text"))
    }
}

macro_rules! displayed {
    ($($method:ident: $type:ty;)*) => {$(
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.inner.collect_str(&value)
        }
    )*};
}

macro_rules! refused {
    ($($method:ident($($type:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$ok, S::Error> {
            self.refused()
        }
    )*};
}

impl<F: Format, S: Serializer> Serializer for KeyEncoder<'_, F, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Impossible<S::Ok, S::Error>;
    type SerializeStruct = Impossible<S::Ok, S::Error>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    displayed! {
        serialize_bool: bool;
        serialize_i8: i8;
        serialize_i16: i16;
        serialize_i32: i32;
        serialize_i64: i64;
        serialize_u8: u8;
        serialize_u16: u16;
        serialize_u32: u32;
        serialize_u64: u64;
    }

    fn serialize_char(self, value: char) -> Result<S::Ok, S::Error> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<S::Ok, S::Error> {
        let Some((node, plan)) = self.fields else { return self.text(value) };
        let field = field_named(node, value, 0);
        plan.set(field.and_then(|field| field.held.plan()));
        self.inner.serialize_str(field.map_or(value, |field| field.names.stored))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        self.text(&text::of_bytes(value))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<S::Ok, S::Error> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.text(&value.to_string())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<S::Ok, S::Error> {
        self.refused()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        self.refused()
    }

    refused! {
        serialize_f32(f32) -> S::Ok;
        serialize_f64(f64) -> S::Ok;
        serialize_none() -> S::Ok;
        serialize_unit() -> S::Ok;
        serialize_unit_struct(&'static str) -> S::Ok;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}
