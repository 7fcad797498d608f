//! What is open of a transaction, and how it ends.

use std::sync::{Arc, Mutex};

use longevity_core::Error;
use rusqlite::Connection;

use crate::connection::database::Database;
use crate::error::{NAME, SqliteError};
use crate::writer::lease::Lease;

/// What is open of a transaction; `None` when it is over. Its lock is held while an operation runs.
pub(crate) type Shared = Arc<Mutex<Option<Open>>>;

pub(crate) struct Open {
    pub(crate) by: By,
    pub(crate) savepoints: usize,
    /// Whether anything was written.
    pub(crate) wrote: bool,
}

/// The connection that sees the rows.
pub(crate) enum By {
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

/// Commits, lets the next one have the connection, and gives the number by which to wait for the disk, if that is to be done.
pub(crate) fn commit(database: &Database, lease: Lease, wrote: bool) -> Result<Option<u64>, Error> {
    let connection = lease.connection();
    if connection.is_autocommit() {
        return Err(lost());
    }
    let committed = connection.prepare_cached("COMMIT").and_then(|mut statement| statement.execute([]));
    if let Err(error) = committed {
        let error = database.site.failed(error);
        return Err(match error {
            // The log may have all of it, though not for this process.
            error @ SqliteError::Disk { .. } => Error::OutcomeUnknown { backend: NAME, source: error.into() },
            error => error.into(),
        });
    }
    let number = (wrote && database.writer.is_relaxed()).then(|| database.writer.syncs.note());
    drop(connection);
    Ok(number)
}

/// Ends what was not committed, or only read.
pub(crate) fn give_back(database: &Database, by: By) {
    match by {
        By::Writer(lease) => drop(lease),
        By::Reader(connection) => match connection.execute_batch("COMMIT") {
            Ok(()) => database.give_back(connection),
            // It is closed, and its snapshot with it.
            Err(error) => tracing::warn!(%error, "cannot end a snapshot"),
        },
        By::Copy(connection) => drop(connection),
    }
}
