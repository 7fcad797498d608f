//! A transaction. It has the connection that writes until it ends, or it only reads, and sees a snapshot.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use longevity_core::backend::{
    AllWritten, Give, GiveValues, Lookup, Session, Transaction, TransactionMode, WriteFailure, Writes,
};
use longevity_core::backend::{Predicate, Select};
use longevity_core::encoding::Projection;
use longevity_core::{Error, Explanation, Row};
use rusqlite::Connection;

use crate::connection::database::Database;
use crate::encode::document::SqliteDocument;
use crate::encode::row::ID;
use crate::error::{NAME, SqliteError};
use crate::query::explain::{explained, explanation_of};
use crate::query::projection::Values;
use crate::query::read;
use crate::query::stream::{self, Rows};
use crate::query::translate;
use crate::schema::names::quoted;
use crate::schema::ready_table::ReadyTable;
use crate::table::Table;
use crate::transaction::open::{Open, Shared, UsedConnection, commit, ended, give_back, lost};
use crate::transaction::snapshot_rows::SnapshotRows;
use crate::write::job;
use crate::writer::lease::Lease;
use crate::writer::synchronized_commit::SynchronizedCommit;

/// A transaction on a [`Sqlite`](crate::Sqlite) database.
///
/// A transaction that writes has the connection that writes to itself, so such transactions and all other writes run one after
/// the other. A transaction that only reads has a separate connection, and sees the file as it was when the transaction began. A
/// database in memory has one connection, so there it sees a copy.
pub struct SqliteTransaction {
    database: Arc<Database>,
    open: Shared,
}

impl SqliteTransaction {
    pub(crate) async fn begin(database: &Arc<Database>, mode: TransactionMode) -> Result<Self, SqliteError> {
        let connection = match mode {
            TransactionMode::ReadWrite => UsedConnection::Writer(Lease::begin(&database.writer).await?),
            TransactionMode::ReadOnly if database.has_readers() => {
                let connection = database.take_reader()?;
                stream::begin(&connection).map_err(|error| database.site.failed(error))?;
                UsedConnection::Reader(connection)
            }
            TransactionMode::ReadOnly => {
                let lease = Lease::claim(&database.writer).await?;
                let copy = database.copy(&mut lease.connection())?;
                UsedConnection::Copy(copy)
            }
        };
        let open = Some(Open { connection, savepoints: 0, wrote: false });
        Ok(Self { database: Arc::clone(database), open: Arc::new(Mutex::new(open)) })
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs an operation on the connection.
    fn with<T>(&self, act: impl FnOnce(&mut Connection) -> Result<T, Error>) -> Result<T, Error> {
        let mut open = self.open();
        match &mut open.as_mut().ok_or_else(ended)?.connection {
            UsedConnection::Writer(lease) => {
                let mut connection = lease.connection();
                // If SQLite has ended the transaction, another statement would be committed alone.
                if connection.is_autocommit() { Err(lost()) } else { act(&mut connection) }
            }
            // If the snapshot has ended, another statement would see a later state.
            UsedConnection::Reader(connection) if connection.is_autocommit() => Err(lost()),
            UsedConnection::Reader(connection) | UsedConnection::Copy(connection) => act(connection),
        }
    }

    /// Reads from a table.
    fn read<T>(
        &self,
        table: &Table,
        read: impl FnOnce(&Connection, &Arc<ReadyTable>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.with(|connection| read(connection, table.ready_on(connection)?))
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        self.database.site.failed(error).into()
    }

    /// All rows of a query. All are found before the first is passed on, because the receiver may use the transaction.
    fn found(&self, table: &Table, select: &Select) -> Result<Vec<Result<Row<SqliteDocument>, Error>>, Error> {
        self.read(table, |connection, ready| {
            let statement = translate::select(&self.database.properties, ready, select)?;
            read::all_of(connection, ready, &statement).map_err(|error| self.failed(error))
        })
    }

    /// The ids of a query's rows.
    fn ids(&self, table: &Table, select: &Select) -> Result<SnapshotRows, Error> {
        self.read(table, |connection, ready| {
            let ids = format!("SELECT {} FROM {}", quoted(ID), quoted(&ready.layout.table));
            let statement = translate::select_as(&self.database.properties, ready, select, &ids)?;
            let find = || -> rusqlite::Result<Vec<i64>> {
                read::prepared(connection, &statement)?.raw_query().mapped(|row| row.get(0)).collect()
            };
            let ids = find().map_err(|error| self.failed(error))?.into_iter();
            let (database, table, open) = (Arc::clone(&self.database), Arc::clone(ready), Arc::clone(&self.open));
            Ok(SnapshotRows { database, table, open, ids })
        })
    }

    fn execute(&self, sql: &str) -> Result<(), Error> {
        self.with(|connection| {
            let run = connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
            run.map(drop).map_err(|error| self.failed(error))
        })
    }
}

// Each future is ready at its first poll, except for a commit, which may wait for other commits to share a synchronization with.
impl Session for SqliteTransaction {
    type Document = SqliteDocument;
    type Table = Table;
    type Rows = Rows;

    async fn write(
        &self,
        table: &Table,
        writes: Writes<'_, SqliteDocument>,
    ) -> Result<AllWritten<SqliteDocument>, (usize, WriteFailure)> {
        if let Some(open) = &mut *self.open() {
            open.wrote = true;
        }
        let write = |connection: &mut Connection| {
            let ready = table.ready_on(connection)?;
            let answer = job::in_transaction(connection, &self.database.site, ready, &writes);
            match answer {
                // SQLite rolled the transaction back, so its earlier writes are lost too.
                Err((_, failure)) if connection.is_autocommit() && !matches!(failure, WriteFailure::Other(_)) => {
                    Err(lost())
                }
                answer => Ok(answer),
            }
        };
        self.with(write).map_err(|error| (0, error.into()))?
    }

    async fn get(&self, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row<SqliteDocument>>, Error> {
        self.read(table, |connection, ready| {
            let sql = read::checked(ready, &lookup)?;
            read::get(connection, ready, sql, &lookup).map_err(|error| self.failed(error))?.transpose()
        })
    }

    async fn find_each(&self, table: &Table, select: Select, give: &mut dyn Give<SqliteDocument>) -> Result<(), Error> {
        self.found(table, &select)?.into_iter().try_for_each(|row| give.give(&row?))
    }

    async fn find_values(
        &self,
        table: &Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> Result<(), Error> {
        let found = self.read(table, |connection, ready| {
            let values = Values::of(&self.database.properties, ready, &select, projection)?;
            values.all(connection, ready).map_err(|error| self.failed(error))?
        })?;
        found.into_iter().try_for_each(|(row, values)| give(&row, values))
    }

    async fn count(&self, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        self.read(table, |connection, ready| {
            let statement = translate::count(&self.database.properties, ready, &predicate)?;
            read::number_of(connection, &statement).map_err(|error| self.failed(error))
        })
    }

    async fn exists(&self, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        self.read(table, |connection, ready| {
            let statement = translate::exists(&self.database.properties, ready, &predicate)?;
            read::number_of(connection, &statement).map(|found| found > 0).map_err(|error| self.failed(error))
        })
    }

    fn stream(&self, table: &Table, select: Select) -> Rows {
        let is_to_read = self.open().as_ref().is_some_and(|open| !matches!(open.connection, UsedConnection::Writer(_)));
        if is_to_read {
            // The snapshot does not change, so the rows need not be kept.
            return self
                .ids(table, &select)
                .map_or_else(Rows::failed, |mut rows| Rows::on_demand(move |count| rows.next(count)));
        }
        self.found(table, &select).map_or_else(Rows::failed, Rows::ready)
    }

    async fn explain(&self, table: &Table, select: Select) -> Result<Explanation, Error> {
        self.read(table, |connection, ready| {
            let statement = translate::select(&self.database.properties, ready, &select)?;
            let plan = explained(connection, ready, &statement).map_err(|error| self.failed(error))?;
            Ok(explanation_of(&select, plan))
        })
    }
}

impl Transaction for SqliteTransaction {
    async fn commit(&self) -> Result<(), Error> {
        let Open { connection, wrote, .. } = self.open().take().ok_or_else(ended)?;
        let number = match connection {
            UsedConnection::Writer(lease) => commit(&self.database, lease, wrote)?,
            reader => {
                give_back(&self.database, reader);
                None
            }
        };
        let Some(number) = number else { return Ok(()) };
        let synced = SynchronizedCommit::new(Arc::clone(&self.database.writer), number).await;
        synced.map_err(|error| Error::OutcomeUnknown { backend: NAME, source: error.into() })
    }

    async fn rollback(&self) -> Result<(), Error> {
        self.abandon();
        Ok(())
    }

    fn abandon(&self) {
        let open = self.open().take();
        if let Some(open) = open {
            give_back(&self.database, open.connection);
        }
    }

    // Transactions are serializable.
    async fn hold(&self, table: &Table, keys: &[Lookup<'_>]) -> Result<bool, Error> {
        self.read(table, |connection, ready| {
            for key in keys {
                read::checked(ready, key)?;
                if !read::exists(connection, ready, key).map_err(|error| self.failed(error))? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    fn savepoint(&self) -> Result<(), Error> {
        let depth = self.open().as_ref().ok_or_else(ended)?.savepoints + 1;
        self.execute(&format!("SAVEPOINT nested{depth}"))?;
        self.open().as_mut().ok_or_else(ended)?.savepoints = depth;
        Ok(())
    }

    fn release(&self, depth: usize) -> Result<(), Error> {
        if depth > self.open().as_ref().ok_or_else(ended)?.savepoints {
            return Ok(());
        }
        self.execute(&format!("RELEASE nested{depth}"))?;
        self.open().as_mut().ok_or_else(ended)?.savepoints = depth.saturating_sub(1);
        Ok(())
    }

    fn undo(&self, depth: usize) {
        let is_there = self.open().as_ref().is_some_and(|open| (1..=open.savepoints).contains(&depth));
        if !is_there {
            return;
        }
        let undone = self.execute(&format!("ROLLBACK TO nested{depth}"));
        if let Err(error) = undone.and_then(|()| self.release(depth)) {
            // If the savepoint cannot be undone, the whole transaction is.
            tracing::debug!(%error, "cannot go back to a savepoint");
            self.abandon();
        }
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl fmt::Debug for SqliteTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteTransaction").field("database", &self.database).finish_non_exhaustive()
    }
}
