//! The decoding of scalars that may be text where serde expects something else.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, MapAccess, Unexpected, Visitor};

use super::floats;
use super::format::Format;
use super::text::{self, Float};

/// The key of the numbers that `serde_json` passes on once any crate of the program enables its `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";

/// The digits of such a number.
fn digits<'de, A: MapAccess<'de>>(mut map: A, expected: &dyn serde::de::Expected) -> Result<String, A::Error> {
    match map.next_key::<String>()? {
        Some(key) if key == NUMBER => map.next_value(),
        _ => Err(A::Error::invalid_type(Unexpected::Map, expected)),
    }
}

/// Wraps the visitor of an unsigned integer.
pub(super) struct Unsigned<V>(V);

impl<V> Unsigned<V> {
    pub(super) fn new(visitor: V) -> Self {
        Self(visitor)
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Unsigned<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    #[inline]
    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.0.visit_u64(value)
    }

    #[inline]
    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.0.visit_i64(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<V::Value, E> {
        match text::parse_unsigned(value) {
            Some(value) => self.0.visit_u64(value),
            None => Err(E::invalid_value(Unexpected::Str(value), &"an integer, as a number or as twenty digits")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let digits = digits(map, &self)?;
        match digits.parse() {
            Ok(value) => self.0.visit_u64(value),
            Err(_) => Err(A::Error::invalid_value(Unexpected::Other("another number"), &self)),
        }
    }
}

/// A float with the right width for a visitor.
pub(super) trait Visited: Float {
    /// The float for a stored one, which has this width or was widened.
    fn of_f64(value: f64) -> Self;

    fn visited<'de, V: Visitor<'de>, E: Error>(self, visitor: V) -> Result<V::Value, E>;
}

impl Visited for f32 {
    #[inline]
    fn of_f64(value: f64) -> Self {
        floats::narrowed(value)
    }

    #[inline]
    fn visited<'de, V: Visitor<'de>, E: Error>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_f32(self)
    }
}

impl Visited for f64 {
    #[inline]
    fn of_f64(value: f64) -> Self {
        value
    }

    #[inline]
    fn visited<'de, V: Visitor<'de>, E: Error>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_f64(self)
    }
}

/// Wraps the visitor of a float of type `T`.
pub(super) struct FloatOf<F, T, V>(V, PhantomData<(F, T)>);

impl<F, T, V> FloatOf<F, T, V> {
    pub(super) fn new(visitor: V) -> Self {
        Self(visitor, PhantomData)
    }
}

impl<'de, F: Format, T: Visited, V: Visitor<'de>> Visitor<'de> for FloatOf<F, T, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    #[inline]
    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        T::of_f64(value).visited(self.0)
    }

    // A format may write a whole float as an integer.
    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        T::of_f64(value as f64).visited(self.0)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        T::of_f64(value as f64).visited(self.0)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<V::Value, E> {
        match T::parse(value) {
            _ if F::ALL_FLOATS => Err(E::invalid_type(Unexpected::Str(value), &self)),
            Some(value) => value.visited(self.0),
            None => Err(E::invalid_value(Unexpected::Str(value), &"a number, \"inf\", \"-inf\" or \"NaN\"")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        match digits(map, &self)?.parse::<f64>() {
            Ok(value) => T::of_f64(value).visited(self.0),
            Err(_) => Err(A::Error::invalid_value(Unexpected::Other("another number"), &self)),
        }
    }
}

/// Wrappers for the visitors of values that are stored as text.
macro_rules! from_text {
    ($($(#[$doc:meta])* $name:ident: $expected:literal, |$text:ident| $parsed:expr, $visit:ident;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name<V>(V);

        impl<V> $name<V> {
            pub(super) fn new(visitor: V) -> Self {
                Self(visitor)
            }
        }

        impl<'de, V: Visitor<'de>> Visitor<'de> for $name<V> {
            type Value = V::Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($expected)
            }

            fn visit_str<E: Error>(self, $text: &str) -> Result<V::Value, E> {
                match $parsed {
                    Some(value) => self.0.$visit(value),
                    None => Err(E::invalid_value(Unexpected::Str($text), &$expected)),
                }
            }
        }
    )*};
}

from_text! {
    /// Wraps the visitor of a byte string.
    Hex: "lower-case hexadecimal digits, two per byte", |text| text::parse_bytes(text), visit_byte_buf;
    /// Wraps the visitor of a key that is a boolean.
    BoolKey: "\"true\" or \"false\"", |text| text.parse().ok(), visit_bool;
    /// Wraps the visitor of a key that is a signed integer.
    SignedKey: "an integer as text", |text| text.parse().ok(), visit_i64;
    /// Wraps the visitor of a key that is an unsigned integer.
    UnsignedKey: "an unsigned integer as text", |text| text.parse().ok(), visit_u64;
}
