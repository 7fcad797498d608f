//! The indexes of a table, and the entries of a row in them.

use std::collections::BTreeSet;

use longevity_core::table::{ElementIndex, Index, TableDefinition, each_value};
use longevity_core::{Path, Value};
use smallvec::SmallVec;

use crate::encode::document::MemDocument;
use crate::encode::key::{Buffer, Key, encode};
use crate::schema::entry::Entry;

/// All indexes of a table, in the order of their creation.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    pub(crate) slots: Vec<Slot>,
}

/// An index, independent of the definition that asked for it. Indexes with the same name that differ in anything else are
/// different indexes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slot {
    pub(crate) name: String,
    /// A key that was dropped stays as an index that is not unique.
    pub(crate) unique: bool,
    discriminators: Option<&'static [&'static str]>,
    content: Content,
}

/// What the entries of an index consist of.
#[derive(Clone, Debug, PartialEq)]
enum Content {
    /// The values at these paths, together.
    Columns(Vec<Path>),
    /// Each value that the elements of a collection lead to.
    Elements { path: Path, through: Vec<Path> },
}

/// The entries of one row, for each index of a layout.
pub(crate) type Entries = SmallVec<[Entry; 4]>;

impl Layout {
    pub(crate) fn find(&self, slot: &Slot) -> Option<usize> {
        self.slots.iter().position(|other| other == slot)
    }

    /// The entries of a row.
    pub(crate) fn entries(&self, id: u64, discriminator: Option<&str>, doc: &MemDocument) -> Entries {
        self.slots.iter().map(|slot| slot.entry(id, discriminator, doc)).collect()
    }
}

impl Slot {
    pub(crate) fn of(definition: &TableDefinition, index: &Index) -> Self {
        Self {
            name: index.name.clone(),
            unique: index.is_unique(),
            discriminators: index.scope.map(|scope| scope.discriminators),
            content: Content::Columns(
                index.columns.iter().map(|column| definition.columns[*column].path.clone()).collect(),
            ),
        }
    }

    pub(crate) fn of_elements(index: &ElementIndex) -> Self {
        Self {
            name: index.name.clone(),
            unique: false,
            discriminators: index.scope.map(|scope| scope.discriminators),
            content: Content::Elements { path: index.path.clone(), through: index.through.clone() },
        }
    }

    /// The indexes of a definition: first those of columns, then those of elements.
    pub(crate) fn all_of(definition: &TableDefinition) -> impl Iterator<Item = Self> {
        let of_columns = definition.indexes.iter().map(|index| Self::of(definition, index));
        of_columns.chain(definition.element_indexes.iter().map(Self::of_elements))
    }

    /// Whether it is a key for rows that the definition knows, but is not declared by the definition.
    pub(crate) fn is_undeclared(&self, definition: &TableDefinition) -> bool {
        self.unique && definition.knows(self.discriminators) && !definition.declares_key(&self.name)
    }

    /// The entries of a row.
    ///
    /// They are read from the document, not from the columns that come with it. An index can therefore belong to another model
    /// than the write, and a filter, which reads the document too, always agrees with the index.
    pub(crate) fn entry(&self, id: u64, discriminator: Option<&str>, doc: &MemDocument) -> Entry {
        let covered = match self.discriminators {
            Some(names) => discriminator.is_some_and(|name| names.contains(&name)),
            None => true,
        };
        if !covered {
            return Entry::None;
        }
        let key = |mut key: Buffer| {
            if !self.unique {
                // Equal values are ordered by id.
                key.extend_from_slice(&id.to_be_bytes());
            }
            Key::new(&key)
        };
        match &self.content {
            Content::Columns(paths) => {
                let mut values = Buffer::new();
                paths.iter().for_each(|path| encode(doc.value_at(path.steps()), &mut values));
                Entry::One(key(values))
            }
            Content::Elements { path, through } => {
                let mut keys = BTreeSet::new();
                each_value(&doc.value_at(path.steps()).to_value(), through, &mut |value| {
                    let mut bytes = Buffer::new();
                    encode(value.as_value_ref(), &mut bytes);
                    keys.insert(key(bytes));
                });
                if keys.is_empty() { Entry::None } else { Entry::Several(keys.into_iter().collect()) }
            }
        }
    }

    /// The values of a row in the index's columns.
    pub(crate) fn values(&self, doc: &MemDocument) -> Vec<Value> {
        match &self.content {
            Content::Columns(paths) => paths.iter().map(|path| doc.value_at(path.steps()).to_value()).collect(),
            Content::Elements { .. } => Vec::new(),
        }
    }
}
