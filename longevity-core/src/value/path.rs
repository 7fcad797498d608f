//! Paths to properties: the stored names of the fields from a persistent type down to a value.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::limits::DOCUMENT_LEVELS;
use crate::value::{Value, ValueRef};

/// One step of a [`Path`]: a field or a variant of a poly component, by its stored name.
///
/// Steps are compared by the hash of the name, which is computed at compile time. The derive refuses two fields of one struct
/// whose names have the same hash. A field name is the same step in every struct: this is how a poly type's property finds its
/// field in each variant.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// The stored name.
    pub name: &'static str,
    /// [`hash_name`] of the name; for a variant, its complement.
    pub hash: u64,
    /// Whether the step leads into a variant of a poly component. The content of a variant behaves like that of an option: it
    /// is absent in a value of another variant.
    pub is_variant: bool,
}

impl Step {
    /// The step to the field with this stored name.
    pub const fn new(name: &'static str) -> Self {
        Self { name, hash: hash_name(name), is_variant: false }
    }

    /// The step into the variant with this stored name.
    pub const fn variant(name: &'static str) -> Self {
        Self { name, hash: !hash_name(name), is_variant: true }
    }
}

// Uses the hash that is already there.
impl std::hash::Hash for Step {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// The 64-bit FNV-1a hash of a field's name
/// (<https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>).
pub const fn hash_name(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut position = 0;
    while position < bytes.len() {
        hash = (hash ^ bytes[position] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        position += 1;
    }
    hash
}

/// The path from a persistent type to one of its values, such as `profile.tagline`. Options, boxes and newtypes on the path
/// take no step.
///
/// A path may lead through the entry of a map, as in `scores["math"]`. The entry behaves like an option: its value is absent in
/// a map without such an entry. Only filters and orders have such paths; columns of tables do not.
///
/// A path may [lead into](Self::into_options) options at its end. The value is absent if any of these options is `None`. Only
/// orders, projections and aggregates have such paths; a filter expresses the same by its operands.
#[derive(Default, PartialEq, Eq)]
pub struct Path {
    steps: SmallVec<[&'static Step; 4]>,
    entry: Option<Arc<Entry>>,
    options: u8,
}

/// The entry of a map on the path, and the rest of the path from the entry's value.
#[derive(PartialEq, Eq)]
struct Entry {
    key: Value,
    rest: Path,
}

// The steps are copied as one block. A derived impl would copy them one by one, and a query has many paths.
impl Clone for Path {
    #[inline]
    fn clone(&self) -> Self {
        Self { steps: SmallVec::from_slice(&self.steps), entry: self.entry.clone(), options: self.options }
    }
}

impl Path {
    /// The path of no steps: the persistent itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// This path and one more step. A path that is [deeper](Self::levels) than any document leads nowhere and does not grow
    /// further: everything that uses it is refused.
    #[must_use]
    pub fn then(&self, step: &'static Step) -> Self {
        let mut path = self.into_options(0);
        if path.levels() > DOCUMENT_LEVELS {
            return path;
        }
        match &path.entry {
            None => path.steps.push(step),
            Some(entry) => {
                path.entry = Some(Arc::new(Entry { key: entry.key.clone(), rest: entry.rest.then(step) }));
            }
        }
        path
    }

    /// This path, which leads to a map, continued to the map's entry with this key.
    #[must_use]
    pub fn at_key(&self, key: Value) -> Self {
        if self.levels() > DOCUMENT_LEVELS {
            return self.into_options(0);
        }
        let entry = match &self.entry {
            None => Entry { key, rest: Self::root() },
            Some(entry) => Entry { key: entry.key.clone(), rest: entry.rest.at_key(key) },
        };
        Self { entry: Some(Arc::new(entry)), ..self.before_entry() }
    }

    /// This path, continued into this number of the options around the value at its end.
    #[must_use]
    pub fn into_options(&self, options: u8) -> Self {
        Self { options, ..self.clone() }
    }

    /// The number of options at its end that the path leads into.
    pub fn options(&self) -> u8 {
        self.options
    }

    /// The least number of levels in a document with a value at this path.
    pub fn levels(&self) -> usize {
        // A variant without content is stored as a string.
        let to_variant = self.entry.is_none() && self.steps.last().is_some_and(|step| step.is_variant);
        let beyond = self.entry.as_ref().map_or(0, |entry| 1 + entry.rest.levels());
        self.steps.len() - usize::from(to_variant) + beyond
    }

    /// The steps, outermost first, up to the first map through whose entry the path leads.
    #[inline]
    pub fn steps(&self) -> &[&'static Step] {
        &self.steps
    }

    /// The key of the first map entry that the path leads through, and the rest of the path from the entry's value.
    #[inline]
    pub fn entry(&self) -> Option<(&Value, &Self)> {
        self.entry.as_deref().map(|entry| (&entry.key, &entry.rest))
    }

    /// The path up to the first map through whose entry it leads.
    #[must_use]
    pub fn before_entry(&self) -> Self {
        Self { steps: SmallVec::from_slice(&self.steps), entry: None, options: 0 }
    }

    /// The path with an empty key for each map entry, for remembering what does not depend on the keys.
    #[must_use]
    pub fn without_keys(&self) -> Self {
        let entry = self.entry().map(|(_, rest)| Arc::new(Entry { key: Value::NONE, rest: rest.without_keys() }));
        Self { entry, options: self.options, ..self.before_entry() }
    }

    /// Whether the path has no steps.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty() && self.entry.is_none()
    }

    /// Whether `self` equals `other` or leads through it.
    pub fn starts_with(&self, other: &Self) -> bool {
        match &other.entry {
            None => self.steps.starts_with(&other.steps),
            Some(_) => self == other,
        }
    }

    /// Whether one path equals the other or leads through it, so that a change at one end changes both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.starts_with(other) || other.starts_with(self)
    }

    /// The value at the path's end. `value_at` reads the values at paths without map entries.
    #[inline]
    pub fn value_in<'a>(&self, value_at: &dyn Fn(&[&'static Step]) -> ValueRef<'a>) -> ValueRef<'a> {
        let value = match (&self.entry, value_at(&self.steps)) {
            (None, value) => value,
            (Some(entry), ValueRef::Composite(map)) => map.entry(&entry.key, &entry.rest),
            (Some(_), _) => ValueRef::NONE,
        };
        value.within(self.options)
    }
}

// Hashes the steps only: keys have no hash, and few paths differ only by their keys.
impl std::hash::Hash for Path {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.steps.hash(state);
    }
}

/// Shows the stored names with dots between them, the keys of entries in brackets, and a question mark for each option at the
/// end that the path leads into.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            if position > 0 {
                f.write_str(".")?;
            }
            f.write_str(step.name)?;
        }
        match &self.entry {
            None => {}
            Some(entry) if entry.rest.steps.is_empty() => write!(f, "[{}]{}", entry.key, entry.rest)?,
            Some(entry) => write!(f, "[{}].{}", entry.key, entry.rest)?,
        }
        (0..self.options).try_for_each(|_| f.write_str("?"))
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({self})")
    }
}
