//! How a transaction ends: by its commit, which is repeated until its outcome is known, or because it became too old.

use std::time::{Duration, Instant};

use mongodb::ClientSession;
use mongodb::bson::{Bson, doc};
use mongodb::error::{Error as DriverError, ErrorKind, UNKNOWN_TRANSACTION_COMMIT_RESULT};

use crate::connection::client::Connection;
use crate::error::{WRITE_CONCERN_FAILED, code_of};

/// How long a batch is retried while others conflict with it, and how long a commit is retried while its outcome is unknown.
pub(crate) const RETRY_TIMEOUT: Duration = Duration::from_secs(60);
/// The pause before a commit is repeated.
const PAUSE: Duration = Duration::from_millis(2);

// https://github.com/mongodb/mongo/blob/v8.0/src/mongo/base/error_codes.yml
const NO_SUCH_TRANSACTION: i32 = 251;
const EXCEEDED_LIFETIME: i32 = 290;
/// The server's default limit for the age of a transaction (`transactionLifetimeLimitSeconds`).
pub(crate) const LIFETIME: Duration = Duration::from_secs(60);

/// Commits, and repeats the commit while its outcome is unknown.
pub(crate) async fn commit(session: &mut ClientSession, connection: &Connection) -> Result<(), DriverError> {
    let started = Instant::now();
    // If the user limits how long to wait for a majority, the wait is not repeated.
    let has_limit = connection.database.write_concern().is_some_and(|concern| concern.w_timeout.is_some());
    loop {
        match session.commit_transaction().await {
            // It is not known whether the transaction is committed. Repeating the commit finds out.
            Err(error)
                if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
                    && started.elapsed() < RETRY_TIMEOUT
                    && !is_selection_timeout(&error)
                    && !(has_limit && code_of(&error) == Some(WRITE_CONCERN_FAILED)) => {}
            answer => return answer,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether the server ended a transaction because of its age. Another attempt would take as long.
pub(crate) async fn has_outlived(connection: &Connection, error: &DriverError, age: Duration) -> bool {
    match code_of(error) {
        // The server reports this for a statement that runs when the time is over, and does not call the error transient.
        Some(EXCEEDED_LIFETIME) => true,
        // The server reports this if it ended the transaction between two statements, for whatever reason.
        Some(NO_SUCH_TRANSACTION) => {
            let ask = doc! { "getParameter": 1, "transactionLifetimeLimitSeconds": 1 };
            // Not every user may read the parameter.
            let reply = connection.client.database("admin").run_command(ask).await.ok();
            let seconds = reply.as_ref().and_then(|reply| match reply.get("transactionLifetimeLimitSeconds") {
                Some(Bson::Int32(seconds)) => u64::try_from(*seconds).ok(),
                Some(Bson::Int64(seconds)) => u64::try_from(*seconds).ok(),
                _ => None,
            });
            age >= seconds.map_or(LIFETIME, Duration::from_secs)
        }
        _ => false,
    }
}

/// Whether the driver looked for a server for as long as the user allows, and found none.
pub(crate) fn is_selection_timeout(error: &DriverError) -> bool {
    matches!(*error.kind, ErrorKind::ServerSelection { .. })
}
