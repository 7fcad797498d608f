//! Many writes at once, all or none: a transaction.

use std::sync::Arc;
use std::time::{Duration, Instant};

use longevity_core::backend::{Write, WriteFailure};
use longevity_core::{RowContent, RowId};
use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::error::{Error as DriverError, ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{ReadConcern, ReadPreference, SelectionCriteria, TransactionOptions};
use mongodb::{Client, ClientSession, Collection};

use crate::connection::{Connection, PATIENCE};
use crate::encode::Doc;
use crate::failure::{MongoError, WRITE_CONCERN_FAILED, code_of, position_of};
use crate::identity;
use crate::rows;
use crate::table::Ready;
use crate::write::{ensure_fits, ensure_meant, filter_of_meant, refused, replacement};

/// Between two tries: long enough for another writer to end.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

pub(crate) async fn insert_many(
    connection: &Connection,
    table: &Ready,
    contents: Vec<RowContent<Doc>>,
) -> Result<Vec<RowId>, (usize, WriteFailure)> {
    if contents.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids = Vec::with_capacity(contents.len());
    let mut documents = Vec::with_capacity(contents.len());
    for (position, content) in contents.iter().enumerate() {
        let (id, name) = (identity::next(), content.discriminator.as_deref());
        let document =
            rows::document(id, name, 0, content.written_at, &content.doc).map_err(|error| (position, error.into()))?;
        ensure_fits(table, name, &document).map_err(|error| (position, error.into()))?;
        ids.push(identity::row_id(id));
        documents.push(document);
    }
    // In a task, which goes on to its end when nobody waits for it any more: a transaction that is left open would keep
    // other writers waiting until the server ends it.
    let (client, collection) = (connection.client.clone(), table.collection.clone());
    let work = Work::Insert(documents);
    let written = connection.runtime.spawn(async move { all_or_none(&client, &collection, &work).await });
    match written.await {
        Ok(Ok(_)) => Ok(ids),
        Ok(Err(Failed { position, error })) => {
            let name = contents.get(position).and_then(|content| content.discriminator.as_deref());
            Err((position, refused(table, name, error).await))
        }
        Err(error) => {
            let reason = format!("the task that wrote a batch ended early: {error}");
            Err((0, MongoError::Interrupted { reason }.into()))
        }
    }
}

/// Replaces and deletes rows, each by a command of its own.
pub(crate) async fn write_many(
    connection: &Connection,
    table: &Ready,
    writes: Vec<Write<'_, Doc>>,
) -> Result<(), (usize, WriteFailure)> {
    let mut commands = Vec::with_capacity(writes.len());
    for (position, write) in writes.iter().enumerate() {
        let command = command_of(table, write).map_err(|failure| (position, failure))?;
        commands.push(command);
    }
    let work = Arc::new(Work::Commands(commands));
    let started = Instant::now();
    loop {
        let (client, collection, work) = (connection.client.clone(), table.collection.clone(), Arc::clone(&work));
        let written = connection.runtime.spawn(async move { all_or_none(&client, &collection, &work).await });
        let position = match written.await {
            Ok(Ok(Done::Whole)) => return Ok(()),
            Ok(Ok(Done::Unmatched(position))) => position,
            Ok(Err(Failed { position, error })) => {
                let name = match writes.get(position) {
                    Some(Write::Replace(_, content)) => content.discriminator.as_deref(),
                    _ => None,
                };
                return Err((position, refused(table, name, error).await));
            }
            Err(error) => {
                let reason = format!("the task that wrote a batch ended early: {error}");
                return Err((0, MongoError::Interrupted { reason }.into()));
            }
        };
        let Some(Write::Replace(target, _) | Write::Delete(target)) = writes.get(position) else {
            return Err((position, WriteFailure::Missing));
        };
        let Some(id) = identity::object_id(target.id) else { return Err((position, WriteFailure::Missing)) };
        ensure_meant(table, id, target).await.map_err(|failure| (position, failure))?;
        // It is the one that is meant by now: once more, but not for ever.
        if started.elapsed() > PATIENCE {
            return Err((position, WriteFailure::Missing));
        }
    }
}

fn command_of(table: &Ready, write: &Write<'_, Doc>) -> Result<Command, WriteFailure> {
    let (Write::Replace(target, _) | Write::Delete(target)) = write;
    let Some(id) = identity::object_id(target.id) else { return Err(WriteFailure::Missing) };
    let filter = filter_of_meant(table, id, target);
    Ok(match write {
        Write::Delete(_) => Command::Delete(filter),
        Write::Replace(target, content) => {
            Command::Update(filter, doc! { "$replaceWith": replacement(target.version, content)? })
        }
    })
}

/// What a transaction does.
enum Work {
    Insert(Vec<RawDocumentBuf>),
    Commands(Vec<Command>),
}

/// Writes one row, found by a filter.
enum Command {
    Update(Document, Document),
    Delete(Document),
}

/// What became of a transaction that did not fail.
enum Done {
    Whole,
    /// The command at this position found no row: nothing was written.
    Unmatched(usize),
}

/// A transaction that failed, and at which of its rows.
struct Failed {
    position: usize,
    error: DriverError,
}

impl From<DriverError> for Failed {
    fn from(error: DriverError) -> Self {
        Self { position: position_of(&error), error }
    }
}

async fn all_or_none(client: &Client, collection: &Collection<RawDocumentBuf>, work: &Work) -> Result<Done, Failed> {
    let mut session = client.start_session().await?;
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match in_a_transaction(&mut session, collection, work, started).await {
            // Others are in its way, or the primary changed: nothing was written.
            Err(Failed { error, .. })
                if error.contains_label(TRANSIENT_TRANSACTION_ERROR)
                    && started.elapsed() < PATIENCE
                    && !is_waited_for(&error) =>
            {
                tracing::debug!(error = %MongoError::from(error), "a batch is tried again");
            }
            done => return done,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn in_a_transaction(
    session: &mut ClientSession,
    collection: &Collection<RawDocumentBuf>,
    work: &Work,
    started: Instant,
) -> Result<Done, Failed> {
    // What the address says of reads does not fit transactions, of which the driver would take it.
    let options = TransactionOptions::builder()
        .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
        .read_concern(ReadConcern::local())
        .build();
    session.start_transaction().with_options(options).await?;
    match work.run(session, collection).await {
        Ok(Done::Whole) => {}
        otherwise => {
            // The server ends it by itself if this does not arrive.
            let _ = session.abort_transaction().await;
            return otherwise;
        }
    }
    // How long a majority may take, if the user says so: it is not waited for again.
    let has_limit = collection.write_concern().is_some_and(|concern| concern.w_timeout.is_some());
    loop {
        match session.commit_transaction().await {
            Ok(()) => return Ok(Done::Whole),
            // Whether it is committed is not known; to commit again is to ask.
            Err(error)
                if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
                    && started.elapsed() < PATIENCE
                    && !is_waited_for(&error)
                    && !(has_limit && code_of(&error) == Some(WRITE_CONCERN_FAILED)) => {}
            // That no one row is to blame for.
            Err(error) => return Err(Failed { position: 0, error }),
        }
        tokio::time::sleep(FIRST_PAUSE).await;
    }
}

impl Work {
    async fn run(&self, session: &mut ClientSession, collection: &Collection<RawDocumentBuf>) -> Result<Done, Failed> {
        match self {
            Self::Insert(documents) => {
                collection.insert_many(documents).session(session).await?;
            }
            Self::Commands(commands) => {
                for (position, command) in commands.iter().enumerate() {
                    let rows = match command {
                        Command::Update(filter, new) => {
                            let updated =
                                collection.update_one(filter.clone(), vec![new.clone()]).session(&mut *session);
                            updated.await.map(|updated| updated.matched_count)
                        }
                        Command::Delete(filter) => {
                            let deleted = collection.delete_one(filter.clone()).session(&mut *session).await;
                            deleted.map(|deleted| deleted.deleted_count)
                        }
                    };
                    if rows.map_err(|error| Failed { position, error })? == 0 {
                        return Ok(Done::Unmatched(position));
                    }
                }
            }
        }
        Ok(Done::Whole)
    }
}

/// Whether there was no server for as long as the user is willing to wait for one.
fn is_waited_for(error: &DriverError) -> bool {
    matches!(*error.kind, ErrorKind::ServerSelection { .. })
}
