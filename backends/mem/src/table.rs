//! The handle of a table, and the positions of its indexes.

use std::sync::{Arc, OnceLock};

use longevity_core::Error;
use longevity_core::table::TableDefinition;

use crate::error::failed;
use crate::schema::layout::{Layout, Slot};
use crate::storage::store::Store;

/// A table of a model on a [`Mem`](crate::Mem).
///
/// Tables with the same name share their rows, whichever models they were opened with. An index exists for all of them once any
/// of them has created it, and the writes of all of them keep it.
#[derive(Debug)]
pub struct Table {
    pub(crate) definition: Arc<TableDefinition>,
    pub(crate) store: Arc<Store>,
    schema: OnceLock<Schema>,
}

/// The positions of a definition's indexes among those of the table.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(crate) definition: Arc<TableDefinition>,
    /// The indexes that the table had when this was made. It may have more by now, and never loses any.
    pub(crate) layout: Arc<Layout>,
    /// The position in the layout of each index of the definition: first those of columns, then those of elements.
    pub(crate) slots: Vec<usize>,
}

impl Table {
    pub(crate) fn new(definition: Arc<TableDefinition>, store: Arc<Store>) -> Self {
        Self { definition, store, schema: OnceLock::new() }
    }

    /// The indexes of the definition. Fails until the schema is created, because without its keys the table would accept rows
    /// that they forbid.
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
        let slots = Slot::all_of(definition)
            .map(|slot| layout.find(&slot).ok_or_else(|| missing(slot.name)))
            .collect::<Result<_, _>>()?;
        Ok(self.schema.get_or_init(|| Schema { definition: Arc::clone(&self.definition), layout, slots }))
    }
}
