//! The transactions of a decorated back end.

use std::fmt;
use std::sync::Arc;

use longevity_core::backend::{
    AllWritten, Backend, Give, GiveValues, InPlace, Lookup, Predicate, Select, Session, Transaction, WriteFailure,
    Writes,
};
use longevity_core::encoding::Projection;
use longevity_core::{Error, Explanation, Row, Timestamp};

use super::Decorator;

/// A transaction of a back end that a decorator changes.
pub struct DecoratedTransaction<B: Backend, D> {
    pub(super) inner: B::Transaction,
    pub(super) decorator: Arc<D>,
}

impl<B: Backend, D> fmt::Debug for DecoratedTransaction<B, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecoratedTransaction").finish_non_exhaustive()
    }
}

impl<B: Backend, D: Decorator<B>> DecoratedTransaction<B, D> {
    fn select(&self, select: Select) -> Select {
        self.decorator.select_in_transaction(select)
    }

    fn predicate(&self, predicate: Predicate) -> Predicate {
        self.select(Select::of(predicate)).predicate
    }
}

impl<B: Backend, D: Decorator<B>> Session for DecoratedTransaction<B, D> {
    type Document = B::Document;
    type Table = B::Table;
    type Rows = B::Rows;

    async fn write(
        &self,
        table: &B::Table,
        writes: Writes<'_, B::Document>,
    ) -> Result<AllWritten<B::Document>, (usize, WriteFailure)> {
        self.inner.write(table, writes).await
    }

    async fn patch(
        &self,
        table: &B::Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> Result<Option<Row<B::Document>>, Error> {
        self.inner.patch(table, lookup, changes, written_at).await
    }

    async fn get(&self, table: &B::Table, lookup: Lookup<'_>) -> Result<Option<Row<B::Document>>, Error> {
        self.inner.get(table, lookup).await
    }

    async fn find_each(&self, table: &B::Table, select: Select, give: &mut dyn Give<B::Document>) -> Result<(), Error> {
        self.inner.find_each(table, self.select(select), give).await
    }

    async fn find_values(
        &self,
        table: &B::Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> Result<(), Error> {
        self.inner.find_values(table, self.select(select), projection, give).await
    }

    async fn count(&self, table: &B::Table, predicate: Predicate) -> Result<u64, Error> {
        self.inner.count(table, self.predicate(predicate)).await
    }

    async fn exists(&self, table: &B::Table, predicate: Predicate) -> Result<bool, Error> {
        self.inner.exists(table, self.predicate(predicate)).await
    }

    fn stream(&self, table: &B::Table, select: Select) -> B::Rows {
        self.inner.stream(table, self.select(select))
    }

    async fn explain(&self, table: &B::Table, select: Select) -> Result<Explanation, Error> {
        self.inner.explain(table, select).await
    }
}

impl<B: Backend, D: Decorator<B>> Transaction for DecoratedTransaction<B, D> {
    async fn commit(&self) -> Result<(), Error> {
        self.inner.commit().await
    }

    async fn rollback(&self) -> Result<(), Error> {
        self.inner.rollback().await
    }

    fn abandon(&self) {
        self.inner.abandon();
    }

    async fn hold(&self, table: &B::Table, keys: &[Lookup<'_>]) -> Result<bool, Error> {
        self.decorator.hold(&self.inner, table, keys).await
    }

    fn savepoint(&self) -> Result<(), Error> {
        self.inner.savepoint()
    }

    fn release(&self, depth: usize) -> Result<(), Error> {
        self.inner.release(depth)
    }

    fn undo(&self, depth: usize) {
        self.inner.undo(depth);
    }
}
