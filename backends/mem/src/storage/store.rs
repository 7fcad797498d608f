//! Rows and index entries under one lock, always in step.
//!
//! The user's code - accessors and destructors of stored values - runs outside the lock, or under it before the first change. A
//! panic in it therefore leaves the table whole, and a poisoned lock can be used like any other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use longevity_core::Row;
use longevity_core::table::Scope;

use crate::encode::document::MemDocument;
use crate::schema::layout::Layout;
use crate::storage::index::{Index, Tree};
use crate::storage::row::StoredRow;
use crate::storage::source::{Snapshot, Source};
use crate::storage::state::State;

/// The contents of all tables with the same name.
#[derive(Debug, Default)]
pub(crate) struct Store {
    state: RwLock<State>,
    // It is outside the lock, so that a row is complete before the lock is taken.
    next_id: AtomicU64,
}

impl Source for &Store {
    fn single(&mut self, slot: usize, key: &[u8]) -> Option<Arc<StoredRow>> {
        self.read().with_key(slot, key).cloned()
    }

    fn snapshot(&mut self, slot: Option<usize>) -> Snapshot {
        self.now(slot)
    }

    fn entries(&mut self, slot: usize) -> usize {
        let known = self.read().indexes[slot].len();
        known.unwrap_or_else(|| self.now(Some(slot)).tree.len())
    }
}

impl Store {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write_lock(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The indexes; `None` if the table is not created yet.
    pub(crate) fn layout(&self) -> Option<Arc<Layout>> {
        self.read().layout.clone()
    }

    /// The ids of this many new rows, in ascending order.
    pub(crate) fn new_ids(&self, rows: usize) -> impl Iterator<Item = u64> + use<> {
        self.next_id.fetch_add(rows as u64, Ordering::Relaxed)..
    }

    /// The id of a new row.
    pub(crate) fn new_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// The row with this entry in a unique index.
    pub(crate) fn get(&self, slot: usize, key: &[u8], scope: Option<Scope>) -> Option<Row<MemDocument>> {
        let state = self.read();
        state.with_key(slot, key).filter(|row| row.is_in(scope)).map(|row| row.to_row())
    }

    /// The table as it is now, with one index if one is asked for. Takes constant time, except for the first query that uses a
    /// key for a range or an order: it sorts the key's entries, and holds up no one else.
    pub(crate) fn now(&self, slot: Option<usize>) -> Snapshot {
        let state = self.read();
        let tree = slot.map_or_else(|| Some(Tree::new()), |slot| state.indexes[slot].tree());
        if let Some(tree) = tree {
            return Snapshot { rows: state.rows.clone(), tree };
        }
        drop(state);
        self.sort(slot.unwrap_or_default())
    }

    /// Sorts the entries of a key outside the lock, while the writers note their changes.
    #[cold]
    fn sort(&self, slot: usize) -> Snapshot {
        let mut state = self.write_lock();
        let rows = state.rows.clone();
        let layout = state.layout.clone().unwrap_or_default();
        let first = state.indexes[slot].begin_sorting();
        drop(state);
        // If this panics in the user's code, the next query starts again.
        let sorting = first.then(|| Sorting { store: self, slot, sorted: None });
        let tree = Index::sorted(&layout.slots[slot], &rows);
        if let Some(mut sorting) = sorting {
            sorting.sorted = Some(tree.clone());
        }
        Snapshot { rows, tree }
    }
}

/// The sorting by the first query that needs it. Dropping it ends the sorting, whether it succeeded or not.
struct Sorting<'a> {
    store: &'a Store,
    slot: usize,
    sorted: Option<Tree>,
}

impl Drop for Sorting<'_> {
    fn drop(&mut self) {
        self.store.write_lock().indexes[self.slot].end_sorting(self.sorted.take());
    }
}
