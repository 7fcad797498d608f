//! The rows of a table by their ids, with structural sharing.
//!
//! Ids are dense, so rows are in pages: reaching and appending a row takes less time than in a tree of single rows.

use std::ops::Range;
use std::sync::Arc;

use imbl::OrdMap;

use crate::storage::row::StoredRow;

/// The number of ids in a page. After a snapshot, the next write to a page copies this number of pointers.
const PAGE: u64 = 32;

/// Rows by their ids. Cloning the pages takes constant time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages {
    // No page is empty, so that deleted rows take no room.
    pages: OrdMap<u64, Arc<Page>>,
    len: usize,
}

#[derive(Clone, Debug, Default)]
struct Page {
    rows: [Option<Arc<StoredRow>>; PAGE as usize],
}

fn place(id: u64) -> (u64, usize) {
    (id / PAGE, (id % PAGE) as usize)
}

impl Pages {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Arc<StoredRow>> {
        let (page, place) = place(id);
        self.pages.get(&page)?.rows[place].as_ref()
    }

    /// The rows with these ids, by id.
    pub(crate) fn range(&self, ids: Range<u64>) -> impl DoubleEndedIterator<Item = &Arc<StoredRow>> {
        let (first, last) = (ids.start / PAGE, ids.end / PAGE);
        let pages = self.pages.range(first..=last.max(first));
        let rows = pages.flat_map(|(_, page)| page.rows.iter().flatten());
        rows.filter(move |row| ids.contains(&row.id))
    }

    /// Puts a row in its place, and returns the row that was there.
    pub(crate) fn insert(&mut self, row: Arc<StoredRow>) -> Option<Arc<StoredRow>> {
        let (page, place) = place(row.id);
        let page = match self.pages.get_mut(&page) {
            Some(page) => page,
            None => self.pages.entry(page).or_default(),
        };
        let old = Arc::make_mut(page).rows[place].replace(row);
        self.len += usize::from(old.is_none());
        old
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<Arc<StoredRow>> {
        let (number, place) = place(id);
        let page = Arc::make_mut(self.pages.get_mut(&number)?);
        let old = page.rows[place].take()?;
        if page.rows.iter().all(Option::is_none) {
            self.pages.remove(&number);
        }
        self.len -= 1;
        Some(old)
    }
}
