//! A back end around another, to forbid, count or break its operations. With it, tests prove that a suite notices faults.
//!
//! A [`Decorator`] overrides the operations that it changes. All others are forwarded.

mod transaction;

use std::future::Future;
use std::sync::Arc;

use longevity_core::backend::{
    AllWritten, Backend, BrokenIndex, ByKind, Capabilities, DecodeError, Give, GiveValues, Inspection, Lookup, Profile,
    Session, Target, Transaction, TransactionMode, Write, WriteFailure, Writes, Written, find_values_of_documents,
};
use longevity_core::backend::{InPlace, Predicate, Select};
use longevity_core::encoding::{Projection, PropertyReader};
use longevity_core::table::TableDefinition;
use longevity_core::{Encodable, Error, Explanation, Row, RowContent, RowId, Timestamp, Value};

pub use transaction::DecoratedTransaction;

/// The rows that a back end returns.
pub type Rows<B> = Vec<Row<<B as Session>::Document>>;

/// Changes the operations of a back end. Each operation forwards unless it is overridden. They are those of [`Backend`], with its
/// writes [by kind](ByKind); `write_many` does several writes that are not all inserts.
#[expect(missing_docs, reason = "each method is the operation of the same name")]
pub trait Decorator<B: Backend>: Send + Sync + 'static {
    fn capabilities(&self, inner: &B) -> Capabilities {
        inner.capabilities()
    }

    fn open(
        &self,
        inner: &B,
        definitions: &[Arc<TableDefinition>],
    ) -> impl Future<Output = Result<Vec<B::Table>, Error>> + Send {
        inner.open(definitions)
    }

    fn create_schema(&self, inner: &B, tables: &[&B::Table]) -> impl Future<Output = Result<(), Error>> + Send {
        inner.create_schema(tables)
    }

    fn undeclared_keys(&self, inner: &B, table: &B::Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send {
        inner.undeclared_keys(table)
    }

    fn drop_undeclared_keys(
        &self,
        inner: &B,
        table: &B::Table,
    ) -> impl Future<Output = Result<Vec<String>, Error>> + Send {
        inner.drop_undeclared_keys(table)
    }

    fn insert(
        &self,
        inner: &B,
        table: &B::Table,
        content: RowContent<B::Document>,
    ) -> impl Future<Output = Result<RowId, WriteFailure>> + Send {
        inner.insert(table, content)
    }

    fn insert_many(
        &self,
        inner: &B,
        table: &B::Table,
        contents: Vec<RowContent<B::Document>>,
    ) -> impl Future<Output = Result<Vec<RowId>, (usize, WriteFailure)>> + Send {
        inner.insert_many(table, contents)
    }

    fn replace(
        &self,
        inner: &B,
        table: &B::Table,
        target: Target<'_>,
        content: RowContent<B::Document>,
    ) -> impl Future<Output = Result<u64, WriteFailure>> + Send {
        inner.replace(table, target, content)
    }

    fn delete(
        &self,
        inner: &B,
        table: &B::Table,
        target: Target<'_>,
    ) -> impl Future<Output = Result<(), WriteFailure>> + Send {
        inner.delete(table, target)
    }

    fn write_many(
        &self,
        inner: &B,
        table: &B::Table,
        writes: Writes<'_, B::Document>,
    ) -> impl Future<Output = Result<AllWritten<B::Document>, (usize, WriteFailure)>> + Send {
        inner.write(table, writes)
    }

    fn patch(
        &self,
        inner: &B,
        table: &B::Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> impl Future<Output = Result<Option<Row<B::Document>>, Error>> + Send {
        inner.patch(table, lookup, changes, written_at)
    }

    fn get(
        &self,
        inner: &B,
        table: &B::Table,
        lookup: Lookup<'_>,
    ) -> impl Future<Output = Result<Option<Row<B::Document>>, Error>> + Send {
        inner.get(table, lookup)
    }

    fn find(&self, inner: &B, table: &B::Table, select: Select) -> impl Future<Output = Result<Rows<B>, Error>> + Send {
        inner.find(table, select)
    }

    fn count(
        &self,
        inner: &B,
        table: &B::Table,
        predicate: Predicate,
    ) -> impl Future<Output = Result<u64, Error>> + Send {
        inner.count(table, predicate)
    }

    fn exists(
        &self,
        inner: &B,
        table: &B::Table,
        predicate: Predicate,
    ) -> impl Future<Output = Result<bool, Error>> + Send {
        inner.exists(table, predicate)
    }

    fn stream(&self, inner: &B, table: &B::Table, select: Select) -> B::Rows {
        inner.stream(table, select)
    }

    fn explain(
        &self,
        inner: &B,
        table: &B::Table,
        select: Select,
    ) -> impl Future<Output = Result<Explanation, Error>> + Send {
        inner.explain(table, select)
    }

    /// What is read in a transaction instead.
    fn select_in_transaction(&self, select: Select) -> Select {
        select
    }

    fn hold(
        &self,
        inner: &B::Transaction,
        table: &B::Table,
        keys: &[Lookup<'_>],
    ) -> impl Future<Output = Result<bool, Error>> + Send {
        inner.hold(table, keys)
    }
}

/// A back end that a decorator changes. Its transactions are those of the inner back end, apart from what they read and hold.
#[derive(Debug)]
pub struct Decorated<B, D> {
    inner: B,
    decorator: Arc<D>,
}

impl<B: Clone, D> Clone for Decorated<B, D> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), decorator: Arc::clone(&self.decorator) }
    }
}

impl<B: Backend, D: Decorator<B>> Decorated<B, D> {
    /// The back end, changed by the decorator.
    pub fn new(inner: B, decorator: D) -> Self {
        Self { inner, decorator: Arc::new(decorator) }
    }
}

impl<B: Backend, D: Decorator<B>> Session for Decorated<B, D> {
    type Document = B::Document;
    type Table = B::Table;
    type Rows = B::Rows;

    async fn write(
        &self,
        table: &B::Table,
        mut writes: Writes<'_, B::Document>,
    ) -> Result<AllWritten<B::Document>, (usize, WriteFailure)> {
        let (inner, decorator) = (&self.inner, &*self.decorator);
        if writes.len() == 1
            && !writes.iter().any(Write::wants_before)
            && let Some(write) = writes.pop()
        {
            let written = match write {
                Write::Insert(content) => decorator.insert(inner, table, content).await.map(Written::Inserted),
                Write::Replace(target, content) => decorator
                    .replace(inner, table, target, content)
                    .await
                    .map(|version| Written::Replaced(version, None)),
                Write::Delete(target) => decorator.delete(inner, table, target).await.map(|()| Written::Deleted(None)),
            };
            return written.map(|written| AllWritten::from_iter([written])).map_err(|failure| (0, failure));
        }
        if writes.iter().any(|write| write.target().is_some()) {
            return decorator.write_many(inner, table, writes).await;
        }
        let content = |write| match write {
            Write::Insert(content) => Some(content),
            Write::Replace(..) | Write::Delete(_) => None,
        };
        let ids = decorator.insert_many(inner, table, writes.into_iter().filter_map(content).collect()).await?;
        Ok(ids.into_iter().map(Written::Inserted).collect())
    }

    fn patch(
        &self,
        table: &B::Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> impl Future<Output = Result<Option<Row<B::Document>>, Error>> + Send {
        self.decorator.patch(&self.inner, table, lookup, changes, written_at)
    }

    fn get(
        &self,
        table: &B::Table,
        lookup: Lookup<'_>,
    ) -> impl Future<Output = Result<Option<Row<B::Document>>, Error>> + Send {
        self.decorator.get(&self.inner, table, lookup)
    }

    async fn find_each(&self, table: &B::Table, select: Select, give: &mut dyn Give<B::Document>) -> Result<(), Error> {
        self.decorator.find(&self.inner, table, select).await?.iter().try_for_each(|row| give.give(row))
    }

    fn find_values(
        &self,
        table: &B::Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        find_values_of_documents(self, |doc, property| self.read(doc, property), table, select, projection, give)
    }

    fn count(&self, table: &B::Table, predicate: Predicate) -> impl Future<Output = Result<u64, Error>> + Send {
        self.decorator.count(&self.inner, table, predicate)
    }

    fn exists(&self, table: &B::Table, predicate: Predicate) -> impl Future<Output = Result<bool, Error>> + Send {
        self.decorator.exists(&self.inner, table, predicate)
    }

    fn stream(&self, table: &B::Table, select: Select) -> B::Rows {
        self.decorator.stream(&self.inner, table, select)
    }

    fn explain(&self, table: &B::Table, select: Select) -> impl Future<Output = Result<Explanation, Error>> + Send {
        self.decorator.explain(&self.inner, table, select)
    }
}

impl<B: Backend, D: Decorator<B>> Backend for Decorated<B, D> {
    type Transaction = DecoratedTransaction<B, D>;

    const NAME: &'static str = B::NAME;

    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn profile(&self) -> Profile {
        // The decorator may look at columns, and patch in place, even if the inner back end does not.
        Profile { columns: true, patches_in_place: true, ..self.inner.profile() }
    }

    fn capabilities(&self) -> Capabilities {
        self.decorator.capabilities(&self.inner)
    }

    fn encode<T: Encodable>(&self, value: &T) -> Result<B::Document, Error> {
        self.inner.encode(value)
    }

    fn decode<T: Encodable>(&self, doc: &B::Document) -> Result<T, DecodeError> {
        self.inner.decode(doc)
    }

    fn read(&self, doc: &B::Document, property: &PropertyReader) -> Result<Value, DecodeError> {
        self.inner.read(doc, property)
    }

    fn open(&self, definitions: &[Arc<TableDefinition>]) -> impl Future<Output = Result<Vec<B::Table>, Error>> + Send {
        self.decorator.open(&self.inner, definitions)
    }

    fn create_schema(&self, tables: &[&B::Table]) -> impl Future<Output = Result<(), Error>> + Send {
        self.decorator.create_schema(&self.inner, tables)
    }

    fn undeclared_keys(&self, table: &B::Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send {
        self.decorator.undeclared_keys(&self.inner, table)
    }

    fn drop_undeclared_keys(&self, table: &B::Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send {
        self.decorator.drop_undeclared_keys(&self.inner, table)
    }

    fn enforce_references(&self, tables: &[&B::Table]) -> impl Future<Output = Result<(), Error>> + Send {
        self.inner.enforce_references(tables)
    }

    fn inspect(
        &self,
        table: &B::Table,
        after: Option<RowId>,
        limit: usize,
    ) -> impl Future<Output = Result<Inspection, Error>> + Send {
        self.inner.inspect(table, after, limit)
    }

    fn inspect_indexes(&self, table: &B::Table) -> impl Future<Output = Result<Vec<BrokenIndex>, Error>> + Send {
        self.inner.inspect_indexes(table)
    }

    fn rebuild(&self, table: &B::Table, rows: &[RowId]) -> impl Future<Output = Result<(), Error>> + Send {
        self.inner.rebuild(table, rows)
    }

    fn rebuild_indexes(&self, table: &B::Table) -> impl Future<Output = Result<(), Error>> + Send {
        self.inner.rebuild_indexes(table)
    }

    async fn begin(&self, mode: TransactionMode) -> Result<Self::Transaction, Error> {
        Ok(DecoratedTransaction { inner: self.inner.begin(mode).await?, decorator: Arc::clone(&self.decorator) })
    }

    fn back_off(&self, tries: usize) -> impl Future<Output = ()> + Send {
        self.inner.back_off(tries)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.inner.block_on(future)
    }
}

/// Declares no capabilities, but still does everything. A caller that relies on an undeclared operation is at fault.
#[derive(Clone, Copy, Debug)]
pub struct WithoutCapabilities;

impl<B: Backend> Decorator<B> for WithoutCapabilities {
    fn capabilities(&self, _: &B) -> Capabilities {
        Capabilities::none()
    }
}
