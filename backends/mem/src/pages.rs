//! The rows of a table by their ids, with structural sharing.
//!
//! Ids are dense, so rows stand in pages: a row is reached and appended in less time than in a tree of single rows.

use std::sync::Arc;

use imbl::OrdMap;

use crate::table::StoredRow;

/// How many ids a page is for. A snapshot makes the next write to a page copy so many pointers.
const PAGE: u64 = 32;

/// Rows by their ids. Cloning it takes constant time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages {
    // No page is empty, so that what was deleted takes no room.
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

    /// The rows from this id on, by id.
    pub(crate) fn from(&self, id: u64) -> impl Iterator<Item = &Arc<StoredRow>> {
        let (first, mut skipped) = place(id);
        self.pages.range(first..).flat_map(move |(page, rows)| {
            let skip = if *page == first { std::mem::take(&mut skipped) } else { 0 };
            rows.rows.iter().skip(skip).flatten()
        })
    }

    /// The rows before this id, the last first.
    pub(crate) fn before(&self, id: u64) -> impl Iterator<Item = &Arc<StoredRow>> {
        let (last, kept) = place(id);
        self.pages.range(..=last).rev().flat_map(move |(page, rows)| {
            let kept = if *page == last { kept } else { rows.rows.len() };
            rows.rows[..kept].iter().rev().flatten()
        })
    }

    /// Puts a row in its place; gives the one that was there.
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
