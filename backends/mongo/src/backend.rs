//! The back end: the interface's operations, each handed to the room that does it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use longevity_core::backend::{Backend, Capabilities, DecodeError, Give, Lookup, Target, Write, WriteFailure};
use longevity_core::encoding::PropertyReader;
use longevity_core::query::{InPlace, Predicate, Select};
use longevity_core::table::TableDefinition;
use longevity_core::{Document, Error, Explanation, Row, RowContent, RowId, Timestamp, Value};

use crate::Mongo;
use crate::encode::Doc;
use crate::stream::Rows;
use crate::table::Table;
use crate::{batch, explain, keys, names, patch, read, runtime, schema, write};

impl Mongo {
    /// MongoDB's plan for the look-up of a key: by its position, in the scope of a variant's discriminators or in any.
    pub async fn plan_of_key(&self, table: &Table, lookup: Lookup<'_>) -> Result<Explanation, Error> {
        let ready = table.ready().await?;
        ready.within(async { explain::of_filter(&ready, read::of_key(&ready, &lookup)?).await }).await
    }
}

impl Backend for Mongo {
    type Doc = Doc;
    type Table = Table;
    type Rows = Rows;

    const NAME: &'static str = crate::NAME;
    const LIMITS_LEVELS: bool = true;
    const WANTS_COLUMNS: bool = false;
    const PATCHES_IN_PLACE: bool = true;

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_atomic_batches().with_explain()
    }

    fn encode<T: Document>(&self, value: &T) -> Result<Doc, Error> {
        Doc::encode(value)
    }

    fn decode<T: Document>(&self, doc: &Doc) -> Result<T, DecodeError> {
        doc.decode()
    }

    fn read(&self, doc: &Doc, property: &PropertyReader) -> Result<Value, DecodeError> {
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

    async fn create_schema(&self, table: &Table) -> Result<(), Error> {
        let connection = table.connection().await?;
        connection.within(schema::create(&connection, &table.definition)).await
    }

    async fn undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        let ready = table.ready().await?;
        Ok(ready.within(keys::undeclared(&ready)).await?)
    }

    async fn drop_undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        let ready = table.ready().await?;
        Ok(ready.within(keys::drop_undeclared(&ready)).await?)
    }

    async fn insert(&self, table: &Table, content: RowContent<Doc>) -> Result<RowId, WriteFailure> {
        let ready = table.ready().await?;
        ready.within(write::insert(&ready, content)).await
    }

    async fn insert_many(
        &self,
        table: &Table,
        contents: Vec<RowContent<Doc>>,
    ) -> Result<Vec<RowId>, (usize, WriteFailure)> {
        let ready = table.ready().await.map_err(|error| (0, error.into()))?;
        ready.within(batch::insert_many(&ready, contents)).await
    }

    async fn replace(&self, table: &Table, target: Target<'_>, content: RowContent<Doc>) -> Result<u64, WriteFailure> {
        let ready = table.ready().await?;
        ready.within(write::replace(&ready, &target, &content)).await
    }

    async fn patch(
        &self,
        table: &Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> Result<Option<Row<Doc>>, Error> {
        let ready = table.ready().await?;
        ready.within(patch::patch(&ready, &lookup, changes, written_at)).await
    }

    async fn delete(&self, table: &Table, target: Target<'_>) -> Result<(), WriteFailure> {
        let ready = table.ready().await?;
        ready.within(write::delete(&ready, &target)).await
    }

    async fn write_many(&self, table: &Table, writes: Vec<Write<'_, Doc>>) -> Result<(), (usize, WriteFailure)> {
        let ready = table.ready().await.map_err(|error| (0, error.into()))?;
        ready.within(batch::write_many(&ready, writes)).await
    }

    async fn get(&self, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row<Doc>>, Error> {
        let ready = table.ready().await?;
        ready.within(read::get(&ready, &lookup)).await
    }

    async fn find(&self, table: &Table, select: Select) -> Result<Vec<Row<Doc>>, Error> {
        let mut found = Vec::new();
        let mut give = |row: &Row<Doc>| {
            found.push(row.clone());
            Ok(())
        };
        self.find_each(table, select, &mut give).await?;
        Ok(found)
    }

    async fn find_each(&self, table: &Table, select: Select, give: &mut Give<'_, Doc>) -> Result<(), Error> {
        let ready = table.ready().await?;
        ready.within(read::each(&ready, &select, give)).await
    }

    async fn count(&self, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        let ready = table.ready().await?;
        ready.within(read::count(&ready, &predicate)).await
    }

    async fn exists(&self, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        let ready = table.ready().await?;
        ready.within(read::exists(&ready, &predicate)).await
    }

    fn stream(&self, table: &Table, select: Select) -> Rows {
        Rows::new(table, select)
    }

    async fn explain(&self, table: &Table, select: Select) -> Result<Explanation, Error> {
        let ready = table.ready().await?;
        ready.within(explain::of_select(&ready, &select)).await
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
