//! A table as a transaction sees it: as it was at one moment, with what the transaction has written.
//!
//! The rows and trees of the moment are shared, and copied where they are changed. A key's hash map cannot be shared: its entries are
//! taken from the table one by one, as they are asked for, and what others have changed since is undone. A small transaction
//! copies nothing: its changes go into rows and trees only when a query has to walk them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};

use longevity_core::Row;
use longevity_core::backend::{AllWritten, Write, WriteFailure, Writes};
use longevity_core::query::{Predicate, Prepared};
use longevity_core::table::Scope;

use crate::encode::Doc;
use crate::index::Index;
use crate::key::Key;
use crate::moment::{Contents, Moment};
use crate::reads::Reads;
use crate::schema::{Layout, Schema};
use crate::selection::satisfies;
use crate::table::{Change, Snapshot, Source, State, Store, StoredRow, id_of, sought};

/// What a transaction makes of the rows, by their ids: each changed row as it was at the moment, and as it is to be.
pub(crate) type NetChanges = BTreeMap<u64, Change>;

/// A table as a transaction sees it.
pub(crate) struct Fork {
    moment: Moment,
    contents: Contents,
    changes: NetChanges,
    /// What was read.
    reads: Reads,
    /// The indexes with all changes; the rows with all but those that wait.
    state: State,
    /// The rows whose change is not in the state's rows yet.
    waiting: Vec<u64>,
    known: Known,
}

/// The entries of keys at the moment.
#[derive(Default)]
struct Known {
    /// Those that were asked for: the row that had the entry.
    entries: HashMap<(usize, Key), Option<Arc<StoredRow>>>,
    /// Those that others have changed since, as they were.
    changed: HashMap<(usize, Key), Option<Arc<StoredRow>>>,
    /// Up to which moment the changes of others are in there.
    until: u64,
}

/// What is left of a table's fork when it is to be committed: nothing that shares nodes with the table, so that no write has to
/// copy any.
pub(crate) struct Part {
    pub(crate) moment: Moment,
    pub(crate) changes: Vec<Change>,
    reads: Reads,
    known: Known,
}

impl Fork {
    pub(crate) fn new(moment: Moment, contents: Contents) -> Self {
        let known = Known { until: moment.at, ..Known::default() };
        let (changes, reads) = (NetChanges::new(), Reads::default());
        let state = forked(&moment, &contents);
        Self { moment, contents, changes, reads, state, waiting: Vec::new(), known }
    }

    pub(crate) fn address(&self) -> *const Store {
        Arc::as_ptr(&self.moment.store)
    }

    /// Whether these are positions of indexes that the table had at the moment.
    pub(crate) fn has(&self, schema: &Schema) -> bool {
        let mut slots = schema.slots.iter();
        self.moment.layout.is_some() && slots.all(|slot| *slot < self.state.indexes.len())
    }

    /// Takes note that a query was answered.
    pub(crate) fn note(&mut self, predicate: &Predicate) {
        self.reads.note(predicate);
    }

    /// Does the writes, all or none, for this transaction alone.
    pub(crate) fn write(
        &mut self,
        schema: &Schema,
        writes: Writes<'_, Doc>,
    ) -> Result<AllWritten<Doc>, (usize, WriteFailure)> {
        let inserts = writes.iter().filter(|write| matches!(write, Write::Insert(_))).count();
        let mut ids = self.moment.store.new_ids(inserts);
        let mut changes = Vec::with_capacity(writes.len());
        for (position, write) in writes.into_iter().enumerate() {
            let change = self.prepared(schema, write, || ids.next().unwrap_or_default());
            // That there is no such row is something that was read.
            let change = change.inspect_err(|_| self.reads.note_all());
            changes.push(change.map_err(|failure| (position, failure))?);
        }
        for change in &changes {
            for (slot, (old, new)) in change.entries().enumerate().take(self.state.indexes.len()) {
                if old != new && self.state.indexes[slot].is_unique() {
                    old.into_iter().chain(new).for_each(|key| self.learn(slot, key));
                }
            }
        }
        if let Err((position, slot)) = self.state.enter(&changes) {
            return Err((position, self.moment.store.duplicate(schema, slot)));
        }
        let written = changes.iter().map(Change::written).collect();
        for change in changes {
            self.state.keep(&change);
            self.merge(change);
        }
        Ok(written)
    }

    /// A write as a change of the row that it is about; changes nothing yet.
    fn prepared(
        &self,
        schema: &Schema,
        write: Write<'_, Doc>,
        next_id: impl FnOnce() -> u64,
    ) -> Result<Change, WriteFailure> {
        let (target, mut change) = Change::of(schema, write, next_id)?;
        let old = target.map(|target| sought(target, self.row(id_of(target)?))).transpose()?;
        self.state.prepare(schema, old, &mut change);
        Ok(change)
    }

    fn row(&self, id: u64) -> Option<&Arc<StoredRow>> {
        match self.changes.get(&id) {
            Some(change) => change.row.as_ref(),
            None => self.contents.rows.get(id),
        }
    }

    /// Makes one change of a row's changes.
    fn merge(&mut self, change: Change) {
        let Some(id) = change.row.as_ref().or(change.old.as_ref()).map(|row| row.id) else { return };
        self.waiting.push(id);
        match self.changes.get_mut(&id) {
            Some(earlier) if earlier.old.is_none() && change.row.is_none() => drop(self.changes.remove(&id)),
            Some(earlier) => (earlier.row, earlier.entries) = (change.row, change.entries),
            None => drop(self.changes.insert(id, change)),
        }
    }

    /// Sees to it that the state has the row with this entry in a key, if there was one at the moment.
    fn learn(&mut self, slot: usize, key: &Key) {
        if self.known.entries.contains_key(&(slot, key.clone())) {
            return;
        }
        let row = self.known.at_moment(&self.moment, &self.contents, slot, key);
        if let Some(row) = &row {
            // A change of a key value asks for the entry first: if the row was changed, it kept its entry.
            let now = self.changes.get(&row.id).and_then(|change| change.row.as_ref());
            self.state.indexes[slot].learn(key.clone(), now.unwrap_or(row));
        }
        self.known.entries.insert((slot, key.clone()), row);
    }

    /// The row with this entry in a unique index.
    pub(crate) fn get(mut self: &mut Self, slot: usize, key: &[u8], scope: Option<Scope>) -> Option<Row<Doc>> {
        self.single(slot, key).filter(|row| row.is_in(scope)).map(|row| row.to_row())
    }

    /// What the transaction has made of the rows.
    pub(crate) fn changes(&self) -> NetChanges {
        self.changes.clone()
    }

    /// Makes the changes those that they were. What was read since stays read.
    pub(crate) fn restore(&mut self, changes: NetChanges) {
        self.state = forked(&self.moment, &self.contents);
        for ((slot, key), row) in &self.known.entries {
            if let Some(row) = row {
                self.state.indexes[*slot].learn(key.clone(), row);
            }
        }
        let all: Vec<_> = changes.values().cloned().collect();
        // They were there together before.
        if self.state.enter(&all).is_ok() {
            all.iter().for_each(|change| self.state.keep(change));
        }
        self.waiting = changes.keys().copied().collect();
        self.changes = changes;
    }

    pub(crate) fn into_part(self) -> Part {
        let Self { moment, changes, reads, known, .. } = self;
        Part { moment, changes: changes.into_values().collect(), reads, known }
    }

    /// Puts the changes into the rows that are not there yet.
    fn flush(&mut self) {
        for id in self.waiting.drain(..) {
            match self.changes.get(&id).and_then(|change| change.row.as_ref()) {
                Some(row) => drop(self.state.rows.insert(Arc::clone(row))),
                None => drop(self.state.rows.remove(id)),
            }
        }
    }
}

/// What a fork begins with.
fn forked(moment: &Moment, contents: &Contents) -> State {
    let layout = moment.layout.clone();
    let slots = layout.iter().flat_map(|layout| &layout.slots);
    let indexes = slots.map(|slot| Index::fork(slot.unique)).collect();
    State { layout, rows: contents.rows.clone(), indexes, ..State::default() }
}

impl Source for &mut Fork {
    fn single(&mut self, slot: usize, key: &[u8]) -> Option<Arc<StoredRow>> {
        if self.state.indexes[slot].is_unique() {
            self.learn(slot, &Key::new(key));
        } else {
            // A key that was dropped: its entries are not followed one by one.
            self.reads.note_all();
            self.snapshot(Some(slot));
        }
        self.state.with_key(slot, key).cloned()
    }

    fn snapshot(&mut self, slot: Option<usize>) -> Snapshot {
        self.flush();
        let Some(slot) = slot else { return Snapshot { rows: self.state.rows.clone(), tree: Default::default() } };
        if self.state.indexes[slot].tree().is_none() {
            let tree = self.contents.indexes.get_mut(slot).and_then(|index| index.tree.clone());
            let tree = tree.unwrap_or_else(|| {
                // The table sorts them for all who come later; what it has by now may be newer than the moment.
                self.moment.store.now(Some(slot));
                let layout = self.moment.layout.clone().unwrap_or_default();
                let tree = Index::sorted(&layout.slots[slot], &self.contents.rows);
                if let Some(index) = self.contents.indexes.get_mut(slot) {
                    index.tree = Some(tree.clone());
                }
                tree
            });
            self.state.indexes[slot].end_sorting(Some(tree));
        }
        Snapshot { rows: self.state.rows.clone(), tree: self.state.indexes[slot].tree().unwrap_or_default() }
    }

    fn entries(&mut self, slot: usize) -> usize {
        let Some(known) = self.contents.indexes.get(slot).and_then(|index| index.len) else {
            return self.snapshot(Some(slot)).tree.len();
        };
        let (mut gone, mut new) = (0, 0);
        for change in self.changes.values() {
            let has = |entries: &[Option<Key>]| entries.get(slot).is_some_and(Option::is_some);
            gone += usize::from(has(&change.old_entries));
            new += usize::from(has(&change.entries));
        }
        (known + new).saturating_sub(gone)
    }
}

impl Known {
    /// The row that had an entry in a key at the moment.
    fn at_moment(&mut self, moment: &Moment, contents: &Contents, slot: usize, key: &Key) -> Option<Arc<StoredRow>> {
        let state = moment.store.read();
        let layout = moment.layout.clone().unwrap_or_default();
        if !state.indexes[slot].is_unique() {
            // It was dropped meanwhile.
            let has = |row: &&Arc<StoredRow>| {
                layout.slots[slot].entry(row.id, row.discriminator.as_deref(), &row.doc).as_ref() == Some(key)
            };
            return contents.rows.range(0..u64::MAX).find(has).cloned();
        }
        self.follow(moment, &state);
        let changed = self.changed.get(&(slot, key.clone())).cloned();
        changed.unwrap_or_else(|| state.indexes[slot].get(key.as_bytes()).cloned())
    }

    /// Takes in what others have changed.
    fn follow(&mut self, moment: &Moment, state: &State) {
        let past = state.past.lock().unwrap_or_else(PoisonError::into_inner);
        let layout = moment.layout.as_deref();
        let slots =
            || layout.into_iter().flat_map(|layout| layout.slots.iter().enumerate()).filter(|(_, slot)| slot.unique);
        for changes in past.since(self.until) {
            // In one write, a row may take the key value that another one gives up.
            for row in changes.iter().filter_map(|(old, _)| old.as_ref()) {
                for (position, slot) in slots() {
                    if let Some(key) = slot.entry(row.id, row.discriminator.as_deref(), &row.doc) {
                        self.changed.entry((position, key)).or_insert_with(|| Some(Arc::clone(row)));
                    }
                }
            }
            for row in changes.iter().filter_map(|(_, new)| new.as_ref()) {
                for (position, slot) in slots() {
                    if let Some(key) = slot.entry(row.id, row.discriminator.as_deref(), &row.doc) {
                        self.changed.entry((position, key)).or_insert(None);
                    }
                }
            }
        }
        self.until = past.now();
    }
}

impl Part {
    /// Whether it may be committed: nobody else has changed anything that was read or written.
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
        self.known.follow(&self.moment, state);
        if self.known.entries.keys().any(|entry| self.known.changed.contains_key(entry)) {
            return false;
        }
        let is_same = |old: &Arc<StoredRow>| state.rows.get(old.id).is_some_and(|row| Arc::ptr_eq(row, old));
        if !self.changes.iter().filter_map(|change| change.old.as_ref()).all(is_same) {
            return false;
        }
        let past = state.past.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = past.since(self.moment.at).flatten().flat_map(|(old, new)| old.iter().chain(new));
        !rows.any(|row| self.reads.predicates().any(|predicate: &Prepared| satisfies(row, predicate)))
    }
}
