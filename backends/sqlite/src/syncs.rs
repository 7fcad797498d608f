//! Commits that are synchronized together.
//!
//! A transaction that is committed lets the next one begin before it is on the disk, and is acknowledged when it is there. One
//! synchronization of the log is enough for all that were committed before it, as the log has them in their order.

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use rusqlite::Connection;

use crate::database::Database;
use crate::failure::SqliteError;

/// How often a commit yields at most, so that those who come after it share its synchronization.
const YIELDS: u8 = 64;
/// Who had so many synchronizations to himself takes himself to be alone, and yields once in so many.
const LOOK: usize = 16;
/// Nobody waits for more than so many.
const CROWD: u64 = 64;

#[derive(Default)]
pub(crate) struct Syncs {
    /// The write-ahead log, and not by SQLite. It has no locks, which this one would take away when it is closed.
    log: OnceLock<File>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How many were committed.
    committed: u64,
    /// How many of them are on the disk.
    synced: u64,
    /// Whether somebody synchronizes.
    is_busy: bool,
    /// How many shared the last synchronization.
    crowd: u64,
    /// How many synchronizations in a row had one alone.
    alone: usize,
    waiting: Vec<Waker>,
    /// Why the log could not be synchronized. What was committed may be lost, and with it all that comes after it in the log.
    broken: Option<String>,
}

impl Syncs {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether commits of this connection can be synchronized here.
    pub(crate) fn open(&self, connection: &Connection) -> bool {
        if self.log.get().is_some() {
            return true;
        }
        let Some(path) = connection.path().filter(|path| !path.is_empty()) else { return false };
        let log = PathBuf::from(format!("{path}-wal"));
        match OpenOptions::new().read(true).write(true).open(log) {
            Ok(log) => self.log.set(log).is_ok() || self.log.get().is_some(),
            Err(error) => {
                tracing::debug!(%error, "commits are synchronized one by one");
                false
            }
        }
    }

    /// Notes a commit, before the next one begins, and gives its number.
    pub(crate) fn note(&self) -> u64 {
        let mut state = self.state();
        state.committed += 1;
        state.committed
    }

    /// How many were committed, and how many of them are on the disk.
    #[cfg(test)]
    pub(crate) fn counted(&self) -> (u64, u64) {
        let state = self.state();
        (state.committed, state.synced)
    }

    #[cfg(test)]
    pub(crate) fn use_log(&self, log: File) {
        self.log.set(log).unwrap();
    }

    /// The error of all that is written after the log could not be synchronized.
    pub(crate) fn broken(&self) -> Option<SqliteError> {
        self.state().broken.as_ref().map(|reason| SqliteError::Unsynchronized { reason: reason.clone() })
    }
}

impl State {
    /// Whether somebody who has yielded so often goes on to synchronize: as many are there as the last time, or it cannot be helped.
    fn is_gathered(&self, yields: u8) -> bool {
        if yields == 0 {
            return self.alone >= LOOK && !self.alone.is_multiple_of(LOOK);
        }
        yields >= YIELDS || self.committed - self.synced >= self.crowd.min(CROWD)
    }

    /// So many are on the disk.
    fn synced(&mut self, all: u64) {
        self.crowd = all.saturating_sub(self.synced);
        self.alone = if self.crowd > 1 { 0 } else { self.alone.wrapping_add(1) };
        self.synced = all;
    }
}

/// Waits until a commit is on the disk. If it is dropped, the commit is done all the same.
pub(crate) struct Synced {
    database: Arc<Database>,
    number: u64,
    yields: u8,
}

impl Synced {
    pub(crate) fn new(database: Arc<Database>, number: u64) -> Self {
        Self { database, number, yields: 0 }
    }
}

impl Future for Synced {
    type Output = Result<(), SqliteError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let database = Arc::clone(&self.database);
        let syncs = &database.writer.syncs;
        let mut state = syncs.state();
        if state.synced >= self.number {
            return Poll::Ready(Ok(()));
        }
        if let Some(reason) = &state.broken {
            return Poll::Ready(Err(SqliteError::Unsynchronized { reason: reason.clone() }));
        }
        if state.is_busy {
            state.waiting.push(context.waker().clone());
            return Poll::Pending;
        }
        // Those who wait for the connection now can share, too. If another thread is at work on one, it goes on meanwhile, and the
        // next synchronization is for that one.
        let writer = &database.writer;
        let is_gathered = state.is_gathered(self.yields) && (self.yields >= YIELDS || !writer.is_wanted());
        if !is_gathered && !(self.yields > 0 && writer.is_leased()) {
            drop(state);
            self.yields += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        state.is_busy = true;
        let all = state.committed;
        drop(state);
        let synced = syncs.log.get().map_or(Ok(()), File::sync_data);
        let mut state = syncs.state();
        state.is_busy = false;
        match &synced {
            Ok(()) => state.synced(all),
            Err(error) => state.broken = Some(error.to_string()),
        }
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        Poll::Ready(synced.map_err(|error| SqliteError::Unsynchronized { reason: error.to_string() }))
    }
}
