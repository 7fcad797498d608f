//! The types of the in-memory back end, and everything that it stores.

use longevity::Mem;
use longevity::backend::{ByKind, Session};
use longevity::backend::{Predicate, Select};

pub(crate) type Document = <Mem as Session>::Document;
pub(crate) type Table = <Mem as Session>::Table;
pub(crate) type Row = longevity::backend::Row<Document>;
pub(crate) type RowContent = longevity::backend::RowContent<Document>;

/// All rows of the table.
pub(crate) async fn all(inner: &Mem, table: &Table) -> Vec<Row> {
    let select = Select::of(Predicate::True);
    inner.find(table, select).await.unwrap()
}
