//! A transaction's view of a table: the table as of one moment, with the transaction's own writes.
//!
//! The rows and trees of the moment are shared, and copied where they are changed. A key's hash map cannot be shared: its
//! entries are taken from the table one by one as they are needed, leaving out what others have changed since. A small
//! transaction copies nothing: its changes go into rows and trees only when a query has to walk over them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};

use longevity_core::Row;
use longevity_core::backend::{AllWritten, Write, WriteFailure, Writes};
use longevity_core::backend::{Predicate, Prepared};
use longevity_core::table::Scope;
use smallvec::SmallVec;

use crate::encode::document::MemDocument;
use crate::encode::key::Key;
use crate::query::selection::satisfies;
use crate::schema::entry::Entry;
use crate::schema::layout::{Entries, Layout};
use crate::storage::index::{Index, Tree};
use crate::storage::row::StoredRow;
use crate::storage::source::{Snapshot, Source};
use crate::storage::state::State;
use crate::storage::store::Store;
use crate::table::Schema;
use crate::transaction::moment::{Contents, Moment};
use crate::transaction::reads::Reads;
use crate::write::change::{Change, complete, id_of, sought};

/// A transaction's view of a table.
pub(crate) struct Fork {
    moment: Moment,
    layout: Arc<Layout>,
    contents: Contents,
    changes: NetChanges,
    /// The key values that it has taken or given up, each with the row that has it.
    taken: HashMap<(usize, Key), Option<u64>>,
    /// What was read.
    reads: Reads,
    known: KnownEntries,
    walked: ChangedContents,
    /// How to undo what was written since the first savepoint.
    journal: Vec<Undo>,
    /// Whether there is a savepoint.
    marked: bool,
}

/// The net changes of a transaction: each changed row once, as it was at the moment and as it will be after the commit.
#[derive(Default)]
struct NetChanges {
    changes: Vec<Change>,
    /// The position of each row in `changes`. A list of changes moves less memory than a tree of them would.
    places: BTreeMap<u64, usize>,
}

/// How to undo a write.
enum Undo {
    /// The planned row and its entries before the write; `None` if no change of the row was planned.
    Row { id: u64, before: Option<(Option<Arc<StoredRow>>, Entries)> },
    /// The row that had the value of a key before.
    Key { entry: (usize, Key), holder: Option<u64> },
}

/// Rows and trees that include the changes, for queries that walk over them.
struct ChangedContents {
    contents: Contents,
    /// The entries of each changed row that are in the trees now. A row that is not listed has those of the moment.
    shown: HashMap<u64, Entries>,
    /// The rows whose changes are not included yet.
    waiting: Vec<u64>,
}

/// The entries of keys at the moment.
#[derive(Default)]
struct KnownEntries {
    /// The entries that were asked for, each with the row that had it.
    entries: HashMap<(usize, Key), Option<Arc<StoredRow>>>,
    /// The entries that others have changed since, as they were.
    changed: HashMap<(usize, Key), Option<Arc<StoredRow>>>,
    /// The moment up to which the changes of others are included.
    until: u64,
}

/// What is left of a fork when it is to be committed. It shares no nodes with the table, so that no write has to copy any.
pub(crate) struct CommitPart {
    pub(crate) moment: Moment,
    pub(crate) changes: Vec<Change>,
    /// Rows that were looked at to be changed, but in the end are not changed.
    spared: Vec<Arc<StoredRow>>,
    layout: Arc<Layout>,
    reads: Reads,
    known: KnownEntries,
}

impl NetChanges {
    fn get(&self, id: u64) -> Option<&Change> {
        self.places.get(&id).map(|place| &self.changes[*place])
    }

    /// Merges a change with the earlier change of the same row; returns the row's id.
    fn merge(&mut self, change: Change) -> Option<u64> {
        let id = change.row.as_ref().or(change.old.as_ref())?.id;
        match self.places.get(&id) {
            // A row that was both made and deleted here stays in the list as an empty change.
            Some(place) => {
                let earlier = &mut self.changes[*place];
                (earlier.row, earlier.entries) = (change.row, change.entries);
            }
            None => {
                self.places.insert(id, self.changes.len());
                self.changes.push(change);
            }
        }
        Some(id)
    }
}

impl Fork {
    pub(crate) fn new(moment: Moment, contents: Contents, marked: bool) -> Self {
        Self {
            layout: moment.layout.clone().unwrap_or_default(),
            changes: NetChanges::default(),
            taken: HashMap::new(),
            reads: Reads::default(),
            known: KnownEntries { until: moment.at, ..KnownEntries::default() },
            walked: ChangedContents::new(&contents),
            journal: Vec::new(),
            marked,
            moment,
            contents,
        }
    }

    pub(crate) fn address(&self) -> *const Store {
        Arc::as_ptr(&self.moment.store)
    }

    /// Whether these are positions of indexes that the table had at the moment.
    pub(crate) fn has(&self, schema: &Schema) -> bool {
        let mut slots = schema.slots.iter();
        self.moment.layout.is_some() && slots.all(|slot| *slot < self.layout.slots.len())
    }

    /// Notes that a query was answered.
    pub(crate) fn note(&mut self, predicate: &Predicate) {
        self.reads.note(predicate);
    }

    /// Does the writes, all or none, for this transaction only.
    pub(crate) fn write(
        &mut self,
        schema: &Schema,
        writes: Writes<'_, MemDocument>,
    ) -> Result<AllWritten<MemDocument>, (usize, WriteFailure)> {
        let inserts = writes.iter().filter(|write| matches!(write, Write::Insert(_))).count();
        let mut ids = self.moment.store.new_ids(inserts);
        let mut changes = SmallVec::<[Change; 1]>::with_capacity(writes.len());
        for (position, write) in writes.into_iter().enumerate() {
            let change = self.prepared(schema, write, || ids.next().unwrap_or_default());
            // The fact that there is no such row has also been read.
            let change = change.inspect_err(|_| self.reads.note_all());
            changes.push(change.map_err(|failure| (position, failure))?);
        }
        if let Err((position, slot)) = self.take_keys(&changes) {
            return Err((position, self.moment.store.duplicate(schema, slot)));
        }
        let written = changes.iter().map(Change::written).collect();
        for change in changes {
            if self.marked
                && let Some(row) = change.row.as_ref().or(change.old.as_ref())
            {
                let before = self.changes.get(row.id).map(|earlier| (earlier.row.clone(), earlier.entries.clone()));
                self.journal.push(Undo::Row { id: row.id, before });
            }
            self.walked.waiting.extend(self.changes.merge(change));
        }
        Ok(written)
    }

    /// Turns a write into a change of its row. Changes nothing yet.
    fn prepared(
        &self,
        schema: &Schema,
        write: Write<'_, MemDocument>,
        next_id: impl FnOnce() -> u64,
    ) -> Result<Change, WriteFailure> {
        let (target, mut change) = Change::of(schema, write, next_id)?;
        let old = target.map(|target| sought(target, self.row(id_of(target)?))).transpose()?;
        complete(&self.layout, schema, old, &mut change);
        Ok(change)
    }

    fn row(&self, id: u64) -> Option<&Arc<StoredRow>> {
        match self.changes.get(id) {
            Some(change) => change.row.as_ref(),
            None => self.contents.rows.get(id),
        }
    }

    /// Takes the key values that the changes give to rows, and gives up those that they take away, or does neither. The error
    /// is the position of the change whose key value another row has, and the key's slot.
    fn take_keys(&mut self, changes: &[Change]) -> Result<(), (usize, usize)> {
        let mut before = Vec::new();
        // A key value that a row gives up is free for all others, whichever of them comes first.
        for gives_up in [true, false] {
            for (position, change) in changes.iter().enumerate() {
                for (slot, (old, new)) in change.entries().enumerate().take(self.layout.slots.len()) {
                    let key = if gives_up { old } else { new };
                    let changes = self.layout.slots[slot].unique && old != new;
                    let Some(key) = key.key().filter(|_| changes) else { continue };
                    let holder = self.holder(slot, key);
                    let entry = (slot, key.clone());
                    if !gives_up && holder.is_some() {
                        self.taken.extend(before.into_iter().rev());
                        return Err((position, slot));
                    }
                    before.push((entry.clone(), holder));
                    let holder = change.row.as_ref().filter(|_| !gives_up).map(|row| row.id);
                    self.taken.insert(entry, holder);
                }
            }
        }
        if self.marked {
            self.journal.extend(before.into_iter().map(|(entry, holder)| Undo::Key { entry, holder }));
        }
        Ok(())
    }

    /// The row that has an entry in a key now.
    fn holder(&mut self, slot: usize, key: &Key) -> Option<u64> {
        let entry = (slot, key.clone());
        if let Some(holder) = self.taken.get(&entry) {
            return *holder;
        }
        // A row that was changed and has given up this entry would have been found above.
        let known = self.known.entries.get(&entry);
        if let Some(row) = known {
            return row.as_ref().map(|row| row.id);
        }
        let row = self.known.at_moment(&self.moment, &self.layout, &self.contents, slot, key);
        let holder = row.as_ref().map(|row| row.id);
        self.known.entries.insert(entry, row);
        holder
    }

    fn find_single(&mut self, slot: usize, key: &[u8]) -> Option<Arc<StoredRow>> {
        let id = if self.layout.slots[slot].unique {
            self.holder(slot, &Key::new(key))
        } else {
            // This is a key that was dropped: its entries are not followed one by one.
            self.reads.note_all();
            Index::first_in(&self.snapshot_of(Some(slot)).tree, key)
        };
        id.and_then(|id| self.row(id)).cloned()
    }

    /// The row with this entry in a unique index.
    pub(crate) fn get(&mut self, slot: usize, key: &[u8], scope: Option<Scope>) -> Option<Row<MemDocument>> {
        self.find_single(slot, key).filter(|row| row.is_in(scope)).map(|row| row.to_row())
    }

    /// Records from now on how to undo writes. Returns the place to return to.
    pub(crate) fn mark(&mut self) -> usize {
        self.marked = true;
        self.journal.len()
    }

    /// Continues without a place to return to.
    pub(crate) fn unmark(&mut self) {
        self.marked = false;
        self.journal = Vec::new();
    }

    /// Undoes everything written since this place. Reads since then still count.
    pub(crate) fn undo(&mut self, place: usize) {
        while self.journal.len() > place {
            match self.journal.pop() {
                Some(Undo::Row { id, before }) => {
                    if let Some(at) = self.changes.places.get(&id) {
                        let change = &mut self.changes.changes[*at];
                        // A row that was not changed before stays in the list as an empty change.
                        let before = before.unwrap_or_else(|| (change.old.clone(), change.old_entries.clone()));
                        (change.row, change.entries) = before;
                        self.walked.waiting.push(id);
                    }
                }
                Some(Undo::Key { entry, holder }) => drop(self.taken.insert(entry, holder)),
                None => break,
            }
        }
    }

    pub(crate) fn into_commit_part(self) -> CommitPart {
        let Self { moment, changes, layout, reads, known, .. } = self;
        let (mut changes, mut spared) = (changes.changes, Vec::new());
        let is_none = |change: &Change| change.row.as_ref().map(Arc::as_ptr) == change.old.as_ref().map(Arc::as_ptr);
        changes.retain(|change| {
            let is_none = is_none(change);
            spared.extend(change.old.iter().filter(|_| is_none).cloned());
            !is_none
        });
        CommitPart { moment, changes, spared, layout, reads, known }
    }

    fn snapshot_of(&mut self, slot: Option<usize>) -> Snapshot {
        self.walked.flush(&self.changes);
        let Some(slot) = slot else {
            return Snapshot { rows: self.walked.contents.rows.clone(), tree: Tree::new() };
        };
        if self.walked.contents.indexes[slot].tree.is_none() {
            // The table sorts them for all later queries. The result may be newer than the moment.
            self.moment.store.now(Some(slot));
            let mut tree = Index::sorted(&self.layout.slots[slot], &self.contents.rows);
            self.contents.indexes[slot].tree = Some(tree.clone());
            for (id, place) in &self.changes.places {
                let change = &self.changes.changes[*place];
                move_entry(&mut tree, *id, &change.old_entries, change, slot);
            }
            self.walked.contents.indexes[slot].tree = Some(tree);
        }
        let tree = self.walked.contents.indexes[slot].tree.clone().unwrap_or_default();
        Snapshot { rows: self.walked.contents.rows.clone(), tree }
    }
}

impl ChangedContents {
    fn new(contents: &Contents) -> Self {
        Self { contents: contents.clone(), shown: HashMap::new(), waiting: Vec::new() }
    }

    /// Includes the changes that are not there yet.
    fn flush(&mut self, changes: &NetChanges) {
        for id in std::mem::take(&mut self.waiting) {
            let Some(change) = changes.get(id) else { continue };
            match &change.row {
                Some(row) => drop(self.contents.rows.insert(Arc::clone(row))),
                None => drop(self.contents.rows.remove(id)),
            }
            let shown = self.shown.get(&id).unwrap_or(&change.old_entries);
            for (slot, index) in self.contents.indexes.iter_mut().enumerate() {
                if let Some(tree) = &mut index.tree {
                    move_entry(tree, id, shown, change, slot);
                }
            }
            self.shown.insert(id, change.entries.clone());
        }
    }
}

/// Moves a row's entries in a tree from where they are shown to their new places.
fn move_entry(tree: &mut Tree, id: u64, shown: &Entries, change: &Change, slot: usize) {
    let (old, new) = (shown.get(slot).unwrap_or(&Entry::None), change.entries.get(slot).unwrap_or(&Entry::None));
    if old == new {
        return;
    }
    for key in old.keys() {
        // In a key, another row may have the entry by now.
        if tree.get(key) == Some(&id) {
            tree.remove(key);
        }
    }
    tree.extend(new.keys().iter().map(|key| (key.clone(), id)));
}

impl Source for &mut Fork {
    fn single(&mut self, slot: usize, key: &[u8]) -> Option<Arc<StoredRow>> {
        self.find_single(slot, key)
    }

    fn snapshot(&mut self, slot: Option<usize>) -> Snapshot {
        self.snapshot_of(slot)
    }

    fn entries(&mut self, slot: usize) -> usize {
        let Some(known) = self.contents.indexes[slot].len else {
            return self.snapshot_of(Some(slot)).tree.len();
        };
        let (mut gone, mut new) = (0, 0);
        for change in &self.changes.changes {
            let count = |entries: &[Entry]| entries.get(slot).map_or(0, |entry| entry.keys().len());
            gone += count(&change.old_entries);
            new += count(&change.entries);
        }
        (known + new).saturating_sub(gone)
    }
}

impl KnownEntries {
    /// The row that had an entry in a key at the moment.
    fn at_moment(
        &mut self,
        moment: &Moment,
        layout: &Layout,
        contents: &Contents,
        slot: usize,
        key: &Key,
    ) -> Option<Arc<StoredRow>> {
        let state = moment.store.read();
        if !state.indexes[slot].is_unique() {
            // The key was dropped in the meantime.
            let has = |row: &&Arc<StoredRow>| {
                layout.slots[slot].entry(row.id, row.discriminator.as_deref(), &row.doc).key() == Some(key)
            };
            return contents.rows.range(0..u64::MAX).find(has).cloned();
        }
        self.follow(layout, &state);
        let changed = self.changed.get(&(slot, key.clone())).cloned();
        changed.unwrap_or_else(|| state.indexes[slot].get(key.as_bytes()).cloned())
    }

    /// Includes the changes of others.
    fn follow(&mut self, layout: &Layout, state: &State) {
        let past = state.past.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = || layout.slots.iter().enumerate().filter(|(_, slot)| slot.unique);
        for changes in past.since(self.until) {
            // In one write, a row may take the key value that another row gives up.
            for row in changes.iter().filter_map(|(old, _)| old.as_ref()) {
                for (position, slot) in slots() {
                    if let Entry::One(key) = slot.entry(row.id, row.discriminator.as_deref(), &row.doc) {
                        self.changed.entry((position, key)).or_insert_with(|| Some(Arc::clone(row)));
                    }
                }
            }
            for row in changes.iter().filter_map(|(_, new)| new.as_ref()) {
                for (position, slot) in slots() {
                    if let Entry::One(key) = slot.entry(row.id, row.discriminator.as_deref(), &row.doc) {
                        self.changed.entry((position, key)).or_insert(None);
                    }
                }
            }
        }
        self.until = past.now();
    }
}

impl CommitPart {
    /// Whether it may be committed, because no one else has changed what was read or written.
    pub(crate) fn is_valid(&mut self, state: &State) -> bool {
        let at = |layout: &Option<Arc<Layout>>| layout.as_ref().map(Arc::as_ptr);
        if at(&state.layout) != at(&self.moment.layout) {
            return false;
        }
        if state.past.lock().unwrap_or_else(PoisonError::into_inner).now() == self.moment.at {
            return true;
        }
        if self.reads.is_all() {
            return false;
        }
        self.known.follow(&self.layout, state);
        if self.known.entries.keys().any(|entry| self.known.changed.contains_key(entry)) {
            return false;
        }
        let is_same = |old: &Arc<StoredRow>| state.rows.get(old.id).is_some_and(|row| Arc::ptr_eq(row, old));
        if !self.changes.iter().filter_map(|change| change.old.as_ref()).chain(&self.spared).all(is_same) {
            return false;
        }
        let past = state.past.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = past.since(self.moment.at).flatten().flat_map(|(old, new)| old.iter().chain(new));
        !rows.any(|row| self.reads.predicates().any(|predicate: &Prepared| satisfies(row, predicate)))
    }
}
