//! Adapters between the store's format and the user's visitors, for decoding options, lists and enums.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::decode_key::VariantSeed;
use super::decoder::{Decoder, Seed};
use super::format::Format;
use super::layout::Node;
use super::locate::note;
use super::maps::MapOf;

macro_rules! expecting {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.visitor.expecting(f)
        }
    };
}

/// Wraps the visitor of an option.
pub(super) struct OptionOf<F, V> {
    visitor: V,
    plan: Option<&'static Node>,
    format: PhantomData<F>,
}

impl<F, V> OptionOf<F, V> {
    #[inline]
    pub(super) fn new(visitor: V, plan: Option<&'static Node>) -> Self {
        Self { visitor, plan, format: PhantomData }
    }
}

impl<'de, F: Format, V: Visitor<'de>> Visitor<'de> for OptionOf<F, V> {
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
        self.visitor.visit_some(Decoder::<F, D>::in_some(inner, self.plan))
    }
}

/// Reads `{"$some": inner}`, or the format's form of it. Holds the seed of the content.
pub(super) struct Wrapped<F, S> {
    seed: S,
    format: PhantomData<F>,
}

impl<F, S> Wrapped<F, S> {
    pub(super) fn new(seed: S) -> Self {
        Self { seed, format: PhantomData }
    }
}

impl<'de, F: Format, S: DeserializeSeed<'de>> Visitor<'de> for Wrapped<F, S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an option in an option, {{\"{}\": ..}}", F::SOME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<S::Value, A::Error> {
        if map.next_key_seed(SomeKey::<F>(self.format))?.is_none() {
            return Err(A::Error::missing_field(F::SOME));
        }
        let value = map.next_value_seed(self.seed).map_err(|error| note(0, error))?;
        if map.next_key_seed(SomeKey::<F>(self.format))?.is_some() {
            return Err(A::Error::duplicate_field(F::SOME));
        }
        Ok(value)
    }
}

struct SomeKey<F>(PhantomData<F>);

impl<'de, F: Format> DeserializeSeed<'de> for SomeKey<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<F: Format> Visitor<'_> for SomeKey<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key {}", F::SOME)
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        if key == F::SOME { Ok(()) } else { Err(E::unknown_field(key, const { &[F::SOME] })) }
    }
}

/// Wraps the visitor of a struct that is declared without fields.
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

/// Wraps the visitor of a list. The plan is that of the elements.
pub(super) struct SeqOf<F, V> {
    visitor: V,
    plan: Option<&'static Node>,
    format: PhantomData<F>,
}

impl<F, V> SeqOf<F, V> {
    #[inline]
    pub(super) fn new(visitor: V, plan: Option<&'static Node>) -> Self {
        Self { visitor, plan, format: PhantomData }
    }
}

impl<'de, F: Format, V: Visitor<'de>> Visitor<'de> for SeqOf<F, V> {
    type Value = V::Value;

    expecting!();

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(Elements { access, plan: self.plan, begun: 0, format: self.format })
    }
}

struct Elements<F, A> {
    access: A,
    plan: Option<&'static Node>,
    /// The number of elements that were read.
    begun: usize,
    format: PhantomData<F>,
}

impl<'de, F: Format, A: SeqAccess<'de>> SeqAccess<'de> for Elements<F, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        self.begun += 1;
        match self.access.next_element_seed(Seed::<F, T>::new(seed, self.plan)) {
            Ok(element) => Ok(element),
            // Not a closure, because that would be compiled for each type.
            Err(error) => Err(note(self.begun - 1, error)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.access.size_hint()
    }
}

/// Wraps the visitor of an enum.
pub(super) struct EnumOf<F, V> {
    visitor: V,
    plan: Option<&'static Node>,
    format: PhantomData<F>,
}

impl<F, V> EnumOf<F, V> {
    #[inline]
    pub(super) fn new(visitor: V, plan: Option<&'static Node>) -> Self {
        Self { visitor, plan, format: PhantomData }
    }
}

impl<'de, F: Format, V: Visitor<'de>> Visitor<'de> for EnumOf<F, V> {
    type Value = V::Value;

    expecting!();

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Variants { access, plan: self.plan, format: self.format })
    }
}

struct Variants<F, A> {
    access: A,
    plan: Option<&'static Node>,
    format: PhantomData<F>,
}

impl<'de, F: Format, A: EnumAccess<'de>> EnumAccess<'de> for Variants<F, A> {
    type Error = A::Error;
    type Variant = VariantContent<F, A::Variant>;

    #[inline]
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), A::Error> {
        let plan = Cell::new(None);
        let of = self.plan.map(|node| (node, &plan));
        let (name, access) = self.access.variant_seed(VariantSeed { seed, of })?;
        Ok((name, VariantContent { access, plan: plan.get(), format: self.format }))
    }
}

/// The content of a variant.
struct VariantContent<F, A> {
    access: A,
    plan: Option<&'static Node>,
    format: PhantomData<F>,
}

impl<'de, F: Format, A: VariantAccess<'de>> VariantAccess<'de> for VariantContent<F, A> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        self.access.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        // A variant is an object with one field.
        match self.access.newtype_variant_seed(Seed::<F, T>::new(seed, self.plan)) {
            Ok(held) => Ok(held),
            Err(error) => Err(note(0, error)),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.access.tuple_variant(length, SeqOf::<F, V>::new(visitor, None)).map_err(|error| note(0, error))
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        match self.access.struct_variant(fields, MapOf::<F, V>::new(visitor, self.plan)) {
            Ok(held) => Ok(held),
            Err(error) => Err(note(0, error)),
        }
    }
}
