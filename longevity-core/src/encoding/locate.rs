//! Finds where a document does not decode. The decoder notes the position of each part that fails, the innermost first, and a
//! walk over the document turns the positions into a path. This costs nothing until the path is needed, and needs no second
//! decoder, which would be compiled for every type.

use std::cell::RefCell;
use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

thread_local! {
    /// The positions that were noted; `None` while they are not needed.
    static NOTED: RefCell<Option<Vec<usize>>> = const { RefCell::new(None) };
}

/// Notes the position of a part that failed within the list or the object around it.
#[cold]
#[inline(never)]
pub(super) fn note<E>(position: usize, error: E) -> E {
    NOTED.with(|noted| {
        if let Ok(mut noted) = noted.try_borrow_mut()
            && let Some(positions) = &mut *noted
        {
            positions.push(position);
        }
    });
    error
}

/// A place in a document.
#[derive(Debug)]
pub struct Place {
    /// The position in the whole document, then the position in that part, and so on.
    positions: Vec<usize>,
}

/// Runs `decode`, and returns where it failed if it did.
pub(crate) fn locating<R>(decode: impl FnOnce() -> R) -> (R, Place) {
    /// Stops the notes, even if the user's code panics.
    struct StopNoting;

    impl Drop for StopNoting {
        fn drop(&mut self) {
            NOTED.set(None);
        }
    }

    NOTED.set(Some(Vec::new()));
    let done = StopNoting;
    let decoded = decode();
    let mut positions = NOTED.take().unwrap_or_default();
    drop(done);
    positions.reverse();
    (decoded, Place { positions })
}

impl Place {
    /// The path to the place, with the stored names: `a.b[3]`; empty if it is the whole document. The deserializer must be one
    /// of the document that failed.
    pub fn path<'de, D: Deserializer<'de>>(&self, deserializer: D) -> String {
        let mut path = String::new();
        // This is always an error, if the path is not empty.
        let _ = Walk { positions: &self.positions, path: &mut path }.deserialize(deserializer);
        path
    }
}

/// Walks to a place, and stops there.
struct Walk<'a> {
    positions: &'a [usize],
    path: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.positions.is_empty() { Err(D::Error::custom("there")) } else { deserializer.deserialize_any(self) }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Some((position, rest)) = self.positions.split_first() else { return Ok(()) };
        for _ in 0..*position {
            if elements.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        let _ = write!(self.path, "[{position}]");
        elements.next_element_seed(Walk { positions: rest, path: self.path }).map(drop)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((position, rest)) = self.positions.split_first() else { return Ok(()) };
        for _ in 0..*position {
            if entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        let Some(key) = entries.next_key::<String>()? else { return Ok(()) };
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(&key);
        entries.next_value_seed(Walk { positions: rest, path: self.path })
    }
}
