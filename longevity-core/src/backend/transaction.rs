//! Transactions: the rows of a store as one sees them.

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

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransactionMode {
    /// Reading and writing.
    ReadWrite,
    /// Reading alone: core refuses each write.
    ReadOnly,
}

/// An open transaction: a session whose operations see its own writes, and are done together or not at all.
///
/// Core refuses all operations after the end, counts savepoints, and says which failure has lost a transaction; a back end knows
/// nothing of that.
///
/// # Contract
///
/// * All reads MUST be of one moment, all tables together, changed by the transaction's own writes alone. It is the moment at which it
///   begins; of a transaction that writes it MAY be that of its first operation. What others write
///   meanwhile MUST NOT be overwritten: where it cannot go on, an operation, or the commit, MUST fail with
///   [`Error::TransactionConflict`].
/// * Operations that are begun at once MUST be done one after the other, in any order; an operation that comes after the end MUST
///   fail with [`Error::TransactionEnded`].
/// * It MUST NOT hold up its own thread: an operation that waits, waits as a future does.
/// * A write that is refused as stale or missing MUST leave the rows as they were and the transaction open, because core may repeat
///   it. So MUST one that is refused as duplicate, if there are savepoints. After any other failure, core rolls the transaction
///   back, and each operation MAY fail with [`Error::TransactionLost`].
/// * Dropped without an end, it MUST be rolled back, as by [`abandon`](Self::abandon).
pub trait Transaction: Session {
    /// Commits: all writes become visible and durable, as one. On failure none was done, unless it is [`Error::OutcomeUnknown`]. If
    /// the future is dropped, all were done or none.
    fn commit(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Undoes all writes, and waits for that.
    fn rollback(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Undoes all writes, but does not wait until they are undone. Does nothing to a commit that has begun. Later operations in the store
    /// MUST NOT see the writes, and MUST NOT wait for longer than it takes to undo them. May be called more than once.
    fn abandon(&self);

    /// Marks the state to which [`undo`](Self::undo) goes back. Marks are nested. A back end whose store is far away may send it
    /// together with the next operation. Needs [`Capabilities::savepoints`](crate::backend::Capabilities::savepoints).
    fn savepoint(&self) -> Result<(), Error>;

    /// Takes away the mark at this depth, which is 1 for the first, and those after it, and keeps what was written since.
    fn release(&self, depth: usize) -> Result<(), Error>;

    /// Undoes what was written since the mark at this depth, and takes away the mark and those after it. If there is none so deep,
    /// does nothing.
    fn undo(&self, depth: usize);
}

/// The transaction of a back end that has none, which does not declare
/// [`Capabilities::transactions`](crate::backend::Capabilities::transactions). There is no value of it.
#[derive(Debug)]
pub struct NoTransaction<B> {
    never: Infallible,
    of: PhantomData<fn() -> B>,
}

impl<B: Backend> NoTransaction<B> {
    /// What [`Backend::begin`] fails with.
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
