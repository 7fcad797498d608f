//! A transaction: each table as of one moment, with the transaction's own changes. Its commit applies these to all tables,
//! unless another commit has changed what it read or wrote. Each table is a [`Moment`] until it is used, and a [`Fork`] from
//! then on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLockReadGuard, RwLockWriteGuard};

use longevity_core::backend::{
    AllWritten, Give, GiveValues, Lookup, Session, Transaction, WriteFailure, Writes, find_values_of_documents,
    hold_by_reading,
};
use longevity_core::backend::{Predicate, Select};
use longevity_core::encoding::Projection;
use longevity_core::{Error, Explanation, Row};

use crate::encode::document::MemDocument;
use crate::encode::key::Buffer;
use crate::error::{conflict, ended};
use crate::query::counting;
use crate::query::explain::explain;
use crate::query::lookup::key_of;
use crate::query::selection::Selection;
use crate::query::stream::Rows;
use crate::storage::state::State;
use crate::storage::store::Store;
use crate::table::Table;
use crate::transaction::fork::{CommitPart, Fork};
use crate::transaction::moment::{Contents, Moment, now};

/// A transaction of a [`Mem`](crate::Mem).
pub struct MemTransaction {
    /// `None` when the transaction has ended.
    open: Mutex<Option<Tables>>,
}

/// The tables as a transaction sees them.
struct Tables {
    /// Ordered by their addresses.
    tables: Vec<View>,
    /// For each savepoint, how much had been written in each table that had been used.
    savepoints: Vec<BTreeMap<usize, usize>>,
}

/// A transaction's view of a table: unused, or a fork.
struct View {
    /// Set as long as the table has not been used.
    untouched: Option<(Moment, Contents)>,
    fork: Option<Box<Fork>>,
}

impl MemTransaction {
    pub(crate) fn begin(stores: &[Arc<Store>]) -> Self {
        let tables = now(stores).into_iter().map(|table| View { untouched: Some(table), fork: None }).collect();
        Self { open: Mutex::new(Some(Tables { tables, savepoints: Vec::new() })) }
    }

    fn open(&self) -> MutexGuard<'_, Option<Tables>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a function on the fork of a table.
    fn with<T>(&self, table: &Table, act: impl FnOnce(&mut Fork) -> Result<T, Error>) -> Result<T, Error> {
        let schema = table.schema()?;
        let mut open = self.open();
        let fork = open.as_mut().ok_or_else(ended)?.fork(&table.store);
        let fork = fork.filter(|fork| fork.has(schema)).ok_or_else(|| {
            conflict(format!("the table {} was created after the transaction had begun", table.definition.name))
        })?;
        act(fork)
    }
}

impl Tables {
    fn fork(&mut self, store: &Arc<Store>) -> Option<&mut Fork> {
        let address = Some(Arc::as_ptr(store));
        let at = self.tables.binary_search_by_key(&address, View::address).ok()?;
        let view = &mut self.tables[at];
        if let Some((moment, contents)) = view.untouched.take() {
            view.fork = Some(Box::new(Fork::new(moment, contents, !self.savepoints.is_empty())));
        }
        view.fork.as_deref_mut()
    }

    /// Records how much has been written.
    fn mark(&mut self) {
        let forks = self.tables.iter_mut().enumerate();
        let mark = forks.filter_map(|(at, view)| Some((at, view.fork.as_mut()?.mark()))).collect();
        self.savepoints.push(mark);
    }

    /// Removes all savepoints except the first `left`.
    fn unmark(&mut self, left: usize) {
        self.savepoints.truncate(left);
        if left == 0 {
            self.tables.iter_mut().filter_map(|view| view.fork.as_mut()).for_each(|fork| fork.unmark());
        }
    }

    /// Undoes everything written since the savepoint at this place.
    fn undo(&mut self, place: usize) {
        let Some(mark) = self.savepoints.get(place) else { return };
        for (at, view) in self.tables.iter_mut().enumerate() {
            if let Some(fork) = &mut view.fork {
                // In a table that was first used after the savepoint, everything is undone.
                fork.undo(mark.get(&at).copied().unwrap_or_default());
            }
        }
        self.unmark(place);
    }

    /// Makes the changes in the tables, all or none.
    fn commit(self) -> Result<(), Error> {
        let mut parts: Vec<_> =
            self.tables.into_iter().filter_map(|view| Some(view.fork?.into_commit_part())).collect();
        if parts.iter().all(|part| part.changes.is_empty()) {
            // All reads are from one moment, and the transaction takes place at that moment.
            return Ok(());
        }
        // The locks borrow from separate handles, so that the parts can be changed under them.
        let stores: Vec<_> = parts.iter().map(|part| Arc::clone(&part.moment.store)).collect();
        let mut locked: Vec<_> = stores.iter().zip(&parts).map(|(store, part)| Locked::new(store, part)).collect();
        if !parts.iter_mut().zip(&locked).all(|(part, locked)| part.is_valid(locked.state())) {
            return Err(conflict("another transaction has changed what this one read or wrote".to_owned()));
        }
        for (at, part) in parts.iter().enumerate() {
            if let Locked::Write(state) = &mut locked[at]
                && state.enter(&part.changes).is_err()
            {
                // This is not reached, because no one can have taken a key that was free for the transaction. If it were
                // reached, nothing would be done.
                for (part, locked) in parts.iter().zip(&mut locked).take(at) {
                    if let Locked::Write(state) = locked {
                        state.leave(&part.changes, part.changes.len());
                    }
                }
                return Err(conflict("another transaction has taken a key value".to_owned()));
            }
        }
        for (part, locked) in parts.iter().zip(&mut locked) {
            if let Locked::Write(state) = locked {
                state.finish(&part.changes);
            }
        }
        // The locks are released before the rows that are no longer in the tables are dropped.
        drop(locked);
        drop(parts);
        Ok(())
    }
}

impl View {
    fn address(&self) -> Option<*const Store> {
        let untouched = self.untouched.as_ref().map(|(moment, _)| Arc::as_ptr(&moment.store));
        untouched.or_else(|| self.fork.as_ref().map(|fork| fork.address()))
    }
}

/// A locked table during a commit.
enum Locked<'a> {
    Read(RwLockReadGuard<'a, State>),
    Write(RwLockWriteGuard<'a, State>),
}

impl<'a> Locked<'a> {
    fn new(store: &'a Store, part: &CommitPart) -> Self {
        if part.changes.is_empty() { Self::Read(store.read()) } else { Self::Write(store.write_lock()) }
    }

    fn state(&self) -> &State {
        match self {
            Self::Read(state) => state,
            Self::Write(state) => state,
        }
    }
}

// Each future is ready at its first poll, as in the back end.
impl Session for MemTransaction {
    type Document = MemDocument;
    type Table = Table;
    type Rows = Rows;

    async fn write(
        &self,
        table: &Table,
        writes: Writes<'_, MemDocument>,
    ) -> Result<AllWritten<MemDocument>, (usize, WriteFailure)> {
        let schema = table.schema().map_err(|error| (0, error.into()))?;
        self.with(table, |fork| Ok(fork.write(schema, writes))).map_err(|error| (0, error.into()))?
    }

    async fn get(&self, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row<MemDocument>>, Error> {
        let mut key = Buffer::new();
        let slot = key_of(table, lookup, &mut key)?;
        self.with(table, |fork| Ok(fork.get(slot, &key, lookup.scope)))
    }

    async fn find_each(&self, table: &Table, select: Select, give: &mut dyn Give<MemDocument>) -> Result<(), Error> {
        let selection = self.with(table, |fork| {
            fork.note(&select.predicate);
            Selection::new(table, fork, select)
        })?;
        selection.give(give)
    }

    async fn find_values(
        &self,
        table: &Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> Result<(), Error> {
        let read = |doc: &MemDocument, property: &_| Ok(doc.read(property));
        find_values_of_documents(self, read, table, select, projection, give).await
    }

    async fn count(&self, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        let counted = self.with(table, |fork| {
            fork.note(&predicate);
            Ok(match counting::count(table, &mut *fork, &predicate)? {
                Some(rows) => Ok(rows),
                None => Err(Selection::unordered(table, fork, predicate)?),
            })
        })?;
        // Rows are looked at after the transaction is unlocked.
        Ok(counted.unwrap_or_else(Selection::count))
    }

    async fn exists(&self, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        let any = self.with(table, |fork| {
            fork.note(&predicate);
            Ok(match counting::any(table, &mut *fork, &predicate)? {
                Some(any) => Ok(any),
                None => Err(Selection::unordered(table, fork, predicate)?),
            })
        })?;
        Ok(any.unwrap_or_else(Selection::any))
    }

    fn stream(&self, table: &Table, select: Select) -> Rows {
        Rows::new(self.with(table, |fork| {
            fork.note(&select.predicate);
            Selection::new(table, fork, select)
        }))
    }

    async fn explain(&self, table: &Table, select: Select) -> Result<Explanation, Error> {
        explain(table, &select)
    }
}

impl Transaction for MemTransaction {
    async fn commit(&self) -> Result<(), Error> {
        let tables = self.open().take().ok_or_else(ended)?;
        tables.commit()
    }

    async fn rollback(&self) -> Result<(), Error> {
        self.abandon();
        Ok(())
    }

    fn abandon(&self) {
        let tables = self.open().take();
        // Rows are dropped outside the lock.
        drop(tables);
    }

    // Transactions are serializable.
    async fn hold(&self, table: &Table, keys: &[Lookup<'_>]) -> Result<bool, Error> {
        hold_by_reading(self, table, keys).await
    }

    fn savepoint(&self) -> Result<(), Error> {
        self.open().as_mut().ok_or_else(ended)?.mark();
        Ok(())
    }

    fn release(&self, depth: usize) -> Result<(), Error> {
        self.open().as_mut().ok_or_else(ended)?.unmark(depth.saturating_sub(1));
        Ok(())
    }

    fn undo(&self, depth: usize) {
        if let (Some(tables), Some(place)) = (&mut *self.open(), depth.checked_sub(1)) {
            tables.undo(place);
        }
    }
}

impl fmt::Debug for MemTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemTransaction").finish_non_exhaustive()
    }
}
