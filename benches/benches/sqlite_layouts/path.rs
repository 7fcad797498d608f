//! Reads one value of a JSON document by its path with serde and ignores the rest, as a scalar function in Rust would do for a
//! filter without an index.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// A visitor that passes the text at the path to `then`.
pub(crate) struct TextAt<'p, F> {
    path: &'p [String],
    then: &'p mut F,
}

/// Calls `then` with the text at `path`, if there is any.
pub(crate) fn text_at<T>(document: &str, path: &[String], mut then: impl FnMut(&str) -> T) -> Option<T> {
    let mut json = serde_json::Deserializer::from_str(document);
    TextAt { path, then: &mut then }.deserialize(&mut json).ok().flatten()
}

impl<'de, T, F: FnMut(&str) -> T> DeserializeSeed<'de> for TextAt<'_, F> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.path {
            [] => deserializer.deserialize_str(self),
            _ => deserializer.deserialize_map(self),
        }
    }
}

impl<'de, T, F: FnMut(&str) -> T> Visitor<'de> for TextAt<'_, F> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text at the end of the path")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some((self.then)(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some((step, path)) = self.path.split_first() else { return Ok(None) };
        let mut found = None;
        while let Some(matches) = map.next_key_seed(Is(step))? {
            if matches {
                found = map.next_value_seed(TextAt { path, then: &mut *self.then })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a key equals this one.
struct Is<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}
