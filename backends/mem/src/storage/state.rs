//! The contents of a table under its lock: rows and index entries, always in step.

use std::sync::{Arc, Mutex};

use crate::schema::layout::Layout;
use crate::storage::index::Index;
use crate::storage::pages::Pages;
use crate::storage::past::Past;
use crate::storage::row::StoredRow;

/// The contents of a table.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// `None` until the table is created.
    pub(crate) layout: Option<Arc<Layout>>,
    pub(crate) rows: Pages,
    /// One for each slot of the layout.
    pub(crate) indexes: Vec<Index>,
    /// The part of its past that transactions still need.
    pub(crate) past: Mutex<Past>,
}

impl State {
    /// The row with this entry in a key, even in a key that was dropped after it was looked up.
    pub(crate) fn with_key(&self, slot: usize, key: &[u8]) -> Option<&Arc<StoredRow>> {
        let index = &self.indexes[slot];
        index.get(key).or_else(|| index.first(key).and_then(|id| self.rows.get(id)))
    }
}
