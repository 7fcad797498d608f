//! The back end. Each operation of the interface is passed to the module that does it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use longevity_core::backend::{
    AllWritten, Backend, Capabilities, DecodeError, Give, GiveValues, Lookup, Profile, Session, TransactionMode,
    WriteFailure, Writes, find_values_of_documents,
};
use longevity_core::backend::{Predicate, Select};
use longevity_core::encoding::{Projection, PropertyReader};
use longevity_core::table::TableDefinition;
use longevity_core::{Encodable, Error, Explanation, Row, Value};

use crate::encode::document::MemDocument;
use crate::encode::key::Buffer;
use crate::query::counting;
use crate::query::explain::explain;
use crate::query::lookup::key_of;
use crate::query::selection::Selection;
use crate::query::stream::Rows;
use crate::schema::create::create;
use crate::schema::undeclared;
use crate::storage::store::Store;
use crate::table::Table;
use crate::transaction::session::MemTransaction;

/// A store in memory. A new one is empty and shares nothing; clones share their contents.
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
    stores: Arc<Mutex<Stores>>,
}

#[derive(Default)]
struct Stores {
    /// Tables that different models open share their rows.
    by_name: HashMap<Cow<'static, str>, Arc<Store>>,
    /// The same stores, ordered by their addresses.
    all: Arc<[Arc<Store>]>,
}

impl Mem {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn table(&self, definition: &Arc<TableDefinition>) -> Table {
        let mut stores = self.stores();
        if let Some(store) = stores.by_name.get(&definition.name) {
            return Table::new(Arc::clone(definition), Arc::clone(store));
        }
        let store = Arc::<Store>::default();
        stores.by_name.insert(definition.name.clone(), Arc::clone(&store));
        let mut all: Vec<_> = stores.by_name.values().cloned().collect();
        all.sort_by_key(Arc::as_ptr);
        stores.all = all.into();
        Table::new(Arc::clone(definition), store)
    }

    fn stores(&self) -> MutexGuard<'_, Stores> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the names of the tables.
impl fmt::Debug for Mem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mem").field(&self.stores().by_name.keys().collect::<Vec<_>>()).finish()
    }
}

/// After this number of tries of a transaction, the thread lets others run.
const PATIENCE: usize = 4;

// Nothing is awaited: a future is ready at its first poll, and is either done by then or has not begun.
impl Session for Mem {
    type Document = MemDocument;
    type Table = Table;
    type Rows = Rows;

    async fn write(
        &self,
        table: &Table,
        writes: Writes<'_, MemDocument>,
    ) -> Result<AllWritten<MemDocument>, (usize, WriteFailure)> {
        let schema = table.schema().map_err(|error| (0, WriteFailure::from(error)))?;
        table.store.write(schema, writes)
    }

    async fn get(&self, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row<MemDocument>>, Error> {
        let mut key = Buffer::new();
        let slot = key_of(table, lookup, &mut key)?;
        Ok(table.store.get(slot, &key, lookup.scope))
    }

    async fn find_each(&self, table: &Table, select: Select, give: &mut dyn Give<MemDocument>) -> Result<(), Error> {
        Selection::new(table, &*table.store, select)?.give(give)
    }

    async fn find_values(
        &self,
        table: &Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> Result<(), Error> {
        find_values_of_documents(self, |doc, property| Ok(doc.read(property)), table, select, projection, give).await
    }

    async fn count(&self, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        match counting::count(table, &*table.store, &predicate)? {
            Some(rows) => Ok(rows),
            None => Ok(Selection::unordered(table, &*table.store, predicate)?.count()),
        }
    }

    async fn exists(&self, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        match counting::any(table, &*table.store, &predicate)? {
            Some(any) => Ok(any),
            None => Ok(Selection::unordered(table, &*table.store, predicate)?.any()),
        }
    }

    fn stream(&self, table: &Table, select: Select) -> Rows {
        Rows::new(Selection::new(table, &*table.store, select))
    }

    async fn explain(&self, table: &Table, select: Select) -> Result<Explanation, Error> {
        explain(table, &select)
    }
}

impl Backend for Mem {
    type Transaction = MemTransaction;

    const NAME: &'static str = crate::error::NAME;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn profile(&self) -> Profile {
        // Index entries are made from the documents.
        Profile { columns: false, limits_levels: false, patches_in_place: false, inserts_with_targets: false }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
            .with_atomic_batches()
            .with_explain()
            .with_snapshot_streams()
            .with_transactions()
            .with_savepoints()
    }

    fn encode<T: Encodable>(&self, value: &T) -> Result<MemDocument, Error> {
        Ok(MemDocument::encode(value))
    }

    fn decode<T: Encodable>(&self, doc: &MemDocument) -> Result<T, DecodeError> {
        doc.decode()
    }

    fn read(&self, doc: &MemDocument, property: &PropertyReader) -> Result<Value, DecodeError> {
        Ok(doc.read(property))
    }

    async fn open(&self, definitions: &[Arc<TableDefinition>]) -> Result<Vec<Table>, Error> {
        Ok(definitions.iter().map(|definition| self.table(definition)).collect())
    }

    async fn create_schema(&self, tables: &[&Table]) -> Result<(), Error> {
        create(tables)
    }

    async fn undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        Ok(undeclared::keys(&table.store, &table.definition))
    }

    async fn drop_undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        Ok(undeclared::drop_keys(&table.store, &table.definition))
    }

    async fn begin(&self, _: TransactionMode) -> Result<MemTransaction, Error> {
        let stores = Arc::clone(&self.stores().all);
        Ok(MemTransaction::begin(&stores))
    }

    async fn back_off(&self, tries: usize) {
        if tries > PATIENCE {
            // Lets other threads run.
            std::thread::yield_now();
        }
        // Lets other tasks on the same thread run.
        let mut first = true;
        let turn = poll_fn(|context| {
            if std::mem::take(&mut first) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        });
        turn.await;
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        longevity_core::block_on(future)
    }
}
