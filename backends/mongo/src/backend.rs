//! The back end: the interface's operations, each handed to the room that does it.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use longevity_core::backend::{
    AllWritten, Backend, Capabilities, DecodeError, Give, GiveValues, Lookup, Profile, Session, TransactionMode,
    WriteFailure, Writes, find_values_of_documents,
};
use longevity_core::encoding::{Projection, PropertyReader};
use longevity_core::query::{InPlace, Predicate, Select};
use longevity_core::table::TableDefinition;
use longevity_core::{Encodable, Error, Explanation, Row, Timestamp, Value};

use crate::Mongo;
use crate::connection::names;
use crate::connection::runtime;
use crate::connection::runtime::Within;
use crate::encode::document::MongoDocument;
use crate::query::explain;
use crate::query::read;
use crate::query::stream::Rows;
use crate::schema::create;
use crate::schema::undeclared;
use crate::table::Table;
use crate::transaction::executor::Executor;
use crate::transaction::session::MongoTransaction;
use crate::write::patch;
use crate::write::single;

impl Mongo {
    /// MongoDB's plan for the look-up of a key: by its position, in a scope or in any.
    pub async fn plan_of_key(&self, table: &Table, lookup: Lookup<'_>) -> Result<Explanation, Error> {
        let ready = table.ready().await?;
        ready.within(async { explain::of_filter(&ready, read::of_key(&ready, &lookup)?).await }).await
    }
}

impl Session for Mongo {
    type Document = MongoDocument;
    type Table = Table;
    type Rows = Rows;

    async fn write(
        &self,
        table: &Table,
        writes: Writes<'_, MongoDocument>,
    ) -> Result<AllWritten<MongoDocument>, (usize, WriteFailure)> {
        let ready = table.ready().await.map_err(|error| (0, error.into()))?;
        let mut executor = Executor::alone(&ready.connection);
        ready.within(single::write(&ready, &mut executor, writes)).await
    }

    async fn patch(
        &self,
        table: &Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> Result<Option<Row<MongoDocument>>, Error> {
        let ready = table.ready().await?;
        let mut executor = Executor::alone(&ready.connection);
        ready.within(patch::patch(&ready, &mut executor, &lookup, changes, written_at)).await
    }

    async fn get(&self, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row<MongoDocument>>, Error> {
        let ready = table.ready().await?;
        let mut executor = Executor::alone(&ready.connection);
        ready.within(read::get(&ready, &mut executor, &lookup)).await
    }

    async fn find_each(&self, table: &Table, select: Select, give: &mut dyn Give<MongoDocument>) -> Result<(), Error> {
        let ready = table.ready().await?;
        ready.within(read::each(&ready, None, &select, give)).await
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
        let ready = table.ready().await?;
        let mut executor = Executor::alone(&ready.connection);
        ready.within(read::count(&ready, &mut executor, &predicate)).await
    }

    async fn exists(&self, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        let ready = table.ready().await?;
        let mut executor = Executor::alone(&ready.connection);
        ready.within(read::exists(&ready, &mut executor, &predicate)).await
    }

    fn stream(&self, table: &Table, select: Select) -> Rows {
        Rows::new(table, None, select)
    }

    async fn explain(&self, table: &Table, select: Select) -> Result<Explanation, Error> {
        let ready = table.ready().await?;
        ready.within(explain::of_select(&ready, &select)).await
    }
}

impl Backend for Mongo {
    type Transaction = MongoTransaction;

    const NAME: &'static str = crate::NAME;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn profile(&self) -> Profile {
        Profile { columns: false, limits_levels: true, patches_in_place: true }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_atomic_batches().with_explain().with_transactions()
    }

    fn encode<T: Encodable>(&self, value: &T) -> Result<MongoDocument, Error> {
        MongoDocument::encode(value)
    }

    fn decode<T: Encodable>(&self, doc: &MongoDocument) -> Result<T, DecodeError> {
        doc.decode()
    }

    fn read(&self, doc: &MongoDocument, property: &PropertyReader) -> Result<Value, DecodeError> {
        doc.read(property)
    }

    async fn open(&self, definitions: &[Arc<TableDefinition>]) -> Result<Vec<Table>, Error> {
        let database = self.database_name()?;
        names::ensure_database(&database)?;
        definitions.iter().try_for_each(|definition| names::ensure_collection(&database, definition))?;
        // That a server is there is said here, and not at the first use.
        self.connections.of(&runtime::current()?).await?;
        let table = |definition| Table::new(Arc::clone(definition), Arc::clone(&self.connections));
        Ok(definitions.iter().map(table).collect())
    }

    /// One after the other: the server has no transaction for it.
    async fn create_schema(&self, tables: &[&Table]) -> Result<(), Error> {
        for table in tables {
            let connection = table.connection().await?;
            connection.within(create::create(&connection, &table.definition)).await?;
        }
        Ok(())
    }

    async fn undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        let ready = table.ready().await?;
        Ok(ready.within(undeclared::undeclared(&ready)).await?)
    }

    async fn drop_undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        let ready = table.ready().await?;
        Ok(ready.within(undeclared::drop_undeclared(&ready)).await?)
    }

    async fn begin(&self, mode: TransactionMode) -> Result<MongoTransaction, Error> {
        let connection = self.connections.of(&runtime::current()?).await?;
        connection.settled().await;
        connection.within(MongoTransaction::begin(&connection, mode)).await
    }

    async fn back_off(&self, tries: usize) {
        if let Ok(runtime) = runtime::current() {
            // The timer starts within the runtime.
            Within::new(&runtime, async { tokio::time::sleep(pause(tries)).await }).await;
        }
    }

    /// On this thread, while the driver's work goes on in a runtime of our own: it needs one, and whoever calls may have
    /// none, or be within one that must not be blocked on.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        // Without one of our own, what the future does says so.
        let own = runtime::own().ok();
        let _entered = own.as_ref().map(tokio::runtime::Handle::enter);
        longevity_core::block_on(pin!(future))
    }
}

/// How long a transaction waits before it is tried again: by chance, so that those that were in each other's way come one after the
/// other, and longer each time.
fn pause(tries: usize) -> Duration {
    let most = SHORTEST_PAUSE.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE);
    // A hasher's own keys are random.
    let chance = RandomState::new().hash_one(tries) >> 32;
    most.mul_f64(f64::from(u32::try_from(chance).unwrap_or(u32::MAX)) / f64::from(u32::MAX))
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
