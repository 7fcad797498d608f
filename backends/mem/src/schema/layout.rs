//! The indexes of a table, and the entries of a row in them.

use longevity_core::table::{Index, TableDefinition};
use longevity_core::{Path, Value};
use smallvec::SmallVec;

use crate::encode::document::MemDocument;
use crate::encode::key::{Buffer, Key, encode};

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
    paths: Vec<Path>,
}

/// The entries of one row, one for each index of a layout; `None` where the row is not in the index.
pub(crate) type Entries = SmallVec<[Option<Key>; 4]>;

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
            paths: index.columns.iter().map(|column| definition.columns[*column].path.clone()).collect(),
        }
    }

    /// Whether it is a key for rows that the definition knows, but is not declared by the definition.
    pub(crate) fn is_undeclared(&self, definition: &TableDefinition) -> bool {
        self.unique && definition.knows(self.discriminators) && !definition.declares_key(&self.name)
    }

    /// The entry of a row, if it is in the index.
    ///
    /// It is read from the document, not from the columns that come with it. An index can therefore belong to another model
    /// than the write, and a filter, which reads the document too, always agrees with the index.
    pub(crate) fn entry(&self, id: u64, discriminator: Option<&str>, doc: &MemDocument) -> Option<Key> {
        let covered = match self.discriminators {
            Some(names) => discriminator.is_some_and(|name| names.contains(&name)),
            None => true,
        };
        covered.then(|| {
            let mut key = Buffer::new();
            self.paths.iter().for_each(|path| encode(doc.value_at(path.steps()), &mut key));
            if !self.unique {
                // Equal values are ordered by id.
                key.extend_from_slice(&id.to_be_bytes());
            }
            Key::new(&key)
        })
    }

    /// The values of a row in the index's columns.
    pub(crate) fn values(&self, doc: &MemDocument) -> Vec<Value> {
        self.paths.iter().map(|path| doc.value_at(path.steps()).to_value()).collect()
    }
}
