//! The deserializer around the store's deserializer, which is the counterpart of the encoder.

use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Visitor};

use super::format::Format;
use super::layout::{MapNode, Node};
use super::maps::{MapOf, PairsOf};
use super::scalars::{FloatOf, Hex};
use super::visitors::{EnumOf, Fieldless, OptionOf, SeqOf, Wrapped};
use crate::value::{bytes, timestamp};

/// The store's deserializer at a place.
pub(super) struct Decoder<F, D> {
    inner: D,
    /// The parts, here or below, whose stored form differs from serde's.
    plan: Option<&'static Node>,
    /// Whether an option is directly around this.
    in_some: bool,
    format: PhantomData<F>,
}

impl<F, D> Decoder<F, D> {
    /// The deserializer of a value that is not in an option.
    #[inline]
    pub(super) fn new(inner: D, plan: Option<&'static Node>) -> Self {
        Self { inner, plan, in_some: false, format: PhantomData }
    }

    /// The deserializer of a value that is directly in an option.
    #[inline]
    pub(super) fn in_some(inner: D, plan: Option<&'static Node>) -> Self {
        Self { inner, plan, in_some: true, format: PhantomData }
    }

    fn pairs(&self) -> Option<&'static MapNode> {
        match self.plan {
            Some(Node::Map(map)) if map.pairs => Some(map),
            _ => None,
        }
    }
}

/// The user's seed. It receives the adapter's deserializer instead of the store's.
pub(super) struct Seed<F, T> {
    seed: T,
    plan: Option<&'static Node>,
    format: PhantomData<F>,
}

impl<F, T> Seed<F, T> {
    #[inline]
    pub(super) fn new(seed: T, plan: Option<&'static Node>) -> Self {
        Self { seed, plan, format: PhantomData }
    }
}

impl<'de, F: Format, T: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<F, T> {
    type Value = T::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T::Value, D::Error> {
        self.seed.deserialize(Decoder::<F, D>::new(deserializer, self.plan))
    }
}

/// An option's visitor as a seed, because the value of [`SOME`](Format::SOME) is an option again.
struct OptionSeed<F, V> {
    visitor: V,
    plan: Option<&'static Node>,
    format: PhantomData<F>,
}

impl<'de, F: Format, V: Visitor<'de>> DeserializeSeed<'de> for OptionSeed<F, V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        Decoder::<F, D>::new(deserializer, self.plan).deserialize_option(self.visitor)
    }
}

macro_rules! pass {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(visitor)
        }
    )*};
}

macro_rules! unsigned {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            F::deserialize_unsigned(self.inner, visitor)
        }
    )*};
}

// They may be text instead of a number. Only the document knows.
macro_rules! float {
    ($($method:ident: $float:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.deserialize_any(FloatOf::<F, $float, V>::new(visitor))
        }
    )*};
}

impl<'de, F: Format, D: Deserializer<'de>> Deserializer<'de> for Decoder<F, D> {
    type Error = D::Error;

    pass! {
        deserialize_bool
        deserialize_i8
        deserialize_i16
        deserialize_i32
        deserialize_i64
        deserialize_i128
        deserialize_u128
        deserialize_char
        deserialize_str
        deserialize_string
        deserialize_unit
        deserialize_identifier
        deserialize_ignored_any
    }

    unsigned! {
        deserialize_u8
        deserialize_u16
        deserialize_u32
        deserialize_u64
    }

    float! {
        deserialize_f32: f32
        deserialize_f64: f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.plan {
            // A type that accepts anything knows no options, and scalars are as the format has them.
            Some(Node::Struct(_) | Node::Map(_)) => self.deserialize_map(visitor),
            Some(Node::List(_) | Node::Set(_)) => self.deserialize_seq(visitor),
            _ => self.inner.deserialize_any(visitor),
        }
    }

    // UUIDs ask for bytes in a format that has a form for them.
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        if F::NATIVE_SCALARS {
            return visitor.visit_bytes(F::deserialize_uuid(self.inner)?.as_bytes());
        }
        self.inner.deserialize_str(Hex::new(visitor))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_str(Hex::new(visitor))
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        if self.in_some {
            self.inner.deserialize_map(Wrapped::<F, _>::new(OptionSeed {
                visitor,
                plan: self.plan,
                format: self.format,
            }))
        } else {
            self.inner.deserialize_option(OptionOf::<F, V>::new(visitor, self.plan))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(Fieldless(visitor))
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        if F::NATIVE_SCALARS && name == timestamp::NEWTYPE_NAME {
            return visitor.visit_i128(F::deserialize_timestamp(self.inner)?.nanoseconds());
        }
        if F::NATIVE_SCALARS && name == bytes::NEWTYPE_NAME {
            return self.deserialize_byte_buf(visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let plan = self.plan.and_then(Node::element_plan);
        self.inner.deserialize_seq(SeqOf::<F, V>::new(visitor, plan))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_tuple(length, SeqOf::<F, V>::new(visitor, None))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_tuple_struct(name, length, SeqOf::<F, V>::new(visitor, None))
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.pairs() {
            Some(map) => self.inner.deserialize_seq(PairsOf::<F, V>::new(visitor, map)),
            None => self.inner.deserialize_map(MapOf::<F, V>::new(visitor, self.plan)),
        }
    }

    // A struct is an object, never the array of its fields that some formats also accept.
    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(MapOf::<F, V>::new(visitor, self.plan))
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_enum(name, variants, EnumOf::<F, V>::new(visitor, self.plan))
    }
    #[inline]
    fn is_human_readable(&self) -> bool {
        !F::NATIVE_SCALARS
    }
}
