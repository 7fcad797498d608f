//! The deserializer around the store's: the encoder's counterpart.

use serde::de::{DeserializeSeed, Deserializer, Visitor};

use super::layout::{MapNode, Node};
use super::maps::{MapOf, PairsOf};
use super::scalars::{FloatOf, Hex, Unsigned};
use super::visitors::{EnumOf, Fieldless, OptionOf, SeqOf, Wrapped};

/// The store's deserializer at a place.
pub(super) struct Decoder<D> {
    pub(super) inner: D,
    /// What is stored otherwise than serde has it, here or below.
    pub(super) plan: Option<&'static Node>,
    /// Whether an option is directly around this.
    pub(super) in_some: bool,
}

impl<D> Decoder<D> {
    /// The deserializer of a value that stands in no option.
    #[inline]
    pub(super) fn new(inner: D, plan: Option<&'static Node>) -> Self {
        Self { inner, plan, in_some: false }
    }

    fn pairs(&self) -> Option<&'static MapNode> {
        match self.plan {
            Some(Node::Map(map)) if map.pairs => Some(map),
            _ => None,
        }
    }
}

/// The user's seed, given the adapter's deserializer in the store's stead.
pub(super) struct Seed<T> {
    pub(super) seed: T,
    pub(super) plan: Option<&'static Node>,
}

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<T> {
    type Value = T::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T::Value, D::Error> {
        self.seed.deserialize(Decoder::new(deserializer, self.plan))
    }
}

/// An option's visitor as a seed: what stands behind [`SOME`](super::SOME) is an option again.
struct OptionSeed<V> {
    visitor: V,
    plan: Option<&'static Node>,
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for OptionSeed<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        Decoder::new(deserializer, self.plan).deserialize_option(self.visitor)
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

// Their values may be text in the place of a number, and which it is only the format knows.
macro_rules! any {
    ($($method:ident: $visitor:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.deserialize_any($visitor::new(visitor))
        }
    )*};
}

type F32<V> = FloatOf<f32, V>;
type F64<V> = FloatOf<f64, V>;

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Decoder<D> {
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

    any! {
        deserialize_u8: Unsigned
        deserialize_u16: Unsigned
        deserialize_u32: Unsigned
        deserialize_u64: Unsigned
        deserialize_f32: F32
        deserialize_f64: F64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.plan {
            // Whoever asks for anything knows no options, and scalars are what the format says.
            Some(Node::Struct(_) | Node::Map(_)) => self.deserialize_map(visitor),
            Some(Node::List(_) | Node::Set(_)) => self.deserialize_seq(visitor),
            _ => self.inner.deserialize_any(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_str(Hex::new(visitor))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_str(Hex::new(visitor))
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        if self.in_some {
            self.inner.deserialize_map(Wrapped(OptionSeed { visitor, plan: self.plan }))
        } else {
            self.inner.deserialize_option(OptionOf { visitor, plan: self.plan })
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(Fieldless(visitor))
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let plan = self.plan.and_then(Node::element_plan);
        self.inner.deserialize_seq(SeqOf { visitor, plan })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_tuple(length, SeqOf { visitor, plan: None })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_tuple_struct(name, length, SeqOf { visitor, plan: None })
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.pairs() {
            Some(map) => self.inner.deserialize_seq(PairsOf { visitor, map }),
            None => self.inner.deserialize_map(MapOf { visitor, plan: self.plan }),
        }
    }

    // A struct is an object, never the array of its fields that some formats take too.
    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(MapOf { visitor, plan: self.plan })
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_enum(name, variants, EnumOf { visitor, plan: self.plan })
    }
}
