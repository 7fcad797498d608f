//! Many writes that stand by themselves, all or none: a transaction, which is tried again while others are in its way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use longevity_core::Error;
use mongodb::error::{Error as DriverError, TRANSIENT_TRANSACTION_ERROR};

use crate::connection::client::PATIENCE;
use crate::error::{MongoError, WriteError};
use crate::table::Ready;
use crate::transaction::commit::{has_outlived, is_waited_for};
use crate::transaction::executor::Executor;
use crate::transaction::open_transaction::{Kind, Open};
use crate::write::work::{Batch, Done, Trouble};

/// Between two tries: long enough for another writer to end.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// A transaction that failed.
pub(crate) enum Failed {
    /// By a row.
    Row(usize, WriteError),
    /// By a row that the write at this position asked for, and that cannot be read.
    Unreadable(usize, Error),
    /// By anything else.
    Whole(Error),
}

/// Why a try failed.
enum Tried {
    /// It is no use to try again.
    Failed(Failed),
    /// Nothing was written.
    Undone(DriverError),
    /// It was to be committed.
    Open(DriverError),
}

/// Does the work.
pub(crate) async fn all_or_none(table: &Arc<Ready>, batch: &Batch) -> Result<Done, Failed> {
    let whole = |error: MongoError| Failed::Whole(error.into());
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = Instant::now();
        match once(table, batch).await {
            Ok(done) => return Ok(done),
            Err(Tried::Failed(failed)) => return Err(failed),
            Err(Tried::Open(error)) if !error.contains_label(TRANSIENT_TRANSACTION_ERROR) => {
                return Err(whole(MongoError::of_commit(&error)));
            }
            Err(Tried::Undone(error) | Tried::Open(error)) => {
                // Which the server does not always call transient.
                if has_outlived(&table.connection, &error, begun.elapsed()).await {
                    return Err(whole(MongoError::TooLong { rows: batch.rows() }));
                }
                // Others are in its way, or the primary changed.
                let is_passing = error.contains_label(TRANSIENT_TRANSACTION_ERROR) && !is_waited_for(&error);
                if !is_passing || started.elapsed() > PATIENCE {
                    return Err(whole(MongoError::of_read(error)));
                }
                tracing::debug!(error = %MongoError::of_read(error), "a batch is tried again");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whoever gives up leaves no transaction open: a task undoes it, or waits for its commit.
async fn once(table: &Ready, batch: &Batch) -> Result<Done, Tried> {
    let failed = |error| Tried::Failed(Failed::Whole(error));
    let open = Open::begin(&table.connection, Kind::Batch).await.map_err(Tried::Undone)?;
    let done = {
        let mut executor = Executor::Transaction(open.writing().await.map_err(failed)?);
        batch.run(table, &mut executor).await
    };
    match done {
        Ok(done @ Done::Whole(_)) => match open.commit().await.map_err(failed)? {
            Ok(()) => Ok(done),
            Err(error) => Err(Tried::Open(error)),
        },
        otherwise => {
            if let Some(undo) = open.undo() {
                undo.await;
            }
            otherwise.map_err(Tried::from)
        }
    }
}

impl From<Trouble> for Tried {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Row(position, error) => Self::Failed(Failed::Row(position, error)),
            Trouble::Unwritable(error) => Self::Failed(Failed::Whole(error.into())),
            Trouble::Unreadable(position, error) => Self::Failed(Failed::Unreadable(position, error)),
            Trouble::Undone(error) => Self::Undone(error),
        }
    }
}
