//! Whether decoding is what serde's derive makes of a type: one that is written by hand may have rules, and a change of the
//! stored form that does not go through it might break them.

use std::any::type_name;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Whether each struct on the way to a property of `T` is decoded by serde's derive alone. The path is of the fields' serde
/// names; the property itself is not looked at.
///
/// The types are asked: each is given what is no document, and shows by which visitor it wants to read one. What shows
/// anything but a visitor of the derive, for the type itself, counts as written by hand.
pub fn is_decoded_by_derive<T: DeserializeOwned>(path: &[&'static str]) -> bool {
    let mut by_derive = false;
    let probe = Probe { of: type_name::<T>(), path, by_derive: &mut by_derive };
    // An error, always.
    let _ = T::deserialize(probe);
    by_derive
}

/// No document at all.
struct Probe<'a> {
    /// The type that reads it.
    of: &'static str,
    path: &'a [&'static str],
    by_derive: &'a mut bool,
}

/// It was seen what there is to see.
#[derive(Debug)]
struct Seen;

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no document")
    }
}

impl std::error::Error for Seen {}

impl Error for Seen {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Seen;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Seen> {
        // As the derive names it, within an implementation in a block of its own.
        let name = type_name::<V>();
        let is_of_derive = name.contains("::_::<impl ") && name.contains(">::deserialize::__Visitor");
        if !is_of_derive || type_name::<V::Value>() != self.of {
            return Err(Seen);
        }
        match self.path {
            [] => Err(Seen),
            [_] => {
                *self.by_derive = true;
                Err(Seen)
            }
            [field, rest @ ..] => visitor.visit_map(OneField { field, rest, by_derive: self.by_derive }),
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Seen> {
        Err(Seen)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A field, with no document in it.
struct OneField<'a> {
    field: &'static str,
    rest: &'a [&'static str],
    by_derive: &'a mut bool,
}

impl<'de> MapAccess<'de> for OneField<'_> {
    type Error = Seen;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Seen> {
        seed.deserialize(serde::de::value::StrDeserializer::new(self.field)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Seen> {
        seed.deserialize(Probe { of: type_name::<S::Value>(), path: self.rest, by_derive: self.by_derive })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::IgnoredAny;

    use super::*;

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only decoded, or not even that")]
    struct Outer {
        #[serde(rename = "in")]
        inner: Inner,
        boxed: Box<Inner>,
        maybe: Option<Inner>,
        ruled: Ruled,
        copied: Copied,
        number: i64,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only decoded, or not even that")]
    struct Inner {
        number: i64,
        ruled: Ruled,
    }

    /// By a visitor of its own.
    struct Ruled;

    impl<'de> Deserialize<'de> for Ruled {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct __Visitor;
            impl<'de> Visitor<'de> for __Visitor {
                type Value = Ruled;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a ruled one")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ruled, A::Error> {
                    map.next_key::<String>()?;
                    map.next_value::<IgnoredAny>()?;
                    Ok(Ruled)
                }
            }
            deserializer.deserialize_struct("Ruled", &["number"], __Visitor)
        }
    }

    /// By another type's derive.
    struct Copied;

    impl<'de> Deserialize<'de> for Copied {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            #[derive(Deserialize)]
            #[serde(rename = "Copied")]
            #[expect(dead_code, reason = "a rule would look at it")]
            struct Unchecked {
                number: i64,
            }
            Unchecked::deserialize(deserializer).map(|_| Self)
        }
    }

    #[test]
    fn what_is_derived_is_told_from_what_is_written_by_hand() {
        let by_derive = is_decoded_by_derive::<Outer>;
        assert!(by_derive(&["number"]));
        assert!(by_derive(&["in"]) && by_derive(&["ruled"]), "the property itself is its own affair");
        assert!(by_derive(&["in", "number"]));
        assert!(by_derive(&["in", "ruled"]));
        assert!(!by_derive(&["in", "ruled", "number"]));
        assert!(!by_derive(&["ruled", "number"]));
        assert!(!by_derive(&["copied", "number"]));
        assert!(!is_decoded_by_derive::<Ruled>(&["number"]));
        assert!(!is_decoded_by_derive::<Copied>(&["number"]));
        // What is not looked into is not known.
        assert!(!by_derive(&["boxed", "number"]) && !by_derive(&["maybe", "number"]));
        assert!(!by_derive(&["unknown", "number"]) && !by_derive(&[]));
        assert!(!is_decoded_by_derive::<i64>(&["number"]));
    }
}
