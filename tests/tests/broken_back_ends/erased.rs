//! Any decorator of the in-memory back end as a single type, so that the suite is compiled once for all of them.

use std::sync::Arc;

use longevity::backend::table::TableDefinition;
use longevity::backend::{AllWritten, Backend, Capabilities, Lookup, Session, Target, WriteFailure, Writes};
use longevity::backend::{InPlace, Predicate, Select};
use longevity::blocking::block_on;
use longevity::testkit::decorate::{Decorator, Rows};
use longevity::{Error, Explanation, Mem, RowId, Timestamp};

use crate::mem_rows::{Document, Row, RowContent, Table};

/// A transaction of the in-memory back end.
pub(crate) type InMem = <Mem as Backend>::Transaction;

/// A decorator whose futures are run to completion at once: those of the in-memory back end never wait.
pub(crate) struct Erased(pub(crate) Box<dyn Operations>);

macro_rules! erased {
    ($(fn $operation:ident($($argument:ident: $type:ty),*) -> $output:ty;)*) => {
        /// The operations of a decorator, without futures.
        pub(crate) trait Operations: Send + Sync {
            fn capabilities(&self, inner: &Mem) -> Capabilities;
            fn stream(&self, inner: &Mem, table: &Table, select: Select) -> <Mem as Session>::Rows;
            fn select_in_transaction(&self, select: Select) -> Select;
            fn hold(&self, inner: &InMem, table: &Table, keys: &[Lookup<'_>]) -> Result<bool, Error>;
            $(fn $operation(&self, inner: &Mem, $($argument: $type),*) -> $output;)*
        }

        impl<D: Decorator<Mem>> Operations for D {
            fn capabilities(&self, inner: &Mem) -> Capabilities {
                Decorator::capabilities(self, inner)
            }

            fn stream(&self, inner: &Mem, table: &Table, select: Select) -> <Mem as Session>::Rows {
                Decorator::stream(self, inner, table, select)
            }

            fn select_in_transaction(&self, select: Select) -> Select {
                Decorator::select_in_transaction(self, select)
            }

            fn hold(&self, inner: &InMem, table: &Table, keys: &[Lookup<'_>]) -> Result<bool, Error> {
                block_on(Decorator::hold(self, inner, table, keys))
            }

            $(fn $operation(&self, inner: &Mem, $($argument: $type),*) -> $output {
                block_on(Decorator::$operation(self, inner, $($argument),*))
            })*
        }

        impl Decorator<Mem> for Erased {
            fn capabilities(&self, inner: &Mem) -> Capabilities {
                self.0.capabilities(inner)
            }

            fn stream(&self, inner: &Mem, table: &Table, select: Select) -> <Mem as Session>::Rows {
                self.0.stream(inner, table, select)
            }

            fn select_in_transaction(&self, select: Select) -> Select {
                self.0.select_in_transaction(select)
            }

            async fn hold(&self, inner: &InMem, table: &Table, keys: &[Lookup<'_>]) -> Result<bool, Error> {
                self.0.hold(inner, table, keys)
            }

            $(async fn $operation(&self, inner: &Mem, $($argument: $type),*) -> $output {
                self.0.$operation(inner, $($argument),*)
            })*
        }
    };
}

erased! {
    fn open(definitions: &[Arc<TableDefinition>]) -> Result<Vec<Table>, Error>;
    fn create_schema(tables: &[&Table]) -> Result<(), Error>;
    fn undeclared_keys(table: &Table) -> Result<Vec<String>, Error>;
    fn drop_undeclared_keys(table: &Table) -> Result<Vec<String>, Error>;
    fn insert(table: &Table, content: RowContent) -> Result<RowId, WriteFailure>;
    fn insert_many(table: &Table, contents: Vec<RowContent>) -> Result<Vec<RowId>, (usize, WriteFailure)>;
    fn replace(table: &Table, target: Target<'_>, content: RowContent) -> Result<u64, WriteFailure>;
    fn delete(table: &Table, target: Target<'_>) -> Result<(), WriteFailure>;
    fn write_many(table: &Table, writes: Writes<'_, Document>) -> Result<AllWritten<Document>, (usize, WriteFailure)>;
    fn patch(
        table: &Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>
    ) -> Result<Option<Row>, Error>;
    fn get(table: &Table, lookup: Lookup<'_>) -> Result<Option<Row>, Error>;
    fn find(table: &Table, select: Select) -> Result<Rows<Mem>, Error>;
    fn count(table: &Table, predicate: Predicate) -> Result<u64, Error>;
    fn exists(table: &Table, predicate: Predicate) -> Result<bool, Error>;
    fn explain(table: &Table, select: Select) -> Result<Explanation, Error>;
}
