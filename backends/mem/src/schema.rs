//! Which indexes a table has, and the handle of a table.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use longevity_core::table::{Index, TableDefinition};
use longevity_core::{Error, Path, Value};
use smallvec::SmallVec;

use crate::backend::failed;
use crate::encode::MemDocument;
use crate::key::{Buffer, Key, encode};
use crate::table::{Creation, Store};

/// A table of a model on a [`Mem`](crate::Mem).
///
/// Tables of one name share their rows, whatever the models that they were opened with. An index exists for all of them
/// once any has created it, and is kept by the writes of each.
#[derive(Debug)]
pub struct Table {
    pub(crate) definition: Arc<TableDefinition>,
    pub(crate) store: Arc<Store>,
    schema: OnceLock<Schema>,
}

/// Where the indexes of a definition are among those of the table.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) definition: Arc<TableDefinition>,
    /// The indexes that the table had when this was found. It may have got more since; it never loses any.
    pub(crate) layout: Arc<Layout>,
    /// The position in the layout of each index of the definition.
    pub(crate) slots: Vec<usize>,
}

/// All indexes of a table, in the order of their creation.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    pub(crate) slots: Vec<Slot>,
}

/// What an index is, apart from the definition that asked for it. Indexes of one name that differ in anything else are
/// different indexes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slot {
    pub(crate) name: String,
    /// A key that was dropped stays as an index that is not.
    pub(crate) unique: bool,
    discriminators: Option<&'static [&'static str]>,
    paths: Vec<Path>,
}

/// The entries of one row, one for each index of a layout; `None` where the row is not in the index.
pub(crate) type Entries = SmallVec<[Option<Key>; 4]>;

impl Table {
    pub(crate) fn new(definition: Arc<TableDefinition>, store: Arc<Store>) -> Self {
        Self { definition, store, schema: OnceLock::new() }
    }

    /// The indexes of the definition. Fails until the schema is created: without its keys, the table would take what they
    /// forbid.
    #[inline]
    pub(crate) fn schema(&self) -> Result<&Schema, Error> {
        match self.schema.get() {
            Some(schema) => Ok(schema),
            None => self.find_schema(),
        }
    }

    #[cold]
    fn find_schema(&self) -> Result<&Schema, Error> {
        let definition = &*self.definition;
        let missing = |what: String| failed(format!("{what} does not exist: call `create_schema` first"));
        let layout = self.store.layout().ok_or_else(|| missing(format!("the table {}", definition.name)))?;
        let slots = definition
            .indexes
            .iter()
            .map(|index| layout.find(&Slot::of(definition, index)).ok_or_else(|| missing(index.name.clone())))
            .collect::<Result<_, _>>()?;
        Ok(self.schema.get_or_init(|| Schema { definition: Arc::clone(&self.definition), layout, slots }))
    }
}

/// Creates what the tables lack, or, if the rows of one do not fit, nothing at all.
pub(crate) fn create(tables: &[&Table]) -> Result<(), Error> {
    // Always in the same order, so that two who create do not wait for each other; once for all tables of one name.
    let stores: BTreeMap<_, _> = tables.iter().map(|table| (Arc::as_ptr(&table.store), &table.store)).collect();
    let mut creations: BTreeMap<_, _> = stores.iter().map(|(at, store)| (*at, store.begin_creation())).collect();
    for table in tables {
        if let Some(creation) = creations.get_mut(&Arc::as_ptr(&table.store)) {
            creation.prepare(&table.definition)?;
        }
    }
    creations.into_values().for_each(Creation::finish);
    Ok(())
}

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

    /// Whether it is a key of rows that the definition knows, and the definition does not declare it.
    pub(crate) fn is_undeclared(&self, definition: &TableDefinition) -> bool {
        self.unique && definition.knows(self.discriminators) && !definition.declares_key(&self.name)
    }

    /// The entry of a row, if it is in the index.
    ///
    /// Read from the document, not from the columns that come with it: so an index can be of another model than the write
    /// is, and a filter, which reads the document too, agrees with it whatever was planted.
    pub(crate) fn entry(&self, id: u64, discriminator: Option<&str>, doc: &MemDocument) -> Option<Key> {
        let covered = match self.discriminators {
            Some(names) => discriminator.is_some_and(|name| names.contains(&name)),
            None => true,
        };
        covered.then(|| {
            let mut key = Buffer::new();
            self.paths.iter().for_each(|path| encode(doc.value_at(path.steps()), &mut key));
            if !self.unique {
                // Equal values come in the order of ids.
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
