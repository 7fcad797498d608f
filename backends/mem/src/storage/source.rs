//! The places where a query finds rows: a table, or a transaction's view of one.

use std::sync::Arc;

use crate::storage::index::Tree;
use crate::storage::pages::Pages;
use crate::storage::row::StoredRow;

/// A place where a query finds rows: a table, or a transaction's view of one.
pub(crate) trait Source {
    /// The row with this entry in a unique index, undecoded and shared.
    fn single(&mut self, slot: usize, key: &[u8]) -> Option<Arc<StoredRow>>;

    /// The rows as they are now, with one index if one is asked for.
    fn snapshot(&mut self, slot: Option<usize>) -> Snapshot;

    /// The number of entries of an index.
    fn entries(&mut self, slot: usize) -> usize;
}

/// The table as of one moment, which a query works on.
pub(crate) struct Snapshot {
    pub(crate) rows: Pages,
    /// The index that the query uses.
    pub(crate) tree: Tree,
}
