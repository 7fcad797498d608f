//! The one connection that writes, and who has it: no task, the task that does the writes in the queue, or a transaction.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::Waker;

use rusqlite::Connection;

use crate::error::ErrorSite;
use crate::writer::group_commit::Gathering;
use crate::writer::queue::Queue;
use crate::writer::synchronization::Synchronization;

pub(crate) struct Writer {
    pub(crate) site: ErrorSite,
    /// Whether a commit is on the disk before it is acknowledged.
    pub(crate) is_synchronized: bool,
    connection: Mutex<Connection>,
    /// Whether reads use it too.
    only: bool,
    /// Whether a transaction has the connection, which it keeps without holding the lock. Changed under the lock.
    leased: AtomicBool,
    /// Whether the connection does not synchronize its commits. Changed under the lock.
    relaxed: AtomicBool,
    pub(crate) syncs: Synchronization,
    queue: Mutex<Queue>,
    /// Whether a thread waits for another process, to do the writes in the queue.
    pub(crate) waiting: AtomicBool,
    pub(crate) gathering: Gathering,
}

/// The connection, while its lock is held.
pub(crate) struct LockedConnection<'a> {
    // The order matters: the lock is released first, and then the tasks that wait are woken. A task that queues later finds it
    // free.
    connection: MutexGuard<'a, Connection>,
    _wake: WakeOnDrop<'a>,
}

/// Wakes the tasks that wait, when it is dropped.
struct WakeOnDrop<'a>(&'a Writer);

impl Drop for WakeOnDrop<'_> {
    fn drop(&mut self) {
        self.0.wake();
    }
}

impl Writer {
    /// If this is the `only` connection, writes wait for reads, each of which takes it for a moment.
    pub(crate) fn new(connection: Connection, site: ErrorSite, only: bool, is_synchronized: bool) -> Self {
        Self {
            site,
            is_synchronized,
            connection: Mutex::new(connection),
            only,
            leased: AtomicBool::new(false),
            relaxed: AtomicBool::new(false),
            syncs: Synchronization::default(),
            queue: Mutex::default(),
            waiting: AtomicBool::new(false),
            gathering: Gathering::default(),
        }
    }

    /// Waits for the connection; `None` if it is leased.
    pub(crate) fn lock(&self) -> Option<LockedConnection<'_>> {
        self.held(self.connection.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The connection, if it is free at the moment and not leased.
    pub(crate) fn try_lock(&self) -> Option<LockedConnection<'_>> {
        self.held(self.free()?)
    }

    /// The connection, if no task holds it at the moment.
    fn free(&self) -> Option<MutexGuard<'_, Connection>> {
        if self.only {
            // This waits for the reads, because many of them could keep a write from its turn for ever.
            return (!self.is_leased()).then(|| self.leased());
        }
        match self.connection.try_lock() {
            Ok(connection) => Some(connection),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn held<'a>(&'a self, connection: MutexGuard<'a, Connection>) -> Option<LockedConnection<'a>> {
        if self.is_leased() {
            return None;
        }
        self.roll_back(&connection);
        self.restore(&connection);
        Some(LockedConnection { connection, _wake: WakeOnDrop(self) })
    }

    /// Undoes what a panic or a dropped transaction left open. Writes that follow would be acknowledged and never committed.
    fn roll_back(&self, connection: &Connection) {
        if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            self.syncs.fail(&format!("a transaction cannot be rolled back: {error}"));
        }
    }

    /// From here on, until it is [restored](Self::restore), the connection does not synchronize its commits: the transactions do.
    pub(crate) fn relax(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.is_relaxed() {
            return Ok(());
        }
        self.relaxed.store(true, Ordering::Release);
        // The pragma takes effect while it is prepared, so a cached statement would do nothing.
        connection.execute_batch("PRAGMA synchronous = NORMAL")
    }

    /// From here on the connection synchronizes its commits. Earlier commits are put on the disk first, because a failure of the
    /// next write would hide that they are missing.
    fn restore(&self, connection: &Connection) {
        if self.is_relaxed() {
            self.syncs.settle();
            match connection.execute_batch("PRAGMA synchronous = FULL") {
                Ok(()) => self.relaxed.store(false, Ordering::Release),
                Err(error) => self.syncs.fail(&error.to_string()),
            }
        }
    }

    pub(crate) fn is_relaxed(&self) -> bool {
        self.relaxed.load(Ordering::Acquire)
    }

    pub(crate) fn is_leased(&self) -> bool {
        self.leased.load(Ordering::Acquire)
    }

    /// Leases the connection if it is free, and says whether it did. With `to_relax`, the caller relaxes it, so it is not
    /// restored.
    pub(crate) fn take(&self, to_relax: bool) -> bool {
        let Some(connection) = self.free() else { return false };
        if self.is_leased() {
            return false;
        }
        self.roll_back(&connection);
        if !to_relax {
            self.restore(&connection);
        }
        self.leased.store(true, Ordering::Release);
        self.queue().leased();
        true
    }

    /// The connection, for the task that has leased it.
    pub(crate) fn leased(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the connection back, and rolls back what is open on it.
    pub(crate) fn give_back(&self) {
        let connection = self.leased();
        self.roll_back(&connection);
        self.queue().returned();
        self.leased.store(false, Ordering::Release);
        drop(connection);
        self.wake();
    }

    /// Whether no transaction, and no thread that waits for another process, has the connection.
    pub(crate) fn is_free(&self) -> bool {
        !self.is_leased() && !self.is_waiting()
    }

    /// Whether a thread waits for another process.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// Whether any transaction waits for the connection.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.queue().claims.is_empty()
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the tasks whose turn it may be.
    pub(crate) fn wake(&self) {
        let wakers = self.queue().free();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Notes that a task does not wait any more. If it was its turn, the next one has it.
    pub(crate) fn passed_over(&self) {
        if !self.is_leased() {
            self.wake();
        }
    }
}

impl Deref for LockedConnection<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for LockedConnection<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
