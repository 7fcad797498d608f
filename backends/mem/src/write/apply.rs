//! Makes changes in a table, all or none.

use std::sync::{Arc, PoisonError};

use longevity_core::RowContent;
use longevity_core::backend::{AllWritten, Target, Write, WriteFailure, Writes, Written};
use smallvec::smallvec;

use crate::encode::document::MemDocument;
use crate::schema::entry::Entry;
use crate::schema::layout::Entries;
use crate::storage::index::Index;
use crate::storage::row::StoredRow;
use crate::storage::state::State;
use crate::storage::store::Store;
use crate::table::Schema;
use crate::write::change::{Change, complete, id_of, sought};

/// Why a write was not done.
enum Refused {
    Failure(WriteFailure),
    /// The slot of the key that is taken.
    Taken(usize),
}

impl Refused {
    fn failure(self, store: &Store, schema: &Schema) -> WriteFailure {
        match self {
            Self::Failure(failure) => failure,
            Self::Taken(slot) => store.duplicate(schema, slot),
        }
    }
}

impl Store {
    /// Does the writes, all or none. Whether a key is taken is decided by the state after all of them.
    pub(crate) fn write(
        &self,
        schema: &Schema,
        mut writes: Writes<'_, MemDocument>,
    ) -> Result<AllWritten<MemDocument>, (usize, WriteFailure)> {
        if writes.len() == 1
            && let Some(write) = writes.pop()
        {
            let written = match write {
                Write::Insert(content) => self.insert(schema, content),
                write => self.write_one(schema, write),
            };
            return written.map(|written| smallvec![written]).map_err(|failure| (0, failure));
        }
        let inserts = writes.iter().filter(|write| matches!(write, Write::Insert(_))).count();
        let mut ids = self.new_ids(inserts);
        let (mut targets, mut changes) = (Vec::with_capacity(writes.len()), Vec::with_capacity(writes.len()));
        for (position, write) in writes.into_iter().enumerate() {
            let (target, change) =
                Change::of(schema, write, || ids.next().unwrap_or_default()).map_err(|failure| (position, failure))?;
            targets.push(target);
            changes.push(change);
        }
        let mut state = self.write_lock();
        let written = state.write(schema, &targets, &mut changes);
        drop(state);
        // Rows that are no longer in the table, or never were, are dropped after the lock.
        match written {
            Ok(()) => Ok(changes.iter().map(Change::written).collect()),
            Err((position, refused)) => Err((position, refused.failure(self, schema))),
        }
    }

    /// Replaces or deletes a row.
    fn write_one(&self, schema: &Schema, write: Write<'_, MemDocument>) -> Result<Written<MemDocument>, WriteFailure> {
        let (target, mut change) = Change::of(schema, write, || self.new_id())?;
        let mut state = self.write_lock();
        let written = state.write(schema, &[target], std::slice::from_mut(&mut change));
        drop(state);
        // They are dropped after the lock here too.
        match written {
            Ok(()) => Ok(change.written()),
            Err((_, refused)) => Err(refused.failure(self, schema)),
        }
    }

    /// Inserts a row. There is no row before it to look at.
    fn insert(&self, schema: &Schema, content: RowContent<MemDocument>) -> Result<Written<MemDocument>, WriteFailure> {
        let row = Arc::new(StoredRow::new(self.new_id(), content));
        let mut entries = row.entries(&schema.layout);
        let id = row.row_id();
        let mut state = self.write_lock();
        if let Some(layout) = &state.layout
            && !Arc::ptr_eq(layout, &schema.layout)
        {
            entries = row.entries(layout);
        }
        let inserted = state.insert(row, entries);
        drop(state);
        match inserted {
            Ok(()) => Ok(Written::Inserted(id)),
            // The refused row is dropped after the lock.
            Err((slot, _row)) => Err(self.duplicate(schema, slot)),
        }
    }

    /// The failure of a write that was refused by the key in this slot.
    pub(crate) fn duplicate(&self, schema: &Schema, slot: usize) -> WriteFailure {
        if let Some(index) = schema.slots.iter().position(|other| *other == slot) {
            return WriteFailure::Duplicate(index);
        }
        let layout = self.layout().unwrap_or_default();
        let name = layout.slots.get(slot).map(|slot| slot.name.clone()).unwrap_or_default();
        // A key with this name may have other discriminators in another version.
        let own = schema.definition.indexes.iter().position(|index| index.is_unique() && index.name == name);
        own.map_or_else(|| schema.definition.undeclared_key(name).into(), WriteFailure::Duplicate)
    }
}

impl State {
    /// Makes the changes, each to the row that is its target, or none.
    fn write(
        &mut self,
        schema: &Schema,
        targets: &[Option<Target<'_>>],
        changes: &mut [Change],
    ) -> Result<(), (usize, Refused)> {
        for (position, (target, change)) in targets.iter().zip(&mut *changes).enumerate() {
            let sought = |target| sought(target, self.rows.get(id_of(target)?));
            let old = target.map(sought).transpose().map_err(|failure| (position, Refused::Failure(failure)))?;
            complete(self.layout.as_ref().unwrap_or(&schema.layout), schema, old, change);
        }
        self.enter(changes).map_err(|(position, slot)| (position, Refused::Taken(slot)))?;
        self.finish(changes);
        Ok(())
    }

    /// Makes the changes, each of another row, in the indexes, or none. The error is the position of the change whose key value
    /// is taken, by a row that another change leaves or that none changes, and the key's slot.
    pub(crate) fn enter(&mut self, changes: &[Change]) -> Result<(), (usize, usize)> {
        // A key value that a row gives up is free for all others, whichever of them comes first.
        for change in changes {
            for (index, (old, new)) in self.indexes.iter_mut().zip(change.entries()) {
                if old != new {
                    index.remove(old);
                }
            }
        }
        for (position, change) in changes.iter().enumerate() {
            let Some(row) = &change.row else { continue };
            let is_taken = |(index, (old, new)): (&Index, (&Entry, &Entry))| old != new && index.is_taken(new);
            if let Some(slot) = self.indexes.iter().zip(change.entries()).position(is_taken) {
                self.leave(changes, position);
                return Err((position, slot));
            }
            for (index, (old, new)) in self.indexes.iter_mut().zip(change.entries()) {
                if old != new {
                    index.add(new.clone(), row);
                }
            }
        }
        Ok(())
    }

    /// Applies to the rows the changes that the indexes already have.
    pub(crate) fn finish(&mut self, changes: &[Change]) {
        for change in changes {
            self.keep(change);
            match (&change.row, &change.old) {
                (Some(row), _) => drop(self.rows.insert(Arc::clone(row))),
                (None, Some(old)) => drop(self.rows.remove(old.id)),
                (None, None) => {}
            }
        }
        let past = self.past.get_mut().unwrap_or_else(PoisonError::into_inner);
        past.note(changes.iter().map(|change| (change.old.as_ref(), change.row.as_ref())));
    }

    /// Replaces the old row with the changed row where its entry is the same.
    fn keep(&mut self, change: &Change) {
        let Some(row) = &change.row else { return };
        for (index, (old, new)) in self.indexes.iter_mut().zip(change.entries()) {
            if old == new {
                index.keep(new, row);
            }
        }
    }

    /// Gives the old rows their entries back, after the first `made` changes have entered theirs.
    pub(crate) fn leave(&mut self, changes: &[Change], made: usize) {
        for change in &changes[..made] {
            for (index, (old, new)) in self.indexes.iter_mut().zip(change.entries()) {
                if old != new {
                    index.remove(new);
                }
            }
        }
        for change in changes {
            for (index, (old, new)) in self.indexes.iter_mut().zip(change.entries()) {
                if let Some(row) = &change.old
                    && old != new
                {
                    index.add(old.clone(), row);
                }
            }
        }
    }

    /// Inserts a row. The error is the row with the slot of the key that is taken.
    fn insert(&mut self, row: Arc<StoredRow>, entries: Entries) -> Result<(), (usize, Arc<StoredRow>)> {
        let taken = self.indexes.iter().zip(&entries).position(|(index, entry)| index.is_taken(entry));
        if let Some(slot) = taken {
            return Err((slot, row));
        }
        for (index, entry) in self.indexes.iter_mut().zip(entries) {
            index.add(entry, &row);
        }
        let past = self.past.get_mut().unwrap_or_else(PoisonError::into_inner);
        past.note(std::iter::once((None, Some(&row))));
        self.rows.insert(row);
        Ok(())
    }
}
