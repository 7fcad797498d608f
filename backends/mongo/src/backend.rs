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
use crate::{batch, explain, names, patch, read, runtime, schema, write};

impl Mongo {
    /// MongoDB's plan for the look-up of a key: by its position, in the scope of a variant's discriminators or in any.
    pub async fn plan_of_key(&self, table: &Table, lookup: Lookup<'_>) -> Result<Explanation, Error> {
        let connection = &table.connection;
        connection
            .within(async {
                let ready = table.ready().await?;
                explain::of_filter(connection, ready, read::of_key(ready, &lookup)?).await
            })
            .await
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
        let connection = self.connection().await?;
        Ok(definitions.iter().map(|definition| Table::new(Arc::clone(definition), Arc::clone(&connection))).collect())
    }

    async fn create_schema(&self, table: &Table) -> Result<(), Error> {
        table.connection.within(schema::create(&table.connection, &table.definition)).await
    }

    async fn insert(&self, table: &Table, content: RowContent<Doc>) -> Result<RowId, WriteFailure> {
        table.connection.within(async { write::insert(table.ready().await?, content).await }).await
    }

    async fn insert_many(
        &self,
        table: &Table,
        contents: Vec<RowContent<Doc>>,
    ) -> Result<Vec<RowId>, (usize, WriteFailure)> {
        let connection = &table.connection;
        connection
            .within(async {
                let ready = table.ready().await.map_err(|error| (0, error.into()))?;
                batch::insert_many(connection, ready, contents).await
            })
            .await
    }

    async fn replace(&self, table: &Table, target: Target<'_>, content: RowContent<Doc>) -> Result<u64, WriteFailure> {
        table.connection.within(async { write::replace(table.ready().await?, &target, &content).await }).await
    }

    async fn patch(
        &self,
        table: &Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> Result<Option<Row<Doc>>, Error> {
        let patch = async { patch::patch(table.ready().await?, &lookup, changes, written_at).await };
        table.connection.within(patch).await
    }

    async fn delete(&self, table: &Table, target: Target<'_>) -> Result<(), WriteFailure> {
        table.connection.within(async { write::delete(table.ready().await?, &target).await }).await
    }

    async fn write_many(&self, table: &Table, writes: Vec<Write<'_, Doc>>) -> Result<(), (usize, WriteFailure)> {
        let connection = &table.connection;
        connection
            .within(async {
                let ready = table.ready().await.map_err(|error| (0, error.into()))?;
                batch::write_many(connection, ready, writes).await
            })
            .await
    }

    async fn get(&self, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row<Doc>>, Error> {
        table.connection.within(async { read::get(table.ready().await?, &lookup).await }).await
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
        table.connection.within(async { read::each(table.ready().await?, &select, give).await }).await
    }

    async fn count(&self, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        table.connection.within(async { read::count(table.ready().await?, &predicate).await }).await
    }

    async fn exists(&self, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        table.connection.within(async { read::exists(table.ready().await?, &predicate).await }).await
    }

    fn stream(&self, table: &Table, select: Select) -> Rows {
        Rows::new(table, select)
    }

    async fn explain(&self, table: &Table, select: Select) -> Result<Explanation, Error> {
        let connection = &table.connection;
        connection.within(async { explain::of_select(connection, table.ready().await?, &select).await }).await
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
