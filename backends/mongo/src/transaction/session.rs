//! The public handle of a transaction, whose operations share a session.

use std::fmt;
use std::sync::Arc;

use longevity_core::backend::{
    AllWritten, Give, GiveValues, InPlace, Lookup, Predicate, Select, Session, Transaction, TransactionMode,
    WriteFailure, Writes, find_values_of_documents,
};
use longevity_core::encoding::Projection;
use longevity_core::{Error, Explanation, Row, Timestamp};

use crate::connection::client::Connection;
use crate::encode::document::MongoDocument;
use crate::error::{MongoError, unsupported};
use crate::query::stream::Rows;
use crate::query::{explain, read};
use crate::table::{ReadyTable, Table};
use crate::transaction::executor::Executor;
use crate::transaction::open_transaction::OpenTransaction;
use crate::write::{dispatch, hold, patch};

/// A transaction on a [`Mongo`](crate::Mongo) database, in the runtime in which it was begun.
///
/// A transaction that writes is a transaction of the server, which sees one moment (the read concern `snapshot`). A transaction
/// that only reads is a session of reads at one moment, which may live longer. The moment of a transaction is that of its first
/// operation; the moment of a snapshot is its beginning.
pub struct MongoTransaction {
    open: Arc<OpenTransaction>,
}

impl MongoTransaction {
    pub(crate) async fn begin(connection: &Arc<Connection>, mode: TransactionMode) -> Result<Self, Error> {
        let open = OpenTransaction::begin(connection, mode.into()).await.map_err(MongoError::of_read)?;
        Ok(Self { open: Arc::new(open) })
    }

    async fn ready(&self, table: &Table) -> Result<Arc<ReadyTable>, Error> {
        Ok(table.ready_in(&self.open.connection().runtime).await?)
    }

    fn reads(&self) -> Result<Executor<'_>, Error> {
        Ok(Executor::Transaction(self.open.reading()?))
    }

    async fn writes(&self) -> Result<Executor<'_>, Error> {
        Ok(Executor::Transaction(self.open.writing().await?))
    }
}

impl Session for MongoTransaction {
    type Document = MongoDocument;
    type Table = Table;
    type Rows = Rows;

    async fn write(
        &self,
        table: &Table,
        writes: Writes<'_, MongoDocument>,
    ) -> Result<AllWritten<MongoDocument>, (usize, WriteFailure)> {
        let failed = |error: Error| (0, error.into());
        let ready = self.ready(table).await.map_err(failed)?;
        let mut executor = self.writes().await.map_err(failed)?;
        ready.within(dispatch::write(&ready, &mut executor, writes)).await
    }

    async fn patch(
        &self,
        table: &Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> Result<Option<Row<MongoDocument>>, Error> {
        let (ready, mut executor) = (self.ready(table).await?, self.writes().await?);
        ready.within(patch::patch(&ready, &mut executor, &lookup, changes, written_at)).await
    }

    async fn get(&self, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row<MongoDocument>>, Error> {
        let (ready, mut executor) = (self.ready(table).await?, self.reads()?);
        ready.within(read::get(&ready, &mut executor, &lookup)).await
    }

    async fn find_each(&self, table: &Table, select: Select, give: &mut dyn Give<MongoDocument>) -> Result<(), Error> {
        let ready = self.ready(table).await?;
        ready.within(read::each(&ready, Some(&self.open), &select, give)).await
    }

    async fn find_values(
        &self,
        table: &Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> Result<(), Error> {
        find_values_of_documents(self, MongoDocument::read, table, select, projection, give).await
    }

    async fn count(&self, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        let (ready, mut executor) = (self.ready(table).await?, self.reads()?);
        ready.within(read::count(&ready, &mut executor, &predicate)).await
    }

    async fn exists(&self, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        let (ready, mut executor) = (self.ready(table).await?, self.reads()?);
        ready.within(read::exists(&ready, &mut executor, &predicate)).await
    }

    fn stream(&self, table: &Table, select: Select) -> Rows {
        Rows::new(table, Some(Arc::clone(&self.open)), select)
    }

    /// Runs outside of the transaction, because the server explains nothing in one.
    async fn explain(&self, table: &Table, select: Select) -> Result<Explanation, Error> {
        drop(self.open.reading()?);
        let ready = self.ready(table).await?;
        ready.within(explain::of_select(&ready, &select)).await
    }
}

impl Transaction for MongoTransaction {
    async fn commit(&self) -> Result<(), Error> {
        match self.open.commit().await? {
            Ok(()) => Ok(()),
            Err(error) => Err(self.open.connection().within(self.open.uncommitted(error)).await),
        }
    }

    async fn rollback(&self) -> Result<(), Error> {
        if let Some(undo) = self.open.undo() {
            undo.await;
        }
        Ok(())
    }

    fn abandon(&self) {
        // A task undoes the transaction.
        drop(self.open.undo());
    }

    async fn hold(&self, table: &Table, keys: &[Lookup<'_>]) -> Result<bool, Error> {
        let (ready, mut executor) = (self.ready(table).await?, self.writes().await?);
        ready.within(hold::hold(&ready, &mut executor, keys)).await
    }

    fn savepoint(&self) -> Result<(), Error> {
        Err(unsupported("nested transactions"))
    }

    fn release(&self, _: usize) -> Result<(), Error> {
        Err(unsupported("nested transactions"))
    }

    fn undo(&self, _: usize) {}
}

/// Undoes the transaction even while a stream of it still exists.
impl Drop for MongoTransaction {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl fmt::Debug for MongoTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoTransaction").finish_non_exhaustive()
    }
}
