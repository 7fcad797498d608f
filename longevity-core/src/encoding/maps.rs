//! The decoding of structs and maps.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::decode_key::KeySeed;
use super::decoder::Seed;
use super::format::Format;
use super::layout::{MapNode, Node};
use super::locate::note;

/// Wraps the visitor of a struct, or of a map whose keys are text. The plan is that of the struct or map.
pub(super) struct MapOf<F, V> {
    visitor: V,
    plan: Option<&'static Node>,
    format: PhantomData<F>,
}

impl<F, V> MapOf<F, V> {
    #[inline]
    pub(super) fn new(visitor: V, plan: Option<&'static Node>) -> Self {
        Self { visitor, plan, format: PhantomData }
    }
}

impl<'de, F: Format, V: Visitor<'de>> Visitor<'de> for MapOf<F, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let (fields, value) = match self.plan {
            None => (None, None),
            Some(node @ Node::Struct(_)) => (Some(node), None),
            Some(Node::Map(map)) => (None, map.value.plan()),
            Some(_) => (None, None),
        };
        let value = Cell::new(value);
        self.visitor.visit_map(Entries { access, fields, value, begun: 0, format: self.format })
    }
}

struct Entries<F, A> {
    access: A,
    /// The struct whose fields the entries are.
    fields: Option<&'static Node>,
    /// The plan of the next value.
    value: Cell<Option<&'static Node>>,
    /// The number of keys that were read.
    begun: usize,
    format: PhantomData<F>,
}

impl<'de, F: Format, A: MapAccess<'de>> MapAccess<'de> for Entries<F, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.begun += 1;
        let fields = self.fields.map(|node| (node, &self.value));
        match self.access.next_key_seed(KeySeed::<F, K>::new(seed, fields)) {
            Ok(key) => Ok(key),
            Err(error) => Err(note(self.begun - 1, error)),
        }
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.access.next_value_seed(Seed::<F, V>::new(seed, self.value.get())) {
            Ok(value) => Ok(value),
            // Not a closure, because that would be compiled for each type.
            Err(error) => Err(note(self.begun.saturating_sub(1), error)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.access.size_hint()
    }
}

/// Wraps the visitor of a map whose entries are pairs.
pub(super) struct PairsOf<F, V> {
    visitor: V,
    map: &'static MapNode,
    format: PhantomData<F>,
}

impl<F, V> PairsOf<F, V> {
    #[inline]
    pub(super) fn new(visitor: V, map: &'static MapNode) -> Self {
        Self { visitor, map, format: PhantomData }
    }
}

impl<'de, F: Format, V: Visitor<'de>> Visitor<'de> for PairsOf<F, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of pairs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Pairs { access, map: self.map, begun: 0, format: self.format })
    }
}

struct Pairs<F, A> {
    access: A,
    map: &'static MapNode,
    /// The number of entries that were read.
    begun: usize,
    format: PhantomData<F>,
}

impl<'de, F: Format, A: SeqAccess<'de>> MapAccess<'de> for Pairs<F, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, _: K) -> Result<Option<K::Value>, A::Error> {
        Err(A::Error::custom("a map whose keys are not text is deserialized entry by entry, not key by key"))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, _: V) -> Result<V::Value, A::Error> {
        Err(A::Error::custom("a map whose keys are not text is deserialized entry by entry, not key by key"))
    }

    fn next_entry_seed<K: DeserializeSeed<'de>, V: DeserializeSeed<'de>>(
        &mut self,
        key: K,
        value: V,
    ) -> Result<Option<(K::Value, V::Value)>, A::Error> {
        let key = Seed::<F, K>::new(key, self.map.key.plan());
        let value = Seed::<F, V>::new(value, self.map.value.plan());
        self.begun += 1;
        self.access.next_element_seed(Pair(key, value)).map_err(|error| note(self.begun - 1, error))
    }

    fn size_hint(&self) -> Option<usize> {
        self.access.size_hint()
    }
}

/// The seeds of a key and its value, which are a list of two.
pub(super) struct Pair<K, V>(pub(super) K, pub(super) V);

impl<'de, K: DeserializeSeed<'de>, V: DeserializeSeed<'de>> DeserializeSeed<'de> for Pair<K, V> {
    type Value = (K::Value, V::Value);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, K: DeserializeSeed<'de>, V: DeserializeSeed<'de>> Visitor<'de> for Pair<K, V> {
    type Value = (K::Value, V::Value);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key and its value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Self::Value, A::Error> {
        let key = pair.next_element_seed(self.0).map_err(|error| note(0, error))?;
        let key = key.ok_or_else(|| A::Error::invalid_length(0, &"a key and its value"))?;
        let value = pair.next_element_seed(self.1).map_err(|error| note(1, error))?;
        let value = value.ok_or_else(|| A::Error::invalid_length(1, &"a key and its value"))?;
        match pair.next_element::<IgnoredAny>()? {
            None => Ok((key, value)),
            Some(_) => Err(A::Error::invalid_length(3, &"a key and its value")),
        }
    }
}
