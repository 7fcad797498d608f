//! The serializer around the store's serializer. It changes the parts that the store's format cannot hold, and passes on the
//! rest.

use std::cell::Cell;
use std::fmt::Display;
use std::marker::PhantomData;

use serde::ser::{SerializeMap as _, SerializeStruct as _, Serializer};
use serde::{Serialize, ser};
use uuid::Uuid;

use super::compound::{Elements, Entries, Fields};
use super::encode_own::{OwnEncoder, is_own};
use super::floats;
use super::format::Format;
use super::layout::Node;
use super::text::{self, Float};

/// The current place in a value.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The parts, here or below, whose stored form differs from serde's.
    pub(super) plan: Option<&'static Node>,
    /// The number of levels of nesting that are left.
    levels_left: usize,
    /// Whether an option is directly around this.
    in_some: bool,
    /// Set once no level is left, because the store's errors have no variant for that.
    too_deep: &'a Cell<bool>,
}

impl<'a> Place<'a> {
    #[inline]
    pub(super) fn root(plan: Option<&'static Node>, levels_left: usize, too_deep: &'a Cell<bool>) -> Self {
        Self { plan, levels_left, in_some: false, too_deep }
    }

    /// The place one or more levels deeper in the document.
    #[inline]
    pub(super) fn deeper<E: ser::Error>(self, levels: usize) -> Result<Self, E> {
        match self.levels_left.checked_sub(levels) {
            Some(levels_left) => Ok(Self { levels_left, in_some: false, ..self }),
            None => Err(self.too_deep()),
        }
    }

    #[cold]
    fn too_deep<E: ser::Error>(self) -> E {
        self.too_deep.set(true);
        E::custom("the value is nested too deeply")
    }

    #[inline]
    pub(super) fn with(self, plan: Option<&'static Node>) -> Self {
        Self { plan, ..self }
    }

    #[inline]
    fn within_some(self) -> Self {
        Self { in_some: true, ..self }
    }
}

/// The store's serializer at a place.
// It has two words, so that it travels in registers: most values are scalars and never look at their place.
struct Encoder<'a, F, S> {
    inner: S,
    place: &'a Place<'a>,
    format: PhantomData<F>,
}

/// A value at a place. The store's serializer receives it instead of the user's value.
pub(super) struct Placed<'a, F, T: ?Sized> {
    value: &'a T,
    place: &'a Place<'a>,
    format: PhantomData<F>,
}

impl<'a, F, T: ?Sized> Placed<'a, F, T> {
    #[inline]
    pub(super) fn new(value: &'a T, place: &'a Place<'a>) -> Self {
        Self { value, place, format: PhantomData }
    }
}

impl<F: Format, T: Serialize + ?Sized> Serialize for Placed<'_, F, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Encoder::<F, S> { inner: serializer, place: self.place, format: PhantomData })
    }
}

impl<F: Format, S: Serializer> Encoder<'_, F, S> {
    /// `{"$some": inner}`, or the format's form of it.
    fn wrapped<T: Serialize + ?Sized>(self, inner: &T) -> Result<S::Ok, S::Error> {
        let place = self.place.deeper(1)?.within_some();
        let mut map = self.inner.serialize_map(Some(1))?;
        map.serialize_entry(F::SOME, &Placed::<F, T>::new(inner, &place))?;
        map.end()
    }

    #[inline]
    fn float(self, value: impl Float, wide: f64) -> Result<S::Ok, S::Error> {
        if F::ALL_FLOATS || wide.is_finite() {
            self.inner.serialize_f64(wide)
        } else {
            self.inner.serialize_str(&value.text())
        }
    }
}

macro_rules! pass {
    ($($method:ident: $type:ty;)*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.inner.$method(value)
        }
    )*};
}

impl<'a, F: Format, S: Serializer> Serializer for Encoder<'a, F, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Elements<'a, F, S::SerializeSeq>;
    type SerializeTuple = Elements<'a, F, S::SerializeTuple>;
    type SerializeTupleStruct = Elements<'a, F, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Elements<'a, F, S::SerializeTupleVariant>;
    type SerializeMap = Entries<'a, F, S>;
    type SerializeStruct = Fields<'a, F, S::SerializeStruct>;
    type SerializeStructVariant = Fields<'a, F, S::SerializeStructVariant>;

    pass! {
        serialize_bool: bool;
        serialize_i8: i8;
        serialize_i16: i16;
        serialize_i32: i32;
        serialize_i64: i64;
        serialize_i128: i128;
        serialize_u8: u8;
        serialize_u16: u16;
        serialize_u32: u32;
        serialize_u128: u128;
        serialize_char: char;
        serialize_str: &str;
    }

    #[inline]
    fn serialize_u64(self, value: u64) -> Result<S::Ok, S::Error> {
        if i64::try_from(value).is_ok() {
            self.inner.serialize_u64(value)
        } else {
            F::serialize_large(value, self.inner)
        }
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.float(value, if F::ALL_FLOATS { floats::widened(value) } else { value.into() })
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.float(value, value)
    }

    // Longevity's byte strings come in a newtype.
    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        if F::NATIVE_SCALARS
            && let Ok(uuid) = Uuid::from_slice(value)
        {
            return F::serialize_uuid(uuid, self.inner);
        }
        self.inner.serialize_str(&text::of_bytes(value))
    }

    #[inline]
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        if self.place.in_some { self.wrapped(&()) } else { self.inner.serialize_none() }
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        if self.place.in_some {
            self.wrapped(value)
        } else {
            value.serialize(Encoder::<F, S> {
                inner: self.inner,
                place: &self.place.within_some(),
                format: PhantomData,
            })
        }
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    // `null` is `None`, so a struct without fields is an object, however it is declared in Rust.
    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.place.deeper(1)?;
        self.inner.serialize_struct(name, 0)?.end()
    }

    #[inline]
    fn serialize_unit_variant(self, name: &'static str, index: u32, variant: &'static str) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    // A newtype leaves no trace, so an option in a newtype is directly in the option around the newtype.
    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        if F::NATIVE_SCALARS && is_own(name) {
            return value.serialize(OwnEncoder::<F, S>::new(self.inner));
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let plan = self.place.plan.and_then(|node| node.variant_plan(variant));
        let place = self.place.deeper(1)?.with(plan);
        self.inner.serialize_newtype_variant(name, index, variant, &Placed::<F, T>::new(value, &place))
    }

    #[inline]
    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        let place = self.place.deeper(1)?;
        let place = place.with(place.plan.and_then(Node::element_plan));
        Ok(Elements::new(self.inner.serialize_seq(length)?, place))
    }

    fn serialize_tuple(self, length: usize) -> Result<Self::SerializeTuple, S::Error> {
        let place = self.place.deeper(1)?.with(None);
        Ok(Elements::new(self.inner.serialize_tuple(length)?, place))
    }

    fn serialize_tuple_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        let place = self.place.deeper(1)?.with(None);
        Ok(Elements::new(self.inner.serialize_tuple_struct(name, length)?, place))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let place = self.place.deeper(2)?.with(None);
        Ok(Elements::new(self.inner.serialize_tuple_variant(name, index, variant, length)?, place))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        Entries::new(self.inner, length, self.place.deeper(1)?)
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Self::SerializeStruct, S::Error> {
        let place = self.place.deeper(1)?;
        Ok(Fields::new(self.inner.serialize_struct(name, length)?, place))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let plan = self.place.plan.and_then(|node| node.variant_plan(variant));
        let place = self.place.deeper(2)?.with(plan);
        let inner = self.inner.serialize_struct_variant(name, index, variant, length)?;
        Ok(Fields::new(inner, place))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }
    // This decides the form of UUIDs only: other basic types do not ask.
    #[inline]
    fn is_human_readable(&self) -> bool {
        !F::NATIVE_SCALARS
    }
}
