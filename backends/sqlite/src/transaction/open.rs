//! The state of an open transaction, and how it ends.

use std::sync::{Arc, Mutex};

use longevity_core::Error;
use rusqlite::Connection;

use crate::connection::database::Database;
use crate::error::{NAME, SqliteError};
use crate::writer::lease::Lease;

/// The state of a transaction; `None` when it has ended. Its lock is held while an operation runs.
pub(crate) type Shared = Arc<Mutex<Option<Open>>>;

pub(crate) struct Open {
    pub(crate) connection: UsedConnection,
    pub(crate) savepoints: usize,
    /// Whether anything was written.
    pub(crate) wrote: bool,
}

/// The connection that sees the rows.
pub(crate) enum UsedConnection {
    Writer(Lease),
    Reader(Connection),
    Copy(Connection),
}

#[cold]
pub(crate) fn ended() -> Error {
    Error::TransactionEnded { how: "it was committed or rolled back" }
}

#[cold]
pub(crate) fn lost() -> Error {
    let because = "SQLite has ended it after a failure, as it does when the disk is full".to_owned();
    Error::TransactionLost { because }
}

/// Commits, and frees the connection for the next task. Returns the number of the commit if it still has to be put on the disk.
pub(crate) fn commit(database: &Database, lease: Lease, wrote: bool) -> Result<Option<u64>, Error> {
    let connection = lease.connection();
    if connection.is_autocommit() {
        return Err(lost());
    }
    let committed = connection.prepare_cached("COMMIT").and_then(|mut statement| statement.execute([]));
    if let Err(error) = committed {
        let error = database.site.failed(error);
        return Err(match error {
            // The log may contain the whole transaction, although this process does not see it.
            error @ SqliteError::Disk { .. } => Error::OutcomeUnknown { backend: NAME, source: error.into() },
            error => error.into(),
        });
    }
    let number = (wrote && database.writer.is_relaxed()).then(|| database.writer.syncs.note());
    drop(connection);
    Ok(number)
}

/// Ends a transaction that is not to be committed, or that only read.
pub(crate) fn give_back(database: &Database, connection: UsedConnection) {
    match connection {
        UsedConnection::Writer(lease) => drop(lease),
        UsedConnection::Reader(connection) => match connection.execute_batch("COMMIT") {
            Ok(()) => database.give_back(connection),
            // The connection is closed here, and its snapshot ends with it.
            Err(error) => tracing::warn!(%error, "cannot end a snapshot"),
        },
        UsedConnection::Copy(connection) => drop(connection),
    }
}
