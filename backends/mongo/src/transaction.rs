//! Many writes, all or none: a transaction, which is tried again while others are in its way.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use longevity_core::{Error, Row};
use mongodb::ClientSession;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawDocumentBuf, Utf8Lossy, doc};
use mongodb::error::{Error as DriverError, ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{ReadConcern, ReadPreference, SelectionCriteria, TransactionOptions};

use crate::connection::PATIENCE;
use crate::encode::Doc;
use crate::failure::{MongoError, WRITE_CONCERN_FAILED, WriteError, code_of, is_success, position_of};
use crate::layout::ID;
use crate::rows;
use crate::statements::{Command, Identified};
use crate::table::Ready;
use crate::together::Together;

/// Between two tries: long enough for another writer to end.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

// https://github.com/mongodb/mongo/blob/v8.0/src/mongo/base/error_codes.yml
const NO_SUCH_TRANSACTION: i32 = 251;
const EXCEEDED_LIFETIME: i32 = 290;
/// How long the server lets a transaction live, unless it is told otherwise (`transactionLifetimeLimitSeconds`).
const LIFETIME: Duration = Duration::from_secs(60);

/// What a transaction does.
pub(crate) enum Work {
    Insert(Vec<RawDocumentBuf>),
    Commands(Vec<Command>),
    Together(Together),
}

/// The work, and the rows that are asked for before it.
pub(crate) struct Batch {
    work: Work,
    /// With the positions of the writes that ask.
    asked: Vec<(usize, ObjectId)>,
}

impl Batch {
    pub(crate) fn new(work: Work, writes: &[Identified<'_>]) -> Arc<Self> {
        let asks = writes.iter().enumerate().filter(|(_, it)| it.write.wants_before());
        Arc::new(Self { work, asked: asks.map(|(position, it)| (position, it.id)).collect() })
    }
}

/// What was asked about rows.
#[derive(Default)]
pub(crate) struct Changed {
    /// The new versions of those that were not known.
    pub(crate) versions: HashMap<ObjectId, u64>,
    /// The rows before they were written.
    pub(crate) before: HashMap<ObjectId, Box<Row<Doc>>>,
}

/// What became of a transaction that did not fail.
pub(crate) enum Done {
    Whole(Changed),
    /// A command, which begins at this position, found fewer rows than it has statements: nothing was written.
    Unmatched,
}

/// A transaction that failed.
pub(crate) enum Failed {
    /// By a row.
    Row(usize, WriteError),
    /// By a row that the write at this position asked for, and that cannot be read.
    Unreadable(usize, Error),
    /// By anything else.
    Whole(MongoError),
}

/// Does the work in a task, which goes on to its end when nobody waits for it any more: a transaction that is left open would
/// keep other writers waiting until the server ends it.
pub(crate) async fn all_or_none(table: &Arc<Ready>, batch: Arc<Batch>) -> Result<Done, Failed> {
    let runs = Arc::clone(table);
    let task = table.connection.runtime.spawn(async move { until_done(&runs, &batch).await });
    task.await.unwrap_or_else(|error| {
        let reason = format!("the task that wrote a batch ended early: {error}");
        Err(Failed::Whole(MongoError::InDoubt { reason }))
    })
}

/// Why a try failed.
pub(crate) enum Trouble {
    Row(usize, WriteError),
    /// By what cannot be sent. Nothing was written.
    Unwritable(MongoError),
    /// By a row that the write at this position asked for. Nothing was written.
    Unreadable(usize, Error),
    /// Nothing was written.
    Undone(DriverError),
    /// It was to be committed.
    Open(DriverError),
}

async fn until_done(table: &Ready, batch: &Batch) -> Result<Done, Failed> {
    let mut session =
        table.connection.client.start_session().await.map_err(|error| Failed::Whole(MongoError::of_read(error)))?;
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = Instant::now();
        match once(table, &mut session, batch, started).await {
            Ok(done) => return Ok(done),
            Err(Trouble::Row(position, error)) => return Err(Failed::Row(position, error)),
            Err(Trouble::Unwritable(error)) => return Err(Failed::Whole(error)),
            Err(Trouble::Unreadable(position, error)) => return Err(Failed::Unreadable(position, error)),
            // So it says of a statement that runs when the time is over, and does not call it transient. Of a commit it may mean
            // that the transaction is committed, and that a majority was not waited for.
            Err(Trouble::Undone(error)) if code_of(&error) == Some(EXCEEDED_LIFETIME) => {
                return Err(Failed::Whole(MongoError::TooLong { rows: batch.work.rows() }));
            }
            // Others are in its way, or the primary changed.
            Err(Trouble::Undone(error) | Trouble::Open(error)) if error.contains_label(TRANSIENT_TRANSACTION_ERROR) => {
                if has_outlived(table, &error, begun.elapsed()).await {
                    return Err(Failed::Whole(MongoError::TooLong { rows: batch.work.rows() }));
                }
                if started.elapsed() > PATIENCE || is_waited_for(&error) {
                    return Err(Failed::Whole(MongoError::of_read(error)));
                }
                tracing::debug!(error = %MongoError::of_read(error), "a batch is tried again");
            }
            Err(Trouble::Undone(error)) => return Err(Failed::Whole(MongoError::of_read(error))),
            Err(Trouble::Open(error)) => return Err(Failed::Whole(MongoError::of_write(error))),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether the server ended the transaction for its age: another try would take as long.
async fn has_outlived(table: &Ready, error: &DriverError, age: Duration) -> bool {
    match code_of(error) {
        // So it says of one that it ended in between, for whatever reason.
        Some(NO_SUCH_TRANSACTION) => {
            let ask = doc! { "getParameter": 1, "transactionLifetimeLimitSeconds": 1 };
            // Not everybody may ask.
            let reply = table.connection.client.database("admin").run_command(ask).await.ok();
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
fn is_waited_for(error: &DriverError) -> bool {
    matches!(*error.kind, ErrorKind::ServerSelection { .. })
}

async fn once(table: &Ready, session: &mut ClientSession, batch: &Batch, started: Instant) -> Result<Done, Trouble> {
    // What the address says of reads does not fit transactions, of which the driver would take it.
    let options = TransactionOptions::builder()
        .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
        .read_concern(ReadConcern::local())
        .build();
    session.start_transaction().with_options(options).await.map_err(Trouble::Undone)?;
    let changed = match batch.run(table, session).await {
        Ok(Done::Whole(changed)) => changed,
        otherwise => {
            // The server ends it by itself if this does not arrive.
            let _ = session.abort_transaction().await;
            return otherwise;
        }
    };
    // How long a majority may take, if the user says so: it is not waited for again.
    let has_limit = table.collection.write_concern().is_some_and(|concern| concern.w_timeout.is_some());
    loop {
        match session.commit_transaction().await {
            Ok(()) => return Ok(Done::Whole(changed)),
            // Whether it is committed is not known; to commit again is to ask.
            Err(error)
                if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
                    && started.elapsed() < PATIENCE
                    && !is_waited_for(&error)
                    && !(has_limit && code_of(&error) == Some(WRITE_CONCERN_FAILED)) => {}
            Err(error) => return Err(Trouble::Open(error)),
        }
        tokio::time::sleep(FIRST_PAUSE).await;
    }
}

impl Batch {
    async fn run(&self, table: &Ready, session: &mut ClientSession) -> Result<Done, Trouble> {
        // Read within the transaction: if somebody else changes the row after this, the transaction fails and is tried again.
        let before = rows_before(table, session, &self.asked).await?;
        let mut done = self.work.run(table, session).await?;
        if let Done::Whole(changed) = &mut done {
            changed.before = before;
        }
        Ok(done)
    }
}

/// So many rows are asked for at once.
const ASKED_AT_ONCE: usize = 10_000;

async fn rows_before(
    table: &Ready,
    session: &mut ClientSession,
    asked: &[(usize, ObjectId)],
) -> Result<HashMap<ObjectId, Box<Row<Doc>>>, Trouble> {
    let mut before = HashMap::with_capacity(asked.len());
    for asked in asked.chunks(ASKED_AT_ONCE) {
        let ids: Vec<_> = asked.iter().map(|(_, id)| *id).collect();
        let found = table.collection.find(doc! { ID: { "$in": ids } }).session(&mut *session);
        let mut found = found.await.map_err(Trouble::Undone)?;
        while let Some(document) = found.next(&mut *session).await {
            let document = document.map_err(Trouble::Undone)?;
            let id = document.get_object_id(ID).unwrap_or_default();
            let row = rows::read(table, &document).map_err(|error| {
                let asks = asked.iter().find(|(_, asked)| *asked == id);
                Trouble::Unreadable(asks.map_or(0, |(position, _)| *position), error)
            })?;
            before.insert(id, Box::new(row));
        }
    }
    Ok(before)
}

impl Work {
    fn rows(&self) -> usize {
        match self {
            Self::Insert(documents) => documents.len(),
            Self::Commands(commands) => commands.iter().map(|command| command.statements).sum(),
            Self::Together(together) => together.rows(),
        }
    }

    async fn run(&self, table: &Ready, session: &mut ClientSession) -> Result<Done, Trouble> {
        match self {
            Self::Insert(documents) => {
                insert(table, session, documents).await.map(|()| Done::Whole(Changed::default()))
            }
            Self::Commands(commands) => run_all(table, session, commands).await,
            Self::Together(together) => together.run(table, session).await,
        }
    }
}

pub(crate) async fn insert(
    table: &Ready,
    session: &mut ClientSession,
    documents: &[RawDocumentBuf],
) -> Result<(), Trouble> {
    let inserted = table.collection.insert_many(documents).session(session).await;
    inserted.map(drop).map_err(|error| match WriteError::of(&error, &table.namespace) {
        Some(refused) if refused.is_refusal() => Trouble::Row(position_of(&error), refused),
        _ => Trouble::Undone(error),
    })
}

pub(crate) async fn run_all(table: &Ready, session: &mut ClientSession, commands: &[Command]) -> Result<Done, Trouble> {
    for command in commands {
        if !command.run(table, session).await? {
            return Ok(Done::Unmatched);
        }
    }
    Ok(Done::Whole(Changed::default()))
}

impl Command {
    /// Whether each statement found its row.
    async fn run(&self, table: &Ready, session: &mut ClientSession) -> Result<bool, Trouble> {
        let ran = table.database.run_raw_command(self.document.clone()).session(session).await;
        let reply = ran.or_else(|error| lossy(&error).ok_or(Trouble::Undone(error)))?;
        let rows = match reply.get("n") {
            Some(Bson::Int32(rows)) => usize::try_from(*rows).unwrap_or(0),
            Some(Bson::Int64(rows)) => usize::try_from(*rows).unwrap_or(0),
            _ => 0,
        };
        let refused = reply.get_array("writeErrors").ok().and_then(|errors| errors.first()?.as_document());
        let Some(refused) = refused else { return Ok(rows == self.statements) };
        let position = refused.get_i32("index").ok().and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
        if rows < position {
            // One in front of it found no row, and is the first that fails.
            return Ok(false);
        }
        Err(Trouble::Row(self.first + position, WriteError::of_statement(refused, &table.namespace)))
    }
}

/// The reply that the driver does not read: the server cuts long values off in its messages, in the middle of a character, too.
fn lossy(error: &DriverError) -> Option<Document> {
    let reply = error.server_response()?;
    let read = || Utf8Lossy::<Document>::try_from(reply.as_ref()).ok().map(|reply| reply.0);
    is_success(reply).then(read)?
}
