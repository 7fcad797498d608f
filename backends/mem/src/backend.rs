//! The back end: the interface's operations, each handed to the room that does it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use longevity_core::backend::{
    AllWritten, Backend, Capabilities, DecodeError, Give, GiveValues, Lookup, Profile, Session, WriteFailure, Writes,
    find_values_of_documents,
};
use longevity_core::encoding::{Projection, PropertyReader};
use longevity_core::query::{InPlace, Predicate, Select};
use longevity_core::table::TableDefinition;
use longevity_core::{Document, Error, Explanation, Row, Timestamp, Value};

use crate::counting;
use crate::encode::Doc;
use crate::key::{Buffer, encode};
use crate::plan::Plan;
use crate::rows::Rows;
use crate::schema::{Table, create};
use crate::selection::Selection;
use crate::table::Store;

/// A store in memory. Each is its own, and empty at first; clones share their contents.
///
/// ```
/// use longevity_core::backend::Backend;
/// use longevity_mem::Mem;
///
/// let mem = Mem::new();
/// let doc = mem.encode(&"hello".to_owned())?;
/// assert_eq!(mem.decode::<String>(&doc).unwrap(), "hello");
/// assert!(mem.decode::<i64>(&doc).is_err());
/// # Ok::<(), longevity_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Mem {
    // By name: tables that different models open share their rows.
    stores: Arc<Mutex<HashMap<Cow<'static, str>, Arc<Store>>>>,
}

impl Mem {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn table(&self, definition: &Arc<TableDefinition>) -> Table {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        Table::new(Arc::clone(definition), Arc::clone(stores.entry(definition.name.clone()).or_default()))
    }
}

/// The names of the tables.
impl fmt::Debug for Mem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_tuple("Mem").field(&stores.keys().collect::<Vec<_>>()).finish()
    }
}

/// This back end's own error.
pub(crate) fn failed(what: String) -> Error {
    Error::Backend { backend: Mem::NAME, source: what.into() }
}

// Nothing is awaited: each future is ready at its first poll, and done by then or not begun.
impl Session for Mem {
    type Doc = Doc;
    type Table = Table;
    type Rows = Rows;

    async fn write(&self, table: &Table, writes: Writes<'_, Doc>) -> Result<AllWritten<Doc>, (usize, WriteFailure)> {
        let schema = table.schema().map_err(|error| (0, WriteFailure::from(error)))?;
        table.store.write(schema, writes)
    }

    async fn patch(
        &self,
        _: &Table,
        _: Lookup<'_>,
        _: &[InPlace],
        _: Option<Timestamp>,
    ) -> Result<Option<Row<Doc>>, Error> {
        Ok(None)
    }

    async fn get(&self, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row<Doc>>, Error> {
        let schema = table.schema()?;
        let Some(index) = table.definition.indexes.get(lookup.index).filter(|index| index.is_unique()) else {
            return Err(failed(format!("index {} of table {} is not a key", lookup.index, table.definition.name)));
        };
        if index.columns.len() != lookup.values.len() {
            return Err(failed(format!("the key {} has not {} columns", index.name, lookup.values.len())));
        }
        let mut key = Buffer::new();
        lookup.values.iter().for_each(|value| encode(*value, &mut key));
        Ok(table.store.get(schema.slots[lookup.index], &key, lookup.scope))
    }

    async fn find_each(&self, table: &Table, select: Select, give: &mut dyn Give<Doc>) -> Result<(), Error> {
        Selection::new(table, select)?.give(give)
    }

    async fn find_values(
        &self,
        table: &Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> Result<(), Error> {
        find_values_of_documents(self, |doc, property| self.read(doc, property), table, select, projection, give).await
    }

    async fn count(&self, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        match counting::count(table, &predicate)? {
            Some(rows) => Ok(rows),
            None => Ok(Selection::unordered(table, predicate)?.count()),
        }
    }

    async fn exists(&self, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        match counting::any(table, &predicate)? {
            Some(any) => Ok(any),
            None => Ok(Selection::unordered(table, predicate)?.any()),
        }
    }

    fn stream(&self, table: &Table, select: Select) -> Rows {
        Rows::new(Selection::new(table, select))
    }

    async fn explain(&self, table: &Table, select: Select) -> Result<Explanation, Error> {
        table.schema()?;
        Ok(Plan::new(&table.definition, &select).explain(&table.definition))
    }
}

impl Backend for Mem {
    const NAME: &'static str = "mem";

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn profile(&self) -> Profile {
        // Index entries are made from the documents.
        Profile { columns: false, limits_levels: false, patches_in_place: false }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_atomic_batches().with_explain().with_snapshot_streams()
    }

    fn encode<T: Document>(&self, value: &T) -> Result<Doc, Error> {
        Ok(Doc::encode(value))
    }

    fn decode<T: Document>(&self, doc: &Doc) -> Result<T, DecodeError> {
        doc.decode()
    }

    fn read(&self, doc: &Doc, property: &PropertyReader) -> Result<Value, DecodeError> {
        Ok(doc.value_at(property.path().steps()).to_value())
    }

    async fn open(&self, definitions: &[Arc<TableDefinition>]) -> Result<Vec<Table>, Error> {
        Ok(definitions.iter().map(|definition| self.table(definition)).collect())
    }

    async fn create_schema(&self, tables: &[&Table]) -> Result<(), Error> {
        create(tables)
    }

    async fn undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        Ok(table.store.undeclared_keys(&table.definition))
    }

    async fn drop_undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        Ok(table.store.drop_undeclared_keys(&table.definition))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        longevity_core::block_on(future)
    }
}
