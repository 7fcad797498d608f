//! Rows and index entries behind one lock, always in step.
//!
//! The user's code - accessors and destructors of stored values - runs outside the lock, or before the first change under
//! it. A panic in it therefore leaves the table whole, and a poisoned lock is as good as new.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use longevity_core::backend::{AllWritten, Target, Write, WriteFailure, Writes, Written};
use longevity_core::table::{Scope, TableDefinition};
use longevity_core::{Error, Row, RowContent, RowId, Timestamp};
use smallvec::smallvec;

use crate::encode::MemDocument;
use crate::index::{Index, Tree};
use crate::key::Key;
use crate::pages::Pages;
use crate::past::Past;
use crate::schema::{Entries, Layout, Schema, Slot};

/// A row. Never changed, only replaced.
#[derive(Debug)]
pub(crate) struct StoredRow {
    pub(crate) id: u64,
    pub(crate) version: u64,
    pub(crate) discriminator: Option<Cow<'static, str>>,
    pub(crate) doc: MemDocument,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) updated_at: Option<Timestamp>,
}

/// The contents of all tables of one name.
#[derive(Debug, Default)]
pub(crate) struct Store {
    state: RwLock<State>,
    // Beside the lock, so that a row is ready before it is taken.
    next_id: AtomicU64,
}

/// The contents of a table.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// `None` until the table is created.
    pub(crate) layout: Option<Arc<Layout>>,
    pub(crate) rows: Pages,
    /// One for each slot of the layout.
    pub(crate) indexes: Vec<Index>,
    /// What transactions still have to know of its past.
    pub(crate) past: Mutex<Past>,
}

/// Where a query finds rows: in a table, or in what a transaction sees of it.
pub(crate) trait Source {
    /// The row with this entry in a unique index, undecoded and shared.
    fn single(&mut self, slot: usize, key: &[u8]) -> Option<Arc<StoredRow>>;

    /// The rows as they are there now, with one index if one is asked for.
    fn snapshot(&mut self, slot: Option<usize>) -> Snapshot;

    /// How many entries an index has.
    fn entries(&mut self, slot: usize) -> usize;
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

/// What a query works on: the table as it was at one moment.
pub(crate) struct Snapshot {
    pub(crate) rows: Pages,
    /// The index that the query uses.
    pub(crate) tree: Tree,
}

impl StoredRow {
    fn new(id: u64, content: RowContent<MemDocument>) -> Self {
        let RowContent { discriminator, doc, written_at, .. } = content;
        Self { id, version: 0, discriminator, doc, created_at: written_at, updated_at: written_at }
    }

    pub(crate) fn row_id(&self) -> RowId {
        RowId::from_u128(self.id.into())
    }

    pub(crate) fn to_row(&self) -> Row<MemDocument> {
        Row {
            id: self.row_id(),
            version: self.version,
            discriminator: self.discriminator.clone(),
            doc: self.doc.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    pub(crate) fn is_in(&self, scope: Option<Scope>) -> bool {
        scope.is_none_or(|scope| scope.contains(self.discriminator.as_deref()))
    }

    fn entries(&self, layout: &Layout) -> Entries {
        layout.entries(self.id, self.discriminator.as_deref(), &self.doc)
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

    /// Takes the lock, under which new indexes of a table with rows are built.
    pub(crate) fn begin_creation(&self) -> Creation<'_> {
        Creation { state: self.write_lock(), layout: None, built: Vec::new() }
    }

    /// The keys that hold for rows of a definition which does not declare them.
    pub(crate) fn undeclared_keys(&self, definition: &TableDefinition) -> Vec<String> {
        let layout = self.layout().unwrap_or_default();
        let undeclared = layout.slots.iter().filter(|slot| slot.is_undeclared(definition));
        undeclared.map(|slot| slot.name.clone()).collect()
    }

    /// Drops the same: from now on they are indexes of any values.
    pub(crate) fn drop_undeclared_keys(&self, definition: &TableDefinition) -> Vec<String> {
        let mut state = self.write_lock();
        let mut layout = Layout { slots: state.layout.as_ref().map_or_else(Vec::new, |layout| layout.slots.clone()) };
        let mut dropped = Vec::new();
        for (position, slot) in layout.slots.iter_mut().enumerate() {
            if slot.is_undeclared(definition) {
                slot.unique = false;
                // An index that is not unique takes any rows.
                if let Ok(index) = Index::build(slot, &state.rows) {
                    state.indexes[position] = index;
                }
                dropped.push(slot.name.clone());
            }
        }
        if !dropped.is_empty() {
            state.layout = Some(Arc::new(layout));
        }
        dropped
    }

    /// The failure of a write that the key in this slot refused.
    pub(crate) fn duplicate(&self, schema: &Schema, slot: usize) -> WriteFailure {
        if let Some(index) = schema.slots.iter().position(|other| *other == slot) {
            return WriteFailure::Duplicate(index);
        }
        let layout = self.layout().unwrap_or_default();
        let name = layout.slots.get(slot).map(|slot| slot.name.clone()).unwrap_or_default();
        // One of this name may have other discriminators in another version.
        let own = schema.definition.indexes.iter().position(|index| index.is_unique() && index.name == name);
        own.map_or_else(|| schema.definition.undeclared_key(name).into(), WriteFailure::Duplicate)
    }

    /// The ids of so many new rows, which ascend.
    pub(crate) fn new_ids(&self, rows: usize) -> impl Iterator<Item = u64> + use<> {
        self.next_id.fetch_add(rows as u64, Ordering::Relaxed)..
    }

    /// Does the writes, all or none. Whether a key is taken is judged by what all of them leave.
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
        // What is not in the table any more, or not after all, goes with this, after the lock.
        match written {
            Ok(()) => Ok(changes.iter().map(Change::written).collect()),
            Err((position, refused)) => Err((position, refused.failure(self, schema))),
        }
    }

    /// Replaces or deletes a row.
    fn write_one(&self, schema: &Schema, write: Write<'_, MemDocument>) -> Result<Written<MemDocument>, WriteFailure> {
        let (target, mut change) = Change::of(schema, write, || self.next_id.fetch_add(1, Ordering::Relaxed))?;
        let mut state = self.write_lock();
        let written = state.write(schema, &[target], std::slice::from_mut(&mut change));
        drop(state);
        // As above.
        match written {
            Ok(()) => Ok(change.written()),
            Err((_, refused)) => Err(refused.failure(self, schema)),
        }
    }

    /// Inserts a row: there is no row before it to look at.
    fn insert(&self, schema: &Schema, content: RowContent<MemDocument>) -> Result<Written<MemDocument>, WriteFailure> {
        let row = Arc::new(StoredRow::new(self.next_id.fetch_add(1, Ordering::Relaxed), content));
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
            // The refused row goes with this, after the lock.
            Err((slot, _row)) => Err(self.duplicate(schema, slot)),
        }
    }

    /// The row with this entry in a unique index.
    pub(crate) fn get(&self, slot: usize, key: &[u8], scope: Option<Scope>) -> Option<Row<MemDocument>> {
        let state = self.read();
        state.with_key(slot, key).filter(|row| row.is_in(scope)).map(|row| row.to_row())
    }

    /// The table as it is now, with one index if one is asked for. Takes constant time, except for the first query that
    /// asks a key for a range or an order: that one sorts the key's entries, and holds up nobody else.
    pub(crate) fn now(&self, slot: Option<usize>) -> Snapshot {
        let state = self.read();
        let tree = slot.map_or_else(|| Some(Tree::new()), |slot| state.indexes[slot].tree());
        if let Some(tree) = tree {
            return Snapshot { rows: state.rows.clone(), tree };
        }
        drop(state);
        self.sort(slot.unwrap_or_default())
    }

    /// Sorts the entries of a key: outside the lock, while the writers note what they change.
    #[cold]
    fn sort(&self, slot: usize) -> Snapshot {
        let mut state = self.write_lock();
        let rows = state.rows.clone();
        let layout = state.layout.clone().unwrap_or_default();
        let first = state.indexes[slot].begin_sorting();
        drop(state);
        // If this panics in the user's code, the next query begins anew.
        let sorting = first.then(|| Sorting { store: self, slot, sorted: None });
        let tree = Index::sorted(&layout.slots[slot], &rows);
        if let Some(mut sorting) = sorting {
            sorting.sorted = Some(tree.clone());
        }
        Snapshot { rows, tree }
    }
}

/// A table that is being created, under its lock.
pub(crate) struct Creation<'a> {
    state: RwLockWriteGuard<'a, State>,
    /// What the table is to have, if it is not what it has.
    layout: Option<Layout>,
    built: Vec<Index>,
}

impl Creation<'_> {
    /// Builds what the table lacks. Fails if its rows do not fit or violate a new key; changes nothing yet.
    pub(crate) fn prepare(&mut self, definition: &TableDefinition) -> Result<(), Error> {
        self.state.ensure_fits(definition)?;
        let current = self.layout.as_ref().or(self.state.layout.as_deref());
        let mut layout = Layout { slots: current.map_or_else(Vec::new, |layout| layout.slots.clone()) };
        for index in &definition.indexes {
            let slot = Slot::of(definition, index);
            if layout.find(&slot).is_some() {
                continue;
            }
            let built =
                Index::build(&slot, &self.state.rows).map_err(|row| index.duplicate_key(&slot.values(&row.doc)))?;
            self.built.push(built);
            layout.slots.push(slot);
        }
        self.layout = Some(layout);
        Ok(())
    }

    /// Takes in what was built.
    pub(crate) fn finish(mut self) {
        let Some(layout) = self.layout else { return };
        if !self.built.is_empty() || self.state.layout.is_none() {
            self.state.indexes.append(&mut self.built);
            self.state.layout = Some(Arc::new(layout));
        }
    }
}

/// The first query that sorts a key: it ends the sorting, whether it succeeds or not.
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

/// A change of a row: the row before it, and the row after it.
#[derive(Clone)]
pub(crate) struct Change {
    /// `None` if the row is deleted.
    pub(crate) row: Option<Arc<StoredRow>>,
    pub(crate) entries: Entries,
    /// `None` if the row is new.
    pub(crate) old: Option<Arc<StoredRow>>,
    pub(crate) old_entries: Entries,
    /// Whether the row before it is asked for.
    asked: bool,
}

impl Change {
    /// The row that a write is about, if there is one, and what it makes of it. The row before it is not looked at yet: this
    /// is made before the lock is taken.
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
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Option<&Key>, Option<&Key>)> {
        fn of(entries: &[Option<Key>]) -> impl Iterator<Item = Option<&Key>> {
            entries.iter().map(Option::as_ref).chain(std::iter::repeat(None))
        }
        of(&self.old_entries).zip(of(&self.entries))
    }
}

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

impl State {
    /// Fails if a row does not fit a column.
    fn ensure_fits(&self, definition: &TableDefinition) -> Result<(), Error> {
        for row in self.rows.range(0..u64::MAX) {
            let Some(variant) = definition.position(row.discriminator.as_deref()) else { continue };
            for (position, column) in definition.columns.iter().enumerate() {
                if column.variant.is_some_and(|other| other != variant) {
                    continue;
                }
                let value = row.doc.value_at(column.path.steps()).to_value();
                if let Some(error) = definition.misfit(position, row.row_id(), Ok(&value)) {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The row with this entry in a key, also in one that was dropped since the key was looked up.
    pub(crate) fn with_key(&self, slot: usize, key: &[u8]) -> Option<&Arc<StoredRow>> {
        let index = &self.indexes[slot];
        index.get(key).or_else(|| index.first(key).and_then(|id| self.rows.get(id)))
    }

    /// Makes the changes, each of the row that is its target, or none.
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

    /// Makes the changes, each of another row, in the indexes, or none: then with the position of the one whose key value is taken
    /// by a row that another change leaves, or that none changes, and the key's slot.
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
            let is_taken = |(index, (old, new)): (&Index, (Option<&Key>, Option<&Key>))| {
                old != new && new.is_some_and(|new| index.is_taken(new))
            };
            if let Some(slot) = self.indexes.iter().zip(change.entries()).position(is_taken) {
                self.leave(changes, position);
                return Err((position, slot));
            }
            for (index, (old, new)) in self.indexes.iter_mut().zip(change.entries()) {
                if old != new {
                    index.add(new.cloned(), row);
                }
            }
        }
        Ok(())
    }

    /// Makes the changes that the indexes have in the rows.
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

    /// Puts a changed row in the place of the one before it, where its entry is the same.
    fn keep(&mut self, change: &Change) {
        let Some(row) = &change.row else { return };
        for (index, (old, new)) in self.indexes.iter_mut().zip(change.entries()) {
            if old == new {
                index.keep(new, row);
            }
        }
    }

    /// Gives the old rows their entries back, when so many of the changes have made theirs.
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
                    index.add(old.cloned(), row);
                }
            }
        }
    }

    /// Inserts a row, or gives it back with the slot of the key that is taken.
    fn insert(&mut self, row: Arc<StoredRow>, entries: Entries) -> Result<(), (usize, Arc<StoredRow>)> {
        let taken = self
            .indexes
            .iter()
            .zip(&entries)
            .position(|(index, entry)| entry.as_ref().is_some_and(|entry| index.is_taken(entry)));
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

/// Completes a change by the row before it, and by the entries in indexes that another model has created since the schema was found.
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

/// The id of the row that a write is about.
pub(crate) fn id_of(target: Target<'_>) -> Result<u64, WriteFailure> {
    u64::try_from(target.id.as_u128()).map_err(|_| WriteFailure::Missing)
}

/// The row that a write is about, if the one with its id is it.
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
