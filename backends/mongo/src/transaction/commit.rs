//! How a transaction ends: by its commit, which is repeated until its outcome is known, or by its age.

use std::time::{Duration, Instant};

use mongodb::ClientSession;
use mongodb::bson::{Bson, doc};
use mongodb::error::{Error as DriverError, ErrorKind, UNKNOWN_TRANSACTION_COMMIT_RESULT};

use crate::connection::client::Connection;
use crate::error::{WRITE_CONCERN_FAILED, code_of};

/// How long a batch is tried again while others conflict with it, and a commit while its outcome is unknown.
pub(crate) const RETRY_TIMEOUT: Duration = Duration::from_secs(60);
/// Before a commit is asked for again.
const PAUSE: Duration = Duration::from_millis(2);

// https://github.com/mongodb/mongo/blob/v8.0/src/mongo/base/error_codes.yml
const NO_SUCH_TRANSACTION: i32 = 251;
const EXCEEDED_LIFETIME: i32 = 290;
/// The server's default for how long a transaction may live (`transactionLifetimeLimitSeconds`).
pub(crate) const LIFETIME: Duration = Duration::from_secs(60);

/// Commits, and repeats the commit while its outcome is unknown.
pub(crate) async fn commit(session: &mut ClientSession, connection: &Connection) -> Result<(), DriverError> {
    let started = Instant::now();
    // How long a majority may take, if the user says so: it is not waited for again.
    let has_limit = connection.database.write_concern().is_some_and(|concern| concern.w_timeout.is_some());
    loop {
        match session.commit_transaction().await {
            // Whether it is committed is not known; to commit again is to ask.
            Err(error)
                if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
                    && started.elapsed() < RETRY_TIMEOUT
                    && !is_waited_for(&error)
                    && !(has_limit && code_of(&error) == Some(WRITE_CONCERN_FAILED)) => {}
            answer => return answer,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether the server ended a transaction for its age: another try would take as long.
pub(crate) async fn has_outlived(connection: &Connection, error: &DriverError, age: Duration) -> bool {
    match code_of(error) {
        // So it says of a statement that runs when the time is over, and does not call it transient.
        Some(EXCEEDED_LIFETIME) => true,
        // And so of one that it ended in between, for whatever reason.
        Some(NO_SUCH_TRANSACTION) => {
            let ask = doc! { "getParameter": 1, "transactionLifetimeLimitSeconds": 1 };
            // Not everybody may ask.
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

/// Whether there was no server for as long as the user is willing to wait for one.
pub(crate) fn is_waited_for(error: &DriverError) -> bool {
    matches!(*error.kind, ErrorKind::ServerSelection { .. })
}
