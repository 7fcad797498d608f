//! The decoding of object keys and variant names.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, Unexpected, Visitor};

use super::encode_key::FieldsOf;
use super::format::Format;
use super::layout::{FieldNode, Node};
use super::scalars::{BoolKey, Hex, SignedKey, UnsignedKey};

/// The user's seed of a key.
pub(super) struct KeySeed<'a, F, T> {
    seed: T,
    fields: FieldsOf<'a>,
    format: PhantomData<F>,
}

impl<'a, F, T> KeySeed<'a, F, T> {
    #[inline]
    pub(super) fn new(seed: T, fields: FieldsOf<'a>) -> Self {
        Self { seed, fields, format: PhantomData }
    }
}

impl<'de, F: Format, T: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'_, F, T> {
    type Value = T::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T::Value, D::Error> {
        self.seed.deserialize(KeyDecoder::<F, D>::new(deserializer, self.fields))
    }
}

/// The deserializer of a key, which is text in the document.
// It is human-readable in every format, as the encoder is.
pub(super) struct KeyDecoder<'a, F, D> {
    inner: D,
    fields: FieldsOf<'a>,
    format: PhantomData<F>,
}

impl<'a, F, D> KeyDecoder<'a, F, D> {
    #[inline]
    pub(super) fn new(inner: D, fields: FieldsOf<'a>) -> Self {
        Self { inner, fields, format: PhantomData }
    }
}

macro_rules! name {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            match self.fields {
                None => self.inner.$method(KeyText::<F, V>::new(visitor)),
                Some((node, plan)) => self.inner.$method(FieldName { visitor, node, plan }),
            }
        }
    )*};
}

macro_rules! text {
    ($($method:ident: $visitor:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.deserialize_str(KeyText::<F, _>::new($visitor::new(visitor)))
        }
    )*};
}

impl<'de, F: Format, D: Deserializer<'de>> Deserializer<'de> for KeyDecoder<'_, F, D> {
    type Error = D::Error;

    name! {
        deserialize_any
        deserialize_str
        deserialize_string
    }

    // The name of a field, which is a key as it is.
    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.fields {
            None => self.inner.deserialize_identifier(visitor),
            Some((node, plan)) => self.inner.deserialize_identifier(FieldName { visitor, node, plan }),
        }
    }

    text! {
        deserialize_bool: BoolKey
        deserialize_i8: SignedKey
        deserialize_i16: SignedKey
        deserialize_i32: SignedKey
        deserialize_i64: SignedKey
        deserialize_u8: UnsignedKey
        deserialize_u16: UnsignedKey
        deserialize_u32: UnsignedKey
        deserialize_u64: UnsignedKey
        deserialize_bytes: Hex
        deserialize_byte_buf: Hex
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_str(KeyText::<F, V>::new(visitor))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_str(KeyText::<F, _>::new(ChoiceKey(visitor)))
    }

    // The store's text is passed to a visitor that expects something else, which reports it.
    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 option unit unit_struct seq tuple tuple_struct map struct
    }
}

/// Wraps the visitor of the text that a key represents.
struct KeyText<F, V> {
    visitor: V,
    format: PhantomData<F>,
}

impl<F, V> KeyText<F, V> {
    #[inline]
    fn new(visitor: V) -> Self {
        Self { visitor, format: PhantomData }
    }
}

impl<'de, F: Format, V: Visitor<'de>> Visitor<'de> for KeyText<F, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    #[inline]
    fn visit_str<E: Error>(self, key: &str) -> Result<V::Value, E> {
        match F::object_key_text(key) {
            Some(text) => self.visitor.visit_str(&text),
            None => Err(E::invalid_value(Unexpected::Str(key), &"a key as this format writes it")),
        }
    }
}

/// Wraps the visitor of a key that is a choice.
struct ChoiceKey<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for ChoiceKey<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        self.0.visit_enum(name.into_deserializer())
    }
}

/// Wraps the visitor of a field's name, and turns stored names into serde's.
struct FieldName<'a, V> {
    visitor: V,
    node: &'static Node,
    plan: &'a Cell<Option<&'static Node>>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for FieldName<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        self.plan.set(None);
        let Node::Struct(fields) = self.node else { return self.visitor.visit_str(name) };
        if let Some(field) = named(fields, name) {
            self.plan.set(field.held.plan());
            return self.visitor.visit_str(field.serde_name);
        }
        if fields.iter().any(|field| field.serde_name == name) {
            // This is not a stored name: no other reader of the document would take it for the field.
            return self.visitor.visit_str(&format!("{name} (which is not the stored name)"));
        }
        self.visitor.visit_str(name)
    }
}

/// The field that a document has under this name, which is its stored name or else an alias.
fn named<'a>(fields: &'a [FieldNode], name: &str) -> Option<&'a FieldNode> {
    let stored = fields.iter().find(|field| field.names.stored == name);
    stored.or_else(|| fields.iter().find(|field| field.names.aliases.contains(&name)))
}

/// The user's seed of a variant's name, and the cell for the plan of the variant's content.
pub(super) struct VariantSeed<'a, T> {
    pub(super) seed: T,
    pub(super) of: FieldsOf<'a>,
}

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for VariantSeed<'_, T> {
    type Value = T::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T::Value, D::Error> {
        match self.of {
            None => self.seed.deserialize(deserializer),
            Some((node, plan)) => self.seed.deserialize(VariantName { inner: deserializer, node, plan }),
        }
    }
}

/// The deserializer, or the visitor, of a variant's name.
struct VariantName<'a, I> {
    inner: I,
    node: &'static Node,
    plan: &'a Cell<Option<&'static Node>>,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for VariantName<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_identifier(VariantName { inner: visitor, node: self.node, plan: self.plan })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for VariantName<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        self.plan.set(self.node.variant_plan(name));
        self.inner.visit_str(name)
    }
}
