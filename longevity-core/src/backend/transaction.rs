//! Transactions: sessions with a view of their own.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;

use super::{AllWritten, Backend, Give, GiveValues, InPlace, Lookup, Session, WriteFailure, Writes};
use crate::encoding::Projection;
use crate::error::Error;
use crate::explain::Explanation;
use crate::row::Row;
use crate::select::{Predicate, Select};
use crate::value::Timestamp;

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransactionMode {
    /// Reading and writing.
    ReadWrite,
    /// Reading only: core refuses each write.
    ReadOnly,
}

/// An open transaction: a session whose operations see its own writes, and are done together or not at all.
///
/// Core refuses all operations after the end, counts savepoints, and reports which failure has lost a transaction; a back end
/// does none of this.
///
/// # Contract
///
/// * All reads MUST be from one moment, for all tables together, changed only by the transaction's own writes. The moment is
///   the transaction's begin; for a transaction that writes it MAY be its first operation. Writes that others make in the
///   meantime MUST NOT be overwritten: where the transaction cannot continue, an operation or the commit MUST fail with
///   [`Error::TransactionConflict`].
/// * Operations that are begun at the same time MUST be done one after the other, in any order. An operation after the end MUST
///   fail with [`Error::TransactionEnded`].
/// * A transaction MUST NOT block its own thread: an operation waits as a future does.
/// * A write that is refused as stale or missing MUST leave the rows unchanged and the transaction open, because core may
///   repeat it. The same holds for a write that is refused as a duplicate, if there are savepoints. After any other failure,
///   core rolls the transaction back, and each operation MAY fail with [`Error::TransactionLost`].
/// * A transaction that is dropped before its end MUST be rolled back, as by [`abandon`](Self::abandon).
pub trait Transaction: Session {
    /// Commits: all writes become visible and durable at once. On failure none was done, unless the error is
    /// [`Error::OutcomeUnknown`]. If the future is dropped, all were done or none.
    fn commit(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Undoes all writes, and waits until they are undone.
    fn rollback(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Undoes all writes, but does not wait until they are undone. Has no effect on a commit that has begun. Later operations
    /// in the store MUST NOT see the writes, and MUST NOT wait for longer than it takes to undo them. May be called more than
    /// once.
    fn abandon(&self);

    /// Whether there is a row in scope for each of these key values, which are distinct. If so, the rows stay like that until the
    /// transaction ends: another transaction that would delete one of them, or change its key value or its discriminator, MUST
    /// conflict with this one. A back end whose transactions are serializable [only reads the rows](hold_by_reading); others
    /// write to them. The write MUST NOT change a row's version.
    fn hold(&self, table: &Self::Table, keys: &[Lookup<'_>]) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Marks the state to which [`undo`](Self::undo) returns. Marks are nested. A back end whose store is on a network may send
    /// the mark together with the next operation. Needs [`Capabilities::savepoints`](crate::backend::Capabilities::savepoints).
    fn savepoint(&self) -> Result<(), Error>;

    /// Removes the mark at this depth, which is 1 for the first one, and the marks after it, and keeps everything written
    /// since.
    fn release(&self, depth: usize) -> Result<(), Error>;

    /// Undoes everything written since the mark at this depth, and removes the mark and those after it. Does nothing if there
    /// is no mark at this depth.
    fn undo(&self, depth: usize);
}

/// [`Transaction::hold`] for a back end whose transactions are serializable.
pub async fn hold_by_reading<T: Transaction>(
    transaction: &T,
    table: &T::Table,
    keys: &[Lookup<'_>],
) -> Result<bool, Error> {
    for key in keys {
        if transaction.get(table, *key).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The transaction type of a back end without transactions, which does not declare
/// [`Capabilities::transactions`](crate::backend::Capabilities::transactions). It has no values.
#[derive(Debug)]
pub struct NoTransaction<B> {
    never: Infallible,
    of: PhantomData<fn() -> B>,
}

impl<B: Backend> NoTransaction<B> {
    /// The error of [`Backend::begin`].
    pub fn unsupported(backend: &B) -> Error {
        Error::Unsupported { backend: backend.name(), operation: "transactions" }
    }
}

impl<B: Backend> Session for NoTransaction<B> {
    type Document = B::Document;
    type Table = B::Table;
    type Rows = B::Rows;

    async fn write(
        &self,
        _: &B::Table,
        _: Writes<'_, B::Document>,
    ) -> Result<AllWritten<B::Document>, (usize, WriteFailure)> {
        match self.never {}
    }

    async fn patch(
        &self,
        _: &B::Table,
        _: Lookup<'_>,
        _: &[InPlace],
        _: Option<Timestamp>,
    ) -> Result<Option<Row<B::Document>>, Error> {
        match self.never {}
    }

    async fn get(&self, _: &B::Table, _: Lookup<'_>) -> Result<Option<Row<B::Document>>, Error> {
        match self.never {}
    }

    async fn find_each(&self, _: &B::Table, _: Select, _: &mut dyn Give<B::Document>) -> Result<(), Error> {
        match self.never {}
    }

    async fn find_values(
        &self,
        _: &B::Table,
        _: Select,
        _: &Projection<'_>,
        _: &mut GiveValues<'_>,
    ) -> Result<(), Error> {
        match self.never {}
    }

    async fn count(&self, _: &B::Table, _: Predicate) -> Result<u64, Error> {
        match self.never {}
    }

    async fn exists(&self, _: &B::Table, _: Predicate) -> Result<bool, Error> {
        match self.never {}
    }

    fn stream(&self, _: &B::Table, _: Select) -> B::Rows {
        match self.never {}
    }

    async fn explain(&self, _: &B::Table, _: Select) -> Result<Explanation, Error> {
        match self.never {}
    }
}

impl<B: Backend> Transaction for NoTransaction<B> {
    async fn commit(&self) -> Result<(), Error> {
        match self.never {}
    }

    async fn rollback(&self) -> Result<(), Error> {
        match self.never {}
    }

    fn abandon(&self) {
        match self.never {}
    }

    async fn hold(&self, _: &B::Table, _: &[Lookup<'_>]) -> Result<bool, Error> {
        match self.never {}
    }

    fn savepoint(&self) -> Result<(), Error> {
        match self.never {}
    }

    fn release(&self, _: usize) -> Result<(), Error> {
        match self.never {}
    }

    fn undo(&self, _: usize) {
        match self.never {}
    }
}
