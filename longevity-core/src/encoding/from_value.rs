//! Typed values out of [`Value`]s, by the layout of their type, for values that were read without the rest of their document.

use std::collections::VecDeque;

use serde::de::value::{Error, StrDeserializer, StringDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::layout::{self, FieldNode, Link, Node};
use crate::encoding::DecodeError;
use crate::shape::ShapeFn;
use crate::value::{Value, bytes, timestamp};

/// The value of a property, whose type has this shape, as that type.
pub(crate) fn from_value_as<T: DeserializeOwned>(shape: ShapeFn, value: Value) -> Result<T, DecodeError> {
    let place = Place { value, node: layout::root(shape).link.node() };
    T::deserialize(place).map_err(|error| DecodeError { path: String::new(), source: error.into() })
}

/// A value and the structure of its type.
struct Place {
    value: Value,
    node: Option<&'static Node>,
}

impl Place {
    fn below(value: Value, link: Option<&'static Link>) -> Self {
        Self { value, node: link.and_then(Link::node) }
    }

    fn fields(&self) -> &'static [FieldNode] {
        match self.node {
            Some(Node::Struct(fields)) => fields,
            _ => &[],
        }
    }

    fn elements<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let link = match self.node {
            Some(Node::List(link) | Node::Set(link)) => Some(link),
            _ => None,
        };
        match self.value {
            Value::List(elements) => visitor.visit_seq(Elements { elements: elements.into_iter(), link }),
            Value::Record(fields) if fields.is_empty() => {
                visitor.visit_seq(Elements { elements: Vec::new().into_iter(), link: None })
            }
            _ => Err(Error::custom("the value is not a list")),
        }
    }

    fn entries<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let nodes = self.fields();
        match self.value {
            Value::Record(fields) => {
                let entry = |(name, value): (&'static str, Value)| {
                    let node = nodes.iter().find(|node| node.names.stored == name);
                    let name = node.map_or(name, |node| node.serde_name);
                    (
                        Place { value: Value::Text(name.into()), node: None },
                        Place::below(value, node.map(|node| &node.held)),
                    )
                };
                visitor.visit_map(Entries { entries: fields.into_iter().map(entry).collect(), value: None })
            }
            Value::Map(entries) => {
                let (key, held) = match self.node {
                    Some(Node::Map(map)) => (Some(&map.key), Some(&map.value)),
                    _ => (None, None),
                };
                let entry = |(k, v): (Value, Value)| (Place::below(k, key), Place::below(v, held));
                visitor.visit_map(Entries { entries: entries.into_iter().map(entry).collect(), value: None })
            }
            _ => Err(Error::custom("the value is neither a component nor a map")),
        }
    }
}

macro_rules! any {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.deserialize_any(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Place {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::None(_) => visitor.visit_none(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Int(value) => visitor.visit_i64(value),
            Value::UInt(value) => visitor.visit_u64(value),
            Value::Float(value) => visitor.visit_f64(value),
            Value::Char(value) => visitor.visit_char(value),
            Value::Text(value) => visitor.visit_string(value.into()),
            Value::Bytes(value) => visitor.visit_byte_buf(value.into()),
            Value::Uuid(value) => visitor.visit_string(value.to_string()),
            Value::Timestamp(value) => visitor.visit_string(value.to_string()),
            Value::List(_) => self.elements(visitor),
            Value::Map(_) | Value::Record(_) => self.entries(visitor),
            Value::Variant(..) => self.deserialize_enum("", &[], visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let node = match self.node {
            Some(Node::Optional(link)) => link.node(),
            other => other,
        };
        match self.value {
            Value::None(0) => visitor.visit_none(),
            Value::None(depth) => visitor.visit_some(Self { value: Value::None(depth - 1), node }),
            value => visitor.visit_some(Self { value, node }),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Timestamp(value) if name == timestamp::NEWTYPE_NAME => visitor.visit_i128(value.nanoseconds()),
            Value::Bytes(value) if name == bytes::NEWTYPE_NAME => visitor.visit_byte_buf(value.into()),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.elements(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.elements(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.elements(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.entries(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.entries(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Value::Variant(name, held) => {
                let variants = match self.node {
                    Some(Node::Enum(variants)) => variants.as_slice(),
                    _ => &[],
                };
                let held_by = variants.iter().find(|variant| variant.names.stored == name);
                let held = Place::below(*held, held_by.and_then(|variant| variant.held.as_ref()));
                visitor.visit_enum(Variant { name, held })
            }
            Value::Text(name) => {
                let name: StringDeserializer<Error> = String::from(name).into_deserializer();
                visitor.visit_enum(name)
            }
            _ => Err(Error::custom("the value is not a variant")),
        }
    }

    any! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_identifier deserialize_ignored_any
    }
}

struct Elements {
    elements: std::vec::IntoIter<Value>,
    link: Option<&'static Link>,
}

impl<'de> SeqAccess<'de> for Elements {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let next = self.elements.next();
        next.map(|element| seed.deserialize(Place::below(element, self.link))).transpose()
    }
}

struct Entries {
    entries: VecDeque<(Place, Place)>,
    /// The value of the key that was read last.
    value: Option<Place>,
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.entries.pop_front() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.value.take().ok_or_else(|| Error::custom("a value was asked for before its key"))?;
        seed.deserialize(value)
    }
}

struct Variant {
    name: &'static str,
    held: Place,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Error;
    type Variant = Place;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Place), Error> {
        let name: StrDeserializer<'_, Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.held))
    }
}

impl<'de> VariantAccess<'de> for Place {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.elements(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.entries(visitor)
    }
}
