//! Where a query finds rows: in a table, or in what a transaction sees of it.

use std::sync::Arc;

use crate::storage::index::Tree;
use crate::storage::pages::Pages;
use crate::storage::row::StoredRow;

/// Where a query finds rows: in a table, or in what a transaction sees of it.
pub(crate) trait Source {
    /// The row with this entry in a unique index, undecoded and shared.
    fn single(&mut self, slot: usize, key: &[u8]) -> Option<Arc<StoredRow>>;

    /// The rows as they are there now, with one index if one is asked for.
    fn snapshot(&mut self, slot: Option<usize>) -> Snapshot;

    /// How many entries an index has.
    fn entries(&mut self, slot: usize) -> usize;
}

/// What a query works on: the table as it was at one moment.
pub(crate) struct Snapshot {
    pub(crate) rows: Pages,
    /// The index that the query uses.
    pub(crate) tree: Tree,
}
