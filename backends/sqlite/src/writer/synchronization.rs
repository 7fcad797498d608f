//! Putting commits on the disk, several at once.
//!
//! After a commit the next transaction may begin before the commit is on the disk. The commit is acknowledged when it is there.
//! One synchronization of the log covers all earlier commits, because the log has them in order.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use rusqlite::Connection;

use crate::error::SqliteError;
use crate::writer::group_commit::Gathering;

#[derive(Default)]
pub(crate) struct Synchronization {
    /// The write-ahead log, opened a second time. Closing a file drops the locks of the process on it, but SQLite keeps none on
    /// this file.
    log: OnceLock<File>,
    pub(crate) gathering: Gathering,
    /// Held while the log is synchronized. The system reports a failure only once, so two synchronizations must not overlap.
    turn: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    /// How many transactions were committed.
    pub(crate) committed: u64,
    /// How many of these are on the disk.
    pub(crate) synced: u64,
    /// Whether a task synchronizes now.
    pub(crate) is_busy: bool,
    pub(crate) waiting: Vec<Waker>,
    /// Why the log could not be synchronized. The commits since may be lost, and with them all that follows in the log.
    pub(crate) broken: Option<String>,
}

impl Synchronization {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the log, and says whether commits of this connection can be synchronized here.
    pub(crate) fn open(&self, connection: &Connection) -> bool {
        if self.log.get().is_some() {
            return true;
        }
        let Some(path) = connection.path().filter(|path| !path.is_empty()) else { return false };
        let log = PathBuf::from(format!("{path}-wal"));
        match OpenOptions::new().read(true).write(true).open(log) {
            Ok(log) => {
                self.log.get_or_init(|| log);
                true
            }
            Err(error) => {
                tracing::debug!(%error, "commits are synchronized one by one");
                false
            }
        }
    }

    /// Notes a commit before the next transaction begins, and returns its number.
    pub(crate) fn note(&self) -> u64 {
        let mut state = self.state();
        state.committed += 1;
        state.committed
    }

    /// How many transactions were committed, and how many of these are on the disk.
    #[cfg(test)]
    pub(crate) fn counted(&self) -> (u64, u64) {
        let state = self.state();
        (state.committed, state.synced)
    }

    #[cfg(all(test, unix))]
    pub(crate) fn inode(&self) -> Option<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;

        let metadata = self.log.get()?.metadata().ok()?;
        Some((metadata.dev(), metadata.ino()))
    }

    #[cfg(test)]
    pub(crate) fn use_log(&self, log: File) {
        self.log.set(log).unwrap();
    }

    /// Puts all commits on the disk. Returns the tasks that wait for that.
    pub(crate) fn synchronize(&self) -> Vec<Waker> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, is_broken) = {
            let state = self.state();
            (state.committed, state.broken.is_some())
        };
        let synced = self.log.get().map_or_else(|| Err(std::io::Error::other("there is no log")), File::sync_data);
        let mut state = self.state();
        state.is_busy = false;
        match synced {
            // Commits of a failed synchronization may not be on the disk, even if the system now reports success.
            Ok(()) if is_broken => {}
            Ok(()) => {
                self.gathering.note(usize::try_from(all.saturating_sub(state.synced)).unwrap_or(usize::MAX));
                state.synced = state.synced.max(all);
            }
            Err(error) => state.broken = Some(error.to_string()),
        }
        std::mem::take(&mut state.waiting)
    }

    /// Puts the commits on the disk that are not there yet.
    pub(crate) fn settle(&self) {
        let is_settled = {
            let state = self.state();
            state.synced == state.committed || state.broken.is_some()
        };
        if !is_settled {
            self.synchronize().into_iter().for_each(Waker::wake);
        }
    }

    /// Refuses all writes from here on.
    pub(crate) fn fail(&self, reason: &str) {
        self.state().broken = Some(reason.to_owned());
    }

    /// The error of every write after the log could not be synchronized.
    pub(crate) fn broken(&self) -> Option<SqliteError> {
        self.state().broken.as_ref().map(|reason| SqliteError::Unsynchronized { reason: reason.clone() })
    }
}
