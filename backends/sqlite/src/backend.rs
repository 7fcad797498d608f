//! The back end: the interface's operations, each handed to the room that does it.

use std::sync::Arc;

use longevity_core::backend::{
    AllWritten, Backend, Capabilities, DecodeError, Give, GiveValues, Lookup, Profile, Session, Target,
    TransactionMode, Write, WriteFailure, Writes,
};
use longevity_core::backend::{Predicate, Select};
use longevity_core::encoding::{Projection, PropertyReader};
use longevity_core::table::{Scope, TableDefinition};
use longevity_core::{Access, Encodable, Error, Explanation, Row, Value};
use rusqlite::Connection;

use crate::Sqlite;
use crate::connection::database::Database;
use crate::connection::open::Patient;
use crate::encode::document::SqliteDocument;
use crate::query::explain;
use crate::query::projection::Values;
use crate::query::read;
use crate::query::stream::Rows;
use crate::query::translate;
use crate::query::translate::Statement;
use crate::schema::create;
use crate::schema::undeclared;
use crate::table::{Ready, Table};
use crate::transaction::session::SqliteTransaction;
use crate::write::job::Job;
use crate::writer::lease::Lease;
use crate::writer::write_connection::Submission;

impl Sqlite {
    /// The database, opened by whoever comes first.
    fn database(&self) -> Result<Arc<Database>, Error> {
        if let Some(database) = self.database.get() {
            return Ok(Arc::clone(database));
        }
        let opened = Database::open(&self.settings)?;
        Ok(Arc::clone(self.database.get_or_init(|| opened)))
    }

    /// What `sqlite3` shows as the schema of a table, and of its indexes.
    pub async fn schema_of(&self, table: &Table) -> Result<Vec<String>, Error> {
        let ready = table.ready().await?;
        query(table, |connection| create::statements(connection, &ready.layout.table)).await
    }

    /// SQLite's plan for the look-up of a key: by its position, in a scope or in any.
    pub async fn plan_of_key(&self, table: &Table, index: usize, scope: Option<Scope>) -> Result<Explanation, Error> {
        let ready = table.ready().await?;
        let sql = read::of_key(ready, index, scope)?.to_owned();
        let statement = Statement { sql, values: Vec::new() };
        query(table, |connection| explained(connection, ready, &statement)).await
    }
}

/// Reads on this thread.
async fn query<R>(table: &Table, work: impl FnOnce(&Connection) -> rusqlite::Result<R>) -> Result<R, Error> {
    let database = &table.database;
    let read = database.read(|connection| work(connection).map_err(|error| database.site.failed(error)));
    read.await.map_err(Error::from)
}

pub(crate) fn explained(
    connection: &Connection,
    ready: &Ready,
    statement: &Statement,
) -> rusqlite::Result<Explanation> {
    let plan = explain::plan(connection, statement)?;
    Ok(explain::explanation(ready, &plan))
}

/// The explanation of a query, of which SQLite's plan is known.
pub(crate) fn explanation_of(select: &Select, plan: Explanation) -> Explanation {
    match select.predicate {
        Predicate::False => Explanation { access: Access::Nothing, ..plan },
        _ => plan,
    }
}

impl Session for Sqlite {
    type Document = SqliteDocument;
    type Table = Table;
    type Rows = Rows;

    async fn write(
        &self,
        table: &Table,
        writes: Writes<'_, SqliteDocument>,
    ) -> Result<AllWritten<SqliteDocument>, (usize, WriteFailure)> {
        let ready = table.ready().await.map_err(|error| (0, error.into()))?;
        let job = Job { table: Arc::clone(ready), writes: writes.into_iter().map(owned).collect() };
        Submission::new(Arc::clone(&table.database), job).await
    }

    async fn get(&self, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row<SqliteDocument>>, Error> {
        let ready = table.ready().await?;
        let sql = read::checked(ready, &lookup)?;
        query(table, |connection| read::get(connection, ready, sql, &lookup)).await?.transpose()
    }

    async fn find_each(&self, table: &Table, select: Select, give: &mut dyn Give<SqliteDocument>) -> Result<(), Error> {
        let ready = table.ready().await?;
        let statement = translate::select(&table.database, ready, &select)?;
        if !table.database.has_readers() {
            // After the connection is free again: it is the only one, and who is given the rows may call the store.
            let found = query(table, |connection| read::all_of(connection, ready, &statement)).await?;
            return found.into_iter().try_for_each(|row| give.give(&row?));
        }
        let mut stopped = Ok(());
        let mut read = |connection: &Connection| {
            read::rows_of(connection, ready, &statement, |row| {
                stopped = row.and_then(|row| give.give(row));
                stopped.is_ok()
            })
        };
        let site = &table.database.site;
        table.database.read_aside(|connection| read(connection).map_err(|error| site.failed(error)))?;
        stopped
    }

    async fn find_values(
        &self,
        table: &Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> Result<(), Error> {
        let ready = table.ready().await?;
        let values = Values::of(&table.database, ready, &select, projection)?;
        if table.database.has_readers() {
            let site = &table.database.site;
            let each = |connection: &Connection| values.each(connection, ready, give);
            return table.database.read_aside(|connection| each(connection).map_err(|error| site.failed(error)))?;
        }
        // As above.
        let found = query(table, |connection| values.all(connection, ready)).await??;
        found.into_iter().try_for_each(|(row, values)| give(&row, values))
    }

    async fn count(&self, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        let statement = translate::count(&table.database, table.ready().await?, &predicate)?;
        query(table, |connection| read::number_of(connection, &statement)).await
    }

    async fn exists(&self, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        let statement = translate::exists(&table.database, table.ready().await?, &predicate)?;
        query(table, |connection| read::number_of(connection, &statement)).await.map(|found| found > 0)
    }

    fn stream(&self, table: &Table, select: Select) -> Rows {
        if !table.database.has_readers() {
            let table = table.handle();
            return Rows::found(async move {
                let ready = table.ready().await?;
                let statement = translate::select(&table.database, ready, &select)?;
                query(&table, |connection| read::all_of(connection, ready, &statement)).await
            });
        }
        let begin = || {
            let connection = table.database.take_reader()?;
            let ready = table.ready_on(&connection)?;
            let statement = translate::select(&table.database, ready, &select)?;
            Rows::of_snapshot(&table.database, connection, ready, statement)
        };
        begin().unwrap_or_else(Rows::failed)
    }

    async fn explain(&self, table: &Table, select: Select) -> Result<Explanation, Error> {
        let ready = table.ready().await?;
        let statement = translate::select(&table.database, ready, &select)?;
        let plan = query(table, |connection| explained(connection, ready, &statement)).await?;
        Ok(explanation_of(&select, plan))
    }
}

impl Backend for Sqlite {
    type Transaction = SqliteTransaction;

    const NAME: &'static str = "sqlite";

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn profile(&self) -> Profile {
        Profile { columns: true, limits_levels: true, patches_in_place: false }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
            .with_atomic_batches()
            .with_explain()
            .with_snapshot_streams()
            .with_transactions()
            .with_savepoints()
    }

    fn encode<T: Encodable>(&self, value: &T) -> Result<SqliteDocument, Error> {
        SqliteDocument::encode(value)
    }

    fn decode<T: Encodable>(&self, doc: &SqliteDocument) -> Result<T, DecodeError> {
        doc.decode()
    }

    fn read(&self, doc: &SqliteDocument, property: &PropertyReader) -> Result<Value, DecodeError> {
        let value = SqliteDocument::read(doc.as_str(), property);
        value.map_err(|error| DecodeError { path: property.path().to_string(), source: error.into() })
    }

    async fn open(&self, definitions: &[Arc<TableDefinition>]) -> Result<Vec<Table>, Error> {
        definitions.iter().try_for_each(|definition| create::ensure_nameable(definition))?;
        let database = self.database()?;
        Ok(definitions.iter().map(|definition| Table::new(Arc::clone(definition), Arc::clone(&database))).collect())
    }

    async fn create_schema(&self, tables: &[&Table]) -> Result<(), Error> {
        let Some(table) = tables.first() else { return Ok(()) };
        let database = &table.database;
        let definitions: Vec<_> = tables.iter().map(|table| &*table.definition).collect();
        let lease = Lease::claim(database).await?;
        let patient = Patient::new(lease.connection(), database.site.timeout);
        let mut patient = patient.map_err(|error| database.site.failed(error))?;
        create::create(&mut patient, &database.site, &definitions)
    }

    async fn undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        let database = &table.database;
        let lease = Lease::claim(database).await?;
        let held = lease.connection();
        let failed = |error| Error::from(database.site.failed(error));
        let layout = create::ready(&held, &database.site, &table.definition)?;
        let found = undeclared::find(&held, &table.definition, &layout).map_err(failed)?;
        Ok(found.into_iter().map(|index| index.name).collect())
    }

    async fn drop_undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        let database = &table.database;
        let lease = Lease::claim(database).await?;
        let held = lease.connection();
        let failed = |error| Error::from(database.site.failed(error));
        let layout = create::ready(&held, &database.site, &table.definition)?;
        let mut patient = Patient::new(held, database.site.timeout).map_err(failed)?;
        undeclared::drop_all(&mut patient, &table.definition, &layout).map_err(failed)
    }

    async fn begin(&self, mode: TransactionMode) -> Result<SqliteTransaction, Error> {
        Ok(SqliteTransaction::begin(&self.database()?, mode).await?)
    }

    // Transactions that write come one after the other: none is in another's way.
    async fn back_off(&self, _: usize) {}

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        longevity_core::block_on(future)
    }
}

/// What a job needs of a write: rows are found by their ids.
fn owned(write: Write<'_, SqliteDocument>) -> Write<'static, SqliteDocument> {
    let owned = |target: Target<'_>| Target { primary_key: None, ..target };
    match write {
        Write::Insert(content) => Write::Insert(content),
        Write::Replace(target, content) => Write::Replace(owned(target), content),
        Write::Delete(target) => Write::Delete(owned(target)),
    }
}
