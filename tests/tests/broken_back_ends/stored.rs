//! The in-memory back end's types, and all that it stores.

use longevity::Mem;
use longevity::backend::{ByKind, Session};
use longevity::query::{Predicate, Select};

pub(crate) type Doc = <Mem as Session>::Doc;
pub(crate) type Table = <Mem as Session>::Table;
pub(crate) type Row = longevity::Row<Doc>;
pub(crate) type RowContent = longevity::RowContent<Doc>;

/// All rows of the table.
pub(crate) async fn all(inner: &Mem, table: &Table) -> Vec<Row> {
    let select = Select::of(Predicate::All);
    inner.find(table, select).await.unwrap()
}
