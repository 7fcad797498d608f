//! A change of a row before it is made: the old row and the new row, with their index entries.

use std::sync::Arc;

use longevity_core::backend::{Target, Write, WriteFailure, Written};

use crate::encode::document::MemDocument;
use crate::schema::entry::Entry;
use crate::schema::layout::{Entries, Layout};
use crate::storage::row::StoredRow;
use crate::table::Schema;

/// A change of a row: the old row and the new row.
#[derive(Clone)]
pub(crate) struct Change {
    /// `None` if the row is deleted.
    pub(crate) row: Option<Arc<StoredRow>>,
    pub(crate) entries: Entries,
    /// `None` if the row is new.
    pub(crate) old: Option<Arc<StoredRow>>,
    pub(crate) old_entries: Entries,
    /// Whether the write asks for the old row.
    asked: bool,
}

impl Change {
    /// The target of a write, if it has one, and the change. The old row is not looked at yet, because this runs before the
    /// lock is taken.
    pub(crate) fn of<'a>(
        schema: &Schema,
        write: Write<'a, MemDocument>,
        next_id: impl FnOnce() -> u64,
    ) -> Result<(Option<Target<'a>>, Self), WriteFailure> {
        let asked = write.wants_before();
        let (target, row) = match write {
            Write::Insert(content) => (None, Some(StoredRow::new(next_id(), content))),
            Write::Replace(target, content) => (Some(target), Some(StoredRow::new(id_of(target)?, content))),
            Write::Delete(target) => (Some(target), None),
        };
        let entries = row.as_ref().map_or_else(Entries::new, |row| row.entries(&schema.layout));
        Ok((target, Self { row: row.map(Arc::new), entries, old: None, old_entries: Entries::new(), asked }))
    }

    pub(crate) fn written(&self) -> Written<MemDocument> {
        let before = || self.old.as_ref().filter(|_| self.asked).map(|old| Box::new(old.to_row()));
        match (&self.row, &self.old) {
            (None, _) => Written::Deleted(before()),
            (Some(row), None) => Written::Inserted(row.row_id()),
            (Some(row), Some(_)) => Written::Replaced(row.version, before()),
        }
    }

    /// The entries of the old row and of the new one in each index.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Entry, &Entry)> {
        fn of(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
            entries.iter().chain(std::iter::repeat(&Entry::None))
        }
        of(&self.old_entries).zip(of(&self.entries))
    }
}

/// Completes a change with the old row, and with the entries in indexes that another model has created since the schema was
/// found.
pub(crate) fn complete(layout: &Arc<Layout>, schema: &Schema, old: Option<&Arc<StoredRow>>, change: &mut Change) {
    if let Some(old) = old {
        if let Some(row) = change.row.as_mut().and_then(Arc::get_mut) {
            row.version = old.version.wrapping_add(1);
            row.created_at = old.created_at;
            row.updated_at = row.updated_at.or(old.updated_at);
        }
        change.old_entries = old.entries(layout);
        change.old = Some(Arc::clone(old));
    }
    if let Some(row) = &change.row
        && !Arc::ptr_eq(layout, &schema.layout)
    {
        change.entries = row.entries(layout);
    }
}

/// The id of a write's target.
pub(crate) fn id_of(target: Target<'_>) -> Result<u64, WriteFailure> {
    u64::try_from(target.id.as_u128()).map_err(|_| WriteFailure::Missing)
}

/// The row, if it satisfies the conditions of a write's target.
pub(crate) fn sought<'a>(
    target: Target<'_>,
    row: Option<&'a Arc<StoredRow>>,
) -> Result<&'a Arc<StoredRow>, WriteFailure> {
    let row = row.filter(|row| row.is_in(target.scope)).ok_or(WriteFailure::Missing)?;
    match target.version {
        Some(version) if version != row.version => Err(WriteFailure::Stale { found: row.version }),
        _ => Ok(row),
    }
}
