//! Between the store's format and the user's visitors: options, lists and enums on the way out.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::SOME;
use super::decode_key::VariantSeed;
use super::decoder::{Decoder, Seed};
use super::layout::Node;
use super::maps::MapOf;

macro_rules! expecting {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.visitor.expecting(f)
        }
    };
}

/// Of an option's visitor.
pub(super) struct OptionOf<V> {
    pub(super) visitor: V,
    pub(super) plan: Option<&'static Node>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for OptionOf<V> {
    type Value = V::Value;

    expecting!();

    #[inline]
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Decoder { inner, plan: self.plan, in_some: true })
    }
}

/// `{"$some": inner}`, and the seed of what is inside.
pub(super) struct Wrapped<S>(pub(super) S);

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Wrapped<S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an option in an option, {{\"{SOME}\": ..}}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<S::Value, A::Error> {
        if map.next_key_seed(SomeKey)?.is_none() {
            return Err(A::Error::missing_field(SOME));
        }
        let value = map.next_value_seed(self.0)?;
        if map.next_key_seed(SomeKey)?.is_some() {
            return Err(A::Error::duplicate_field(SOME));
        }
        Ok(value)
    }
}

struct SomeKey;

impl<'de> DeserializeSeed<'de> for SomeKey {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for SomeKey {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key {SOME}")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        if key == SOME { Ok(()) } else { Err(E::unknown_field(key, &[SOME])) }
    }
}

/// Of the visitor of a struct that is declared without fields.
pub(super) struct Fieldless<V>(pub(super) V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Fieldless<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<V::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.0.visit_unit()
    }
}

/// Of a list's visitor; the plan is the elements'.
pub(super) struct SeqOf<V> {
    pub(super) visitor: V,
    pub(super) plan: Option<&'static Node>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for SeqOf<V> {
    type Value = V::Value;

    expecting!();

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(Elements { access, plan: self.plan })
    }
}

struct Elements<A> {
    access: A,
    plan: Option<&'static Node>,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        self.access.next_element_seed(Seed { seed, plan: self.plan })
    }

    fn size_hint(&self) -> Option<usize> {
        self.access.size_hint()
    }
}

/// Of an enum's visitor.
pub(super) struct EnumOf<V> {
    pub(super) visitor: V,
    pub(super) plan: Option<&'static Node>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for EnumOf<V> {
    type Value = V::Value;

    expecting!();

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Variants { access, plan: self.plan })
    }
}

struct Variants<A> {
    access: A,
    plan: Option<&'static Node>,
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Variants<A> {
    type Error = A::Error;
    type Variant = Held<A::Variant>;

    #[inline]
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), A::Error> {
        let plan = Cell::new(None);
        let of = self.plan.map(|node| (node, &plan));
        let (name, access) = self.access.variant_seed(VariantSeed { seed, of })?;
        Ok((name, Held { access, plan: plan.get() }))
    }
}

/// What a variant holds.
struct Held<A> {
    access: A,
    plan: Option<&'static Node>,
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Held<A> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        self.access.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.access.newtype_variant_seed(Seed { seed, plan: self.plan })
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.access.tuple_variant(length, SeqOf { visitor, plan: None })
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.access.struct_variant(fields, MapOf { visitor, plan: self.plan })
    }
}
