//! Values out of documents, by the layout of their type.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use uuid::Uuid;

use super::decode_key::KeyDecoder;
use super::decoder::Decoder;
use super::format::Format;
use super::layout::{FieldNode, Link, MapNode, Node, VariantNode};
use super::maps::Pair;
use super::reader::{Layers, inside_options};
use crate::shape::ScalarType;
use crate::value::{Bytes, Timestamp, Value};

/// Reads the value of a type, without the options around it.
pub(super) struct ValueSeed<F>(&'static Node, PhantomData<F>);

impl<F> ValueSeed<F> {
    pub(super) fn new(node: &'static Node) -> Self {
        Self(node, PhantomData)
    }
}

impl<'de, F: Format> DeserializeSeed<'de> for ValueSeed<F> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Node::Scalar(scalar) => scalar_of(*scalar, Decoder::<F, D>::new(deserializer, None)),
            Node::Choice(aliases) => String::deserialize(deserializer).map(|name| choice(aliases, name)),
            Node::Optional(_) => OptionalSeed::<F>(self.0, PhantomData).deserialize(deserializer),
            Node::List(element) => deserializer.deserialize_seq(ListOf::<F>(element, PhantomData)),
            Node::Set(element) => match deserializer.deserialize_seq(ListOf::<F>(element, PhantomData))? {
                Value::List(mut elements) => {
                    elements.sort();
                    elements.dedup();
                    Ok(Value::List(elements))
                }
                other => Ok(other),
            },
            Node::Map(map) if map.pairs => deserializer.deserialize_seq(PairsOf::<F>(map, PhantomData)),
            Node::Map(map) => deserializer.deserialize_map(EntriesOf::<F>(map, PhantomData)),
            Node::Struct(fields) => deserializer.deserialize_any(RecordOf::<F>(fields, PhantomData)),
            Node::Enum(variants) => deserializer.deserialize_enum("", &[], VariantOf::<F>(variants, PhantomData)),
        }
    }
}

/// The value of the choice with this name.
fn choice(aliases: &[(&str, &str)], name: String) -> Value {
    let stored = aliases.iter().find(|(alias, _)| *alias == name).map(|(_, stored)| Box::from(*stored));
    Value::Text(stored.unwrap_or_else(|| name.into()))
}

/// Reads a scalar in the same manner as its Rust type is read.
fn scalar_of<'de, D: Deserializer<'de>>(scalar: ScalarType, deserializer: D) -> Result<Value, D::Error> {
    Ok(match scalar {
        ScalarType::Bool => Value::Bool(bool::deserialize(deserializer)?),
        ScalarType::I8 => Value::Int(i8::deserialize(deserializer)?.into()),
        ScalarType::I16 => Value::Int(i16::deserialize(deserializer)?.into()),
        ScalarType::I32 => Value::Int(i32::deserialize(deserializer)?.into()),
        ScalarType::I64 | ScalarType::Isize => Value::Int(i64::deserialize(deserializer)?),
        ScalarType::U8 => Value::Int(u8::deserialize(deserializer)?.into()),
        ScalarType::U16 => Value::Int(u16::deserialize(deserializer)?.into()),
        ScalarType::U32 => Value::Int(u32::deserialize(deserializer)?.into()),
        ScalarType::U64 | ScalarType::Usize => Value::UInt(u64::deserialize(deserializer)?),
        ScalarType::F32 => Value::Float(f32::deserialize(deserializer)?.into()),
        ScalarType::F64 => Value::Float(f64::deserialize(deserializer)?),
        ScalarType::Char => Value::Char(char::deserialize(deserializer)?),
        ScalarType::String => Value::Text(String::deserialize(deserializer)?.into()),
        ScalarType::Bytes => Value::Bytes(Bytes::deserialize(deserializer)?.into_vec().into()),
        ScalarType::Uuid => Value::Uuid(Uuid::deserialize(deserializer)?),
        ScalarType::Timestamp => Value::Timestamp(Timestamp::deserialize(deserializer)?),
    })
}

/// Reads the value of a type with the options around it.
struct OptionalSeed<F>(&'static Node, PhantomData<F>);

impl<'de, F: Format> DeserializeSeed<'de> for OptionalSeed<F> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Some((options, node)) = inside_options(self.0) else { return Err(unknown()) };
        Layers::<F, _>::new(options, true, ValueSeed::<F>::new(node)).deserialize(deserializer)
    }
}

fn held<F, E: Error>(link: &Link) -> Result<OptionalSeed<F>, E> {
    link.node().map(|node| OptionalSeed(node, PhantomData)).ok_or_else(unknown)
}

fn unknown<E: Error>() -> E {
    E::custom("the layout of the type is not complete")
}

struct ListOf<F>(&'static Link, PhantomData<F>);

impl<'de, F: Format> Visitor<'de> for ListOf<F> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(held::<F, _>(self.0)?)? {
            elements.push(element);
        }
        Ok(Value::List(elements))
    }
}

struct PairsOf<F>(&'static MapNode, PhantomData<F>);

impl<'de, F: Format> Visitor<'de> for PairsOf<F> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of pairs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) =
            access.next_element_seed(Pair(held::<F, _>(&self.0.key)?, held::<F, _>(&self.0.value)?))?
        {
            entries.push(entry);
        }
        entries.sort();
        Ok(Value::Map(entries))
    }
}

struct EntriesOf<F>(&'static MapNode, PhantomData<F>);

impl<'de, F: Format> Visitor<'de> for EntriesOf<F> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let key = self.0.key.node().ok_or_else(unknown)?;
        let mut entries = Vec::new();
        while let Some(key) = access.next_key_seed(KeyOf::<F>(key, PhantomData))? {
            entries.push((key, access.next_value_seed(held::<F, _>(&self.0.value)?)?));
        }
        entries.sort();
        Ok(Value::Map(entries))
    }
}

/// Reads a key, which is text in the document.
struct KeyOf<F>(&'static Node, PhantomData<F>);

impl<'de, F: Format> DeserializeSeed<'de> for KeyOf<F> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let key = KeyDecoder::<F, D>::new(deserializer, None);
        match self.0 {
            Node::Scalar(scalar) => scalar_of(*scalar, key),
            Node::Choice(aliases) => String::deserialize(key).map(|name| choice(aliases, name)),
            _ => String::deserialize(key).map(|name| Value::Text(name.into())),
        }
    }
}

struct RecordOf<F>(&'static [FieldNode], PhantomData<F>);

impl<'de, F: Format> Visitor<'de> for RecordOf<F> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = vec![None; self.0.len()];
        while let Some(position) = access.next_key_seed(Position(self.0))? {
            match position.and_then(|position| Some((self.0.get(position)?, values.get_mut(position)?))) {
                Some((field, Some(_))) => return Err(A::Error::duplicate_field(field.names.stored)),
                Some((field, value)) => *value = Some(access.next_value_seed(held::<F, _>(&field.held)?)?),
                None => drop(access.next_value::<IgnoredAny>()?),
            }
        }
        let fields = self.0.iter().zip(values).map(|(field, value)| {
            let absent = || field.absent.map_or(Value::NONE, |absent| absent());
            (field.names.stored, value.unwrap_or_else(absent))
        });
        Ok(Value::Record(fields.collect()))
    }

    // A tuple struct without fields.
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        match access.next_element::<IgnoredAny>()? {
            None if self.0.is_empty() => Ok(Value::Record(Vec::new())),
            _ => Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self)),
        }
    }
}

/// Reads the position of the field that a key names.
struct Position(&'static [FieldNode]);

impl<'de> DeserializeSeed<'de> for Position {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Position {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|field| field.names.has(name)))
    }
}

struct VariantOf<F>(&'static [VariantNode], PhantomData<F>);

impl<'de, F: Format> Visitor<'de> for VariantOf<F> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a variant")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        let (name, access) = access.variant::<String>()?;
        let known = self.0.iter().find(|variant| variant.names.has(&name));
        let variant = known.ok_or_else(|| A::Error::custom(format_args!("unknown variant {name:?}")))?;
        let value = match &variant.held {
            None => access.unit_variant().map(|()| Value::Record(Vec::new())),
            Some(link) => access.newtype_variant_seed(held::<F, _>(link)?),
        };
        Ok(Value::Variant(variant.names.stored, Box::new(value?)))
    }
}
