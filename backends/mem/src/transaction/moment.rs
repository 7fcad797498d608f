//! A table as of a moment that a transaction sees.

use std::sync::{Arc, PoisonError, RwLockReadGuard};

use smallvec::SmallVec;

use crate::schema::layout::Layout;
use crate::storage::index::Tree;
use crate::storage::pages::Pages;
use crate::storage::state::State;
use crate::storage::store::Store;

/// A moment of a table. Changes since then are kept until it is dropped.
pub(crate) struct Moment {
    pub(crate) store: Arc<Store>,
    pub(crate) at: u64,
    /// `None` if the table was not created.
    pub(crate) layout: Option<Arc<Layout>>,
}

/// The contents of a table at a moment.
#[derive(Clone)]
pub(crate) struct Contents {
    pub(crate) rows: Pages,
    pub(crate) indexes: SmallVec<[IndexContents; 4]>,
}

/// The contents of one of its indexes.
#[derive(Clone)]
pub(crate) struct IndexContents {
    /// The entries in order, if they were sorted.
    pub(crate) tree: Option<Tree>,
    /// The number of entries, if it was known.
    pub(crate) len: Option<usize>,
}

/// The present moment of all tables. They must be sorted by address, because several tables are always locked in that order.
pub(crate) fn now(stores: &[Arc<Store>]) -> Vec<(Moment, Contents)> {
    let locked: SmallVec<[RwLockReadGuard<'_, State>; 8]> = stores.iter().map(|store| store.read()).collect();
    let moments = stores.iter().zip(&locked).map(|(store, state)| {
        let at = state.past.lock().unwrap_or_else(PoisonError::into_inner).hold();
        let indexes =
            state.indexes.iter().map(|index| IndexContents { tree: index.tree(), len: index.len() }).collect();
        let contents = Contents { rows: state.rows.clone(), indexes };
        (Moment { store: Arc::clone(store), at, layout: state.layout.clone() }, contents)
    });
    moments.collect()
}

impl Drop for Moment {
    fn drop(&mut self) {
        let state = self.store.read();
        let forgotten = state.past.lock().unwrap_or_else(PoisonError::into_inner).release(self.at);
        drop(state);
        // Rows that are no longer needed are dropped outside the lock.
        drop(forgotten);
    }
}
