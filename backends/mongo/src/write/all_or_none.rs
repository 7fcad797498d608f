//! Runs a batch in a transaction of its own, and tries it again while other transactions conflict with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use longevity_core::Error;
use mongodb::error::{Error as DriverError, TRANSIENT_TRANSACTION_ERROR};

use crate::error::{MongoError, WriteError};
use crate::table::ReadyTable;
use crate::transaction::commit::{RETRY_TIMEOUT, has_outlived, is_selection_timeout};
use crate::transaction::executor::Executor;
use crate::transaction::open_transaction::{Kind, OpenTransaction};
use crate::write::run::{Outcome, RunError};
use crate::write::work::Batch;

/// The pause between two attempts, long enough for another writer to finish.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Why a batch failed.
pub(crate) enum BatchError {
    /// The server refused this row.
    Row(usize, WriteError),
    /// The write at this position asked for the row as it was before, and that row cannot be read.
    Unreadable(usize, Error),
    /// Any other error.
    Whole(Error),
}

/// Why an attempt failed.
enum AttemptError {
    /// Another attempt would not help.
    Failed(BatchError),
    /// Nothing was written.
    Undone(DriverError),
    /// The commit failed.
    Open(DriverError),
}

/// Runs the batch until it is committed or fails for good.
pub(crate) async fn all_or_none(table: &Arc<ReadyTable>, batch: &Batch) -> Result<Outcome, BatchError> {
    let whole = |error: MongoError| BatchError::Whole(error.into());
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = Instant::now();
        match once(table, batch).await {
            Ok(done) => return Ok(done),
            Err(AttemptError::Failed(failed)) => return Err(failed),
            Err(AttemptError::Open(error)) if !error.contains_label(TRANSIENT_TRANSACTION_ERROR) => {
                return Err(whole(MongoError::of_commit(&error)));
            }
            Err(AttemptError::Undone(error) | AttemptError::Open(error)) => {
                // The server does not always call this error transient.
                if has_outlived(&table.connection, &error, begun.elapsed()).await {
                    return Err(whole(MongoError::TooLong { rows: batch.rows() }));
                }
                // Other transactions conflict with this one, or the primary changed.
                let is_passing = error.contains_label(TRANSIENT_TRANSACTION_ERROR) && !is_selection_timeout(&error);
                if !is_passing || started.elapsed() > RETRY_TIMEOUT {
                    return Err(whole(MongoError::of_read(error)));
                }
                tracing::debug!(error = %MongoError::of_read(error), "a batch is tried again");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A caller that gives up leaves no transaction open: a task undoes it, or waits for its commit.
async fn once(table: &ReadyTable, batch: &Batch) -> Result<Outcome, AttemptError> {
    let failed = |error| AttemptError::Failed(BatchError::Whole(error));
    let open = OpenTransaction::begin(&table.connection, Kind::Batch).await.map_err(AttemptError::Undone)?;
    let done = {
        let mut executor = Executor::Transaction(open.writing().await.map_err(failed)?);
        batch.run(table, &mut executor).await
    };
    match done {
        Ok(done @ Outcome::Complete(_)) => match open.commit().await.map_err(failed)? {
            Ok(()) => Ok(done),
            Err(error) => Err(AttemptError::Open(error)),
        },
        otherwise => {
            if let Some(undo) = open.undo() {
                undo.await;
            }
            otherwise.map_err(AttemptError::from)
        }
    }
}

impl From<RunError> for AttemptError {
    fn from(trouble: RunError) -> Self {
        match trouble {
            RunError::Row(position, error) => Self::Failed(BatchError::Row(position, error)),
            RunError::Unwritable(error) => Self::Failed(BatchError::Whole(error.into())),
            RunError::Unreadable(position, error) => Self::Failed(BatchError::Unreadable(position, error)),
            RunError::Undone(error) => Self::Undone(error),
        }
    }
}
