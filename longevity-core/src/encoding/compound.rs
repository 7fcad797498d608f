//! The encoding of lists, maps and structs.

use std::cell::Cell;
use std::marker::PhantomData;

use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant, Serializer,
};
use serde::{Serialize, ser};

use super::encode_key::Key;
use super::encoder::{Place, Placed};
use super::format::Format;
use super::layout::{FieldNode, MapNode, Node};

/// The elements of a list, a set or a tuple.
pub(super) struct Elements<'a, F, C> {
    inner: C,
    /// The elements' place.
    place: Place<'a>,
    format: PhantomData<F>,
}

impl<'a, F, C> Elements<'a, F, C> {
    #[inline]
    pub(super) fn new(inner: C, place: Place<'a>) -> Self {
        Self { inner, place, format: PhantomData }
    }
}

macro_rules! elements {
    ($($compound:ident, $element:ident;)*) => {$(
        impl<F: Format, C: $compound> $compound for Elements<'_, F, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn $element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                self.inner.$element(&Placed::<F, T>::new(value, &self.place))
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

elements! {
    SerializeSeq, serialize_element;
    SerializeTuple, serialize_element;
    SerializeTupleStruct, serialize_field;
    SerializeTupleVariant, serialize_field;
}

/// The fields of a struct. The place is the struct's, so that its plan knows them.
pub(super) struct Fields<'a, F, C> {
    inner: C,
    place: Place<'a>,
    /// Where in the plan to look for the next field first.
    position: usize,
    format: PhantomData<F>,
}

impl<'a, F, C> Fields<'a, F, C> {
    #[inline]
    pub(super) fn new(inner: C, place: Place<'a>) -> Self {
        Self { inner, place, position: 0, format: PhantomData }
    }

    /// The stored name of the field, and the place of its value.
    #[cold]
    fn planned(&mut self, node: &'static Node, name: &'static str) -> (&'static str, Place<'a>) {
        let found = field_named(node, name, self.position);
        self.position += 1;
        found.map_or_else(
            || (name, self.place.with(None)),
            |field| (field.names.stored, self.place.with(field.held.plan())),
        )
    }
}

/// The field with this serde name, which is probably at this position.
pub(super) fn field_named(node: &'static Node, name: &str, position: usize) -> Option<&'static FieldNode> {
    let Node::Struct(fields) = node else { return None };
    let probable = fields.get(position).filter(|field| field.serde_name == name);
    probable.or_else(|| fields.iter().find(|field| field.serde_name == name))
}

macro_rules! fields {
    ($($compound:ident;)*) => {$(
        impl<F: Format, C: $compound> $compound for Fields<'_, F, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), C::Error> {
                match self.place.plan {
                    None => self.inner.serialize_field(name, &Placed::<F, T>::new(value, &self.place)),
                    Some(node) => {
                        let (name, place) = self.planned(node, name);
                        self.inner.serialize_field(name, &Placed::<F, T>::new(value, &place))
                    }
                }
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                let name = self.place.plan.map_or(name, |node| self.planned(node, name).0);
                self.inner.skip_field(name)
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

fields! {
    SerializeStruct;
    SerializeStructVariant;
}

/// The entries of a map, or the fields of a struct that the user serializes as a map.
pub(super) enum Entries<'a, F, S: Serializer> {
    Object { inner: S::SerializeMap, place: Place<'a>, value: Option<&'static Node>, format: PhantomData<F> },
    Pairs { inner: S::SerializeSeq, place: Place<'a>, map: &'static MapNode },
}

impl<'a, F, S: Serializer> Entries<'a, F, S> {
    /// `place` is the place of the entries.
    pub(super) fn new(serializer: S, length: Option<usize>, place: Place<'a>) -> Result<Self, S::Error> {
        if let Some(Node::Map(map)) = place.plan
            && map.pairs
        {
            return Ok(Self::Pairs { inner: serializer.serialize_seq(length)?, place, map });
        }
        let value = match place.plan {
            Some(Node::Map(map)) => map.value.plan(),
            _ => None,
        };
        Ok(Self::Object { inner: serializer.serialize_map(length)?, place, value, format: PhantomData })
    }
}

/// An entry of a map whose keys are not text.
struct Pair<'a, F, K: ?Sized, V: ?Sized>(Placed<'a, F, K>, Placed<'a, F, V>);

impl<F: Format, K: Serialize + ?Sized, V: Serialize + ?Sized> Serialize for Pair<'_, F, K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_seq(Some(2))?;
        pair.serialize_element(&self.0)?;
        pair.serialize_element(&self.1)?;
        pair.end()
    }
}

fn in_halves<E: ser::Error>() -> E {
    E::custom("a map whose keys are not text is serialized entry by entry, not key by key")
}

impl<F: Format, S: Serializer> SerializeMap for Entries<'_, F, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        match self {
            Self::Object { inner, place, value, .. } => match place.plan {
                Some(node @ Node::Struct(_)) => {
                    let field = Cell::new(None);
                    inner.serialize_key(&Key::<F, T>::new(key, Some((node, &field))))?;
                    *value = field.get();
                    Ok(())
                }
                _ => inner.serialize_key(&Key::<F, T>::new(key, None)),
            },
            Self::Pairs { .. } => Err(in_halves()),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        match self {
            Self::Object { inner, place, value: plan, .. } => {
                inner.serialize_value(&Placed::<F, T>::new(value, &place.with(*plan)))
            }
            Self::Pairs { .. } => Err(in_halves()),
        }
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), S::Error> {
        if let Self::Pairs { inner, place, map } = self {
            let place = place.deeper(1)?;
            let (key_place, value_place) = (place.with(map.key.plan()), place.with(map.value.plan()));
            let pair = Pair::<F, K, V>(Placed::new(key, &key_place), Placed::new(value, &value_place));
            return inner.serialize_element(&pair);
        }
        self.serialize_key(key)?;
        self.serialize_value(value)
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object { inner, .. } => inner.end(),
            Self::Pairs { inner, .. } => inner.end(),
        }
    }
}
