//! The back end: the operations of the interface, each of which is passed to the module that does it.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use longevity_core::backend::{
    AllWritten, Backend, BrokenIndex, Capabilities, DecodeError, Give, GiveValues, Inspection, Lookup, Profile,
    Session, Target, TransactionMode, Write, WriteFailure, Writes, Written,
};
use longevity_core::backend::{Predicate, Select};
use longevity_core::encoding::{Projection, PropertyReader};
use longevity_core::table::{Scope, TableDefinition};
use longevity_core::{Encodable, Error, Explanation, Row, RowContent, RowId, Value};
use rusqlite::{Connection, TransactionBehavior};

use crate::connection::database::Database;
use crate::encode::document::SqliteDocument;
use crate::error;
use crate::query::projection::Values;
use crate::query::stream::Rows;
use crate::query::translate::{self, Statement};
use crate::query::{explain, read};
use crate::schema::foreign;
use crate::schema::names::quoted;
use crate::schema::ready_table::ReadyTable;
use crate::schema::{comparison, create, inspect, references, undeclared};
use crate::settings::{Durability, LONGEST_TIMEOUT, Place, Settings};
use crate::table::Table;
use crate::transaction::session::SqliteTransaction;
use crate::write::job::Job;
use crate::write::targets::Targets;
use crate::writer::lease::Lease;
use crate::writer::patient_connection::PatientConnection;
use crate::writer::submission::Submission;

/// A SQLite database: one file, or a private one in memory. Clones share it.
///
/// The file is opened when the store is, and created if it does not exist.
///
/// ```
/// use std::time::Duration;
/// use longevity_sqlite::{Durability, Sqlite};
///
/// let careful = Sqlite::file("blog.db");
/// let quick = Sqlite::file("blog.db").durability(Durability::Normal).busy_timeout(Duration::from_secs(30));
/// let gone_at_the_end = Sqlite::in_memory();
/// ```
#[derive(Clone)]
pub struct Sqlite {
    pub(crate) settings: Settings,
    pub(crate) database: Arc<OnceLock<Arc<Database>>>,
}

impl Sqlite {
    /// The database in this file. `:memory:` is not a file: see [`in_memory`](Self::in_memory).
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::at(Place::File(path.as_ref().to_owned()))
    }

    /// A private database in memory. It is gone when its last clone and its last store are dropped.
    pub fn in_memory() -> Self {
        Self::at(Place::Memory)
    }

    /// The database that an address names: `sqlite:blog.db`, `sqlite:/var/lib/blog.db` (or `sqlite:///var/lib/blog.db`), or
    /// `sqlite::memory:`; the prefix may be left out if there is no other `:` before the first `/`. There are no parameters: the
    /// methods of this type set everything. An address that looks like a server's, or holds credentials, is refused, and the
    /// error does not show it. [`file`](Self::file) takes any name.
    ///
    /// ```
    /// use longevity_sqlite::Sqlite;
    ///
    /// assert_eq!(format!("{:?}", Sqlite::from_uri("sqlite:blog.db")?), r#"Sqlite(File("blog.db"))"#);
    /// assert_eq!(format!("{:?}", Sqlite::from_uri("sqlite::memory:")?), "Sqlite(Memory)");
    /// assert!(Sqlite::from_uri("sqlite:").is_err());
    /// assert!(Sqlite::from_uri("sqlite://blog.db").is_err());
    /// assert!(Sqlite::from_uri("mongodb://localhost/blog").is_err());
    /// # Ok::<(), longevity_core::Error>(())
    /// ```
    pub fn from_uri(uri: &str) -> Result<Self, Error> {
        Place::from_uri(uri).map(Self::at)
    }

    fn at(place: Place) -> Self {
        Self { settings: Settings::of(place), database: Arc::default() }
    }

    /// Sets what an acknowledged write is safe against: [`Durability::Full`] by default.
    pub fn durability(self, durability: Durability) -> Self {
        self.with(|settings| settings.durability = durability)
    }

    /// Sets how long an operation waits for another process's lock, or for the transactions of this process, before it fails with
    /// [`Error::Busy`]: 5 s by default. A transaction may wait for both, one after the other, up to this timeout each. SQLite
    /// counts milliseconds up to about 24 days: a longer timeout, such as [`Duration::MAX`], is cut to that.
    pub fn busy_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.busy_timeout = timeout.min(LONGEST_TIMEOUT))
    }

    /// Sets how much of the database each connection may keep in memory, in KiB: 16 MiB by default. A value above 2 TiB means 2
    /// TiB.
    pub fn cache_kib(self, kib: u32) -> Self {
        self.with(|settings| settings.cache_kib = kib)
    }

    /// Sets the size, in bytes, that the database may grow to. A write that would exceed it fails with [`SqliteError::Full`].
    /// There is no limit if it is not set.
    ///
    /// [`SqliteError::Full`]: crate::SqliteError::Full
    pub fn max_size(self, bytes: u64) -> Self {
        self.with(|settings| settings.max_size = Some(bytes))
    }

    /// Changes the settings, for a database that is opened separately: one that is open already keeps its settings.
    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self.database = Arc::default();
        self
    }

    /// The database, which the first caller opens.
    fn database(&self) -> Result<Arc<Database>, Error> {
        if let Some(database) = self.database.get() {
            return Ok(Arc::clone(database));
        }
        let opened = Database::open(&self.settings)?;
        Ok(Arc::clone(self.database.get_or_init(|| opened)))
    }

    /// The statements that create a table and its indexes, as `sqlite3` shows them.
    pub async fn schema_of(&self, table: &Table) -> Result<Vec<String>, Error> {
        let ready = table.ready().await?;
        query(table, |connection| create::statements(connection, &ready.layout.table)).await
    }

    /// SQLite's plan for the look-up of the key at a position, in one scope or in any.
    pub async fn plan_of_key(&self, table: &Table, index: usize, scope: Option<Scope>) -> Result<Explanation, Error> {
        let ready = table.ready().await?;
        let sql = read::of_key(ready, index, scope)?.to_owned();
        let statement = Statement { sql, values: Vec::new() };
        query(table, |connection| explain::explained(connection, ready, &statement)).await
    }
}

/// Changes what the database keeps beside documents, all or nothing, between writes. A reference that dangles must not keep it
/// from that, so foreign keys are switched off meanwhile.
async fn change(
    table: &Table,
    work: impl FnOnce(&Connection, &ReadyTable) -> rusqlite::Result<()>,
) -> Result<(), Error> {
    let ready = Arc::clone(table.ready().await?);
    let database = &table.database;
    let lease = Lease::claim(&database.writer).await?;
    let change = || {
        let mut patient = PatientConnection::new(lease.connection(), database.site.timeout)?;
        foreign::without_checks(&mut patient, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            work(&transaction, &ready)?;
            transaction.commit()
        })
    };
    change().map_err(|error| database.site.failed(error).into())
}

/// Reads on this thread.
async fn query<R>(table: &Table, work: impl FnOnce(&Connection) -> rusqlite::Result<R>) -> Result<R, Error> {
    let database = &table.database;
    let read = database.read(|connection| work(connection).map_err(|error| database.site.failed(error)));
    read.await.map_err(Error::from)
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
        let writes = writes.into_iter().map(owned).collect();
        let job = Job { table: Arc::clone(ready), writes, targets: None };
        Submission::new(Arc::clone(&table.database.writer), job).await
    }

    async fn get(&self, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row<SqliteDocument>>, Error> {
        let ready = table.ready().await?;
        let sql = read::checked(ready, &lookup)?;
        query(table, |connection| read::get(connection, ready, sql, &lookup)).await?.transpose()
    }

    async fn find_each(&self, table: &Table, select: Select, give: &mut dyn Give<SqliteDocument>) -> Result<(), Error> {
        let ready = table.ready().await?;
        let statement = translate::select(&table.database.properties, ready, &select)?;
        if !table.database.has_readers() {
            // This is the only connection, and the receiver may call the store. So the rows are passed on after the connection is
            // free again.
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
        let values = Values::of(&table.database.properties, ready, &select, projection)?;
        if table.database.has_readers() {
            let site = &table.database.site;
            let each = |connection: &Connection| values.each(connection, ready, give);
            return table.database.read_aside(|connection| each(connection).map_err(|error| site.failed(error)))?;
        }
        // As in `find_each`, the receiver may call the store.
        let found = query(table, |connection| values.all(connection, ready)).await??;
        found.into_iter().try_for_each(|(row, values)| give(&row, values))
    }

    async fn count(&self, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        let statement = translate::count(&table.database.properties, table.ready().await?, &predicate)?;
        query(table, |connection| read::number_of(connection, &statement)).await
    }

    async fn exists(&self, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        let statement = translate::exists(&table.database.properties, table.ready().await?, &predicate)?;
        query(table, |connection| read::number_of(connection, &statement)).await.map(|found| found > 0)
    }

    fn stream(&self, table: &Table, select: Select) -> Rows {
        if !table.database.has_readers() {
            let table = table.handle();
            return Rows::found(async move {
                let ready = table.ready().await?;
                let statement = translate::select(&table.database.properties, ready, &select)?;
                query(&table, |connection| read::all_of(connection, ready, &statement)).await
            });
        }
        let begin = || {
            let connection = table.database.take_reader()?;
            let ready = table.ready_on(&connection)?;
            let statement = translate::select(&table.database.properties, ready, &select)?;
            Rows::of_snapshot(&table.database, connection, ready, statement)
        };
        begin().unwrap_or_else(Rows::failed)
    }

    async fn explain(&self, table: &Table, select: Select) -> Result<Explanation, Error> {
        let ready = table.ready().await?;
        let statement = translate::select(&table.database.properties, ready, &select)?;
        let plan = query(table, |connection| explain::explained(connection, ready, &statement)).await?;
        Ok(explain::explanation_of(&select, plan))
    }
}

impl Backend for Sqlite {
    type Transaction = SqliteTransaction;

    const NAME: &'static str = error::NAME;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn profile(&self) -> Profile {
        Profile { columns: true, limits_levels: true, patches_in_place: false, inserts_with_targets: true }
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
        let table = |definition: &Arc<TableDefinition>| {
            let referred = references::referred(definition, definitions).into();
            Table::new(Arc::clone(definition), Arc::clone(&database), referred)
        };
        Ok(definitions.iter().map(table).collect())
    }

    async fn create_schema(&self, tables: &[&Table]) -> Result<(), Error> {
        let Some(table) = tables.first() else { return Ok(()) };
        let database = &table.database;
        let definitions: Vec<_> = tables.iter().map(|table| &*table.definition).collect();
        let lease = Lease::claim(&database.writer).await?;
        let patient = PatientConnection::new(lease.connection(), database.site.timeout);
        let mut patient = patient.map_err(|error| database.site.failed(error))?;
        create::create(&mut patient, &database.site, &definitions)
    }

    async fn insert_with_targets(
        &self,
        table: &Table,
        content: RowContent<SqliteDocument>,
        targets: &[(&Table, Lookup<'_>)],
    ) -> Result<Option<RowId>, WriteFailure> {
        let ready = table.ready().await?;
        let mut needed = Targets::default();
        for (target, lookup) in targets {
            needed.add(target.ready().await?, lookup)?;
        }
        let writes = Writes::from_buf([Write::Insert(content)]);
        let job = Job { table: Arc::clone(ready), writes, targets: Some(needed) };
        match Submission::new(Arc::clone(&table.database.writer), job).await {
            Ok(written) => match written.first() {
                Some(Written::Inserted(id)) => Ok(Some(*id)),
                _ => Ok(None),
            },
            Err((_, WriteFailure::Missing)) => Ok(None),
            Err((_, failure)) => Err(failure),
        }
    }

    async fn enforce_references(&self, tables: &[&Table]) -> Result<(), Error> {
        let Some(table) = tables.first() else { return Ok(()) };
        let database = &table.database;
        let definitions: Vec<_> = tables.iter().map(|table| Arc::clone(&table.definition)).collect();
        let lease = Lease::claim(&database.writer).await?;
        let patient = PatientConnection::new(lease.connection(), database.site.timeout);
        let mut patient = patient.map_err(|error| database.site.failed(error))?;
        foreign::enforce(&mut patient, &database.site, &definitions)
    }

    async fn undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        let database = &table.database;
        let lease = Lease::claim(&database.writer).await?;
        let held = lease.connection();
        let failed = |error| Error::from(database.site.failed(error));
        // Another version of the model may create its schema at this moment, so the table need not be as this one needs it.
        let layout = comparison::layout(&held, &database.site, &table.definition)?;
        let found = undeclared::find(&held, &table.definition, &layout).map_err(failed)?;
        Ok(found.into_iter().map(|index| index.name).collect())
    }

    async fn drop_undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        let database = &table.database;
        let lease = Lease::claim(&database.writer).await?;
        let held = lease.connection();
        let failed = |error| Error::from(database.site.failed(error));
        let layout = comparison::ready(&held, &database.site, &table.definition)?;
        let mut patient = PatientConnection::new(held, database.site.timeout).map_err(failed)?;
        if !undeclared::find(&patient, &table.definition, &layout).map_err(failed)?.is_empty() {
            foreign::release(&mut patient, &database.site, &[&table.definition])?;
        }
        undeclared::drop_all(&mut patient, &table.definition, &layout).map_err(failed)
    }

    async fn inspect(&self, table: &Table, after: Option<RowId>, limit: usize) -> Result<Inspection, Error> {
        let ready = table.ready().await?;
        if after.is_none() {
            // Another version of the model may have created the schema since the table was opened.
            let (site, definition) = (&table.database.site, &table.definition);
            table.database.read(|connection| comparison::ready(connection, site, definition).map(drop)).await?;
        }
        query(table, |connection| inspect::rows(connection, ready, after, limit)).await
    }

    async fn inspect_indexes(&self, table: &Table) -> Result<Vec<BrokenIndex>, Error> {
        let ready = table.ready().await?;
        query(table, |connection| inspect::indexes(connection, ready, &table.referred)).await
    }

    async fn rebuild(&self, table: &Table, rows: &[RowId]) -> Result<(), Error> {
        change(table, |connection, ready| inspect::rebuild(connection, ready, rows)).await
    }

    async fn rebuild_indexes(&self, table: &Table) -> Result<(), Error> {
        let build = |connection: &Connection, ready: &ReadyTable| {
            connection.execute_batch(&format!("REINDEX {}", quoted(&ready.layout.table)))?;
            inspect::side_tables(connection, ready, &table.referred)?
                .iter()
                .try_for_each(|side_table| side_table.rebuild(connection))
        };
        change(table, build).await
    }

    async fn begin(&self, mode: TransactionMode) -> Result<SqliteTransaction, Error> {
        Ok(SqliteTransaction::begin(&self.database()?, mode).await?)
    }

    // Transactions that write run one after the other, so they do not conflict.
    async fn back_off(&self, _: usize) {}

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        longevity_core::block_on(future)
    }
}

/// A write as a job owns it. It needs no primary key, because SQLite finds rows by their ids.
fn owned(write: Write<'_, SqliteDocument>) -> Write<'static, SqliteDocument> {
    let owned = |target: Target<'_>| Target { primary_key: None, ..target };
    match write {
        Write::Insert(content) => Write::Insert(content),
        Write::Replace(target, content) => Write::Replace(owned(target), content),
        Write::Delete(target) => Write::Delete(owned(target)),
    }
}

/// Shows the place only.
impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sqlite").field(&self.settings.place).finish()
    }
}
