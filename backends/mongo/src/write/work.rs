//! What a transaction does with the rows of a table: one command after the other, all or none.

use std::collections::HashMap;
use std::sync::Arc;

use longevity_core::{Error, Row};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawDocumentBuf, Utf8Lossy, doc};
use mongodb::error::Error as DriverError;

use crate::encode::document::MongoDocument;
use crate::encode::row;
use crate::error::{MongoError, WriteError, is_success, position_of};
use crate::schema::layout::ID;
use crate::table::Ready;
use crate::transaction::executor::Executor;
use crate::write::bulk::{Command, Identified};
use crate::write::swapped_keys::Together;

/// What a transaction does.
pub(crate) enum Work {
    Insert(Arc<Vec<RawDocumentBuf>>),
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
    pub(crate) before: HashMap<ObjectId, Box<Row<MongoDocument>>>,
}

/// What became of a transaction that did not fail.
pub(crate) enum Done {
    Whole(Changed),
    /// A command found fewer rows than it has statements. What was written before it is to be undone.
    Unmatched,
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
}

impl Batch {
    pub(crate) async fn run(&self, table: &Ready, executor: &mut Executor<'_>) -> Result<Done, Trouble> {
        // Read within the transaction: if somebody else changes the row after this, the transaction fails and is tried again.
        let before = rows_before(table, executor, &self.asked).await?;
        let mut done = self.work.run(table, executor).await?;
        if let Done::Whole(changed) = &mut done {
            changed.before = before;
        }
        Ok(done)
    }

    pub(crate) fn rows(&self) -> usize {
        self.work.rows()
    }
}

/// So many rows are asked for at once.
pub(crate) const ASKED_AT_ONCE: usize = 10_000;

async fn rows_before(
    table: &Ready,
    executor: &mut Executor<'_>,
    asked: &[(usize, ObjectId)],
) -> Result<HashMap<ObjectId, Box<Row<MongoDocument>>>, Trouble> {
    let mut before = HashMap::with_capacity(asked.len());
    for asked in asked.chunks(ASKED_AT_ONCE) {
        let ids: Vec<_> = asked.iter().map(|(_, id)| *id).collect();
        let found = find(table, executor, doc! { ID: { "$in": ids } }, Document::new()).await;
        for document in found.map_err(Trouble::Undone)? {
            let id = document.get_object_id(ID).unwrap_or_default();
            let row = row::read(table, &document).map_err(|error| {
                let asks = asked.iter().find(|(_, asked)| *asked == id);
                Trouble::Unreadable(asks.map_or(0, |(position, _)| *position), error)
            })?;
            before.insert(id, Box::new(row));
        }
    }
    Ok(before)
}

/// The documents that a filter finds, all at once.
pub(crate) async fn find(
    table: &Ready,
    executor: &mut Executor<'_>,
    filter: Document,
    fields: Document,
) -> Result<Vec<RawDocumentBuf>, DriverError> {
    let collection = executor.collection(table);
    let found = executor.run(move |session| {
        Box::pin(async move {
            let mut found = collection.find(filter).projection(fields).session(&mut *session).await?;
            let mut documents = Vec::new();
            while let Some(document) = found.next(&mut *session).await {
                documents.push(document?);
            }
            Ok(documents)
        })
    });
    found.await
}

impl Work {
    fn rows(&self) -> usize {
        match self {
            Self::Insert(documents) => documents.len(),
            Self::Commands(commands) => commands.iter().map(|command| command.statements).sum(),
            Self::Together(together) => together.rows(),
        }
    }

    async fn run(&self, table: &Ready, executor: &mut Executor<'_>) -> Result<Done, Trouble> {
        match self {
            Self::Insert(documents) => {
                insert(table, executor, Arc::clone(documents)).await.map(|()| Done::Whole(Changed::default()))
            }
            Self::Commands(commands) => run_all(table, executor, commands).await,
            Self::Together(together) => together.run(table, executor).await,
        }
    }
}

pub(crate) async fn insert(
    table: &Ready,
    executor: &mut Executor<'_>,
    documents: Arc<Vec<RawDocumentBuf>>,
) -> Result<(), Trouble> {
    let collection = executor.collection(table);
    let inserted = executor
        .run(move |session| Box::pin(async move { collection.insert_many(documents.iter()).session(session).await }));
    inserted.await.map(drop).map_err(|error| match WriteError::of(&error, &table.namespace) {
        Some(refused) if refused.is_refusal() => Trouble::Row(position_of(&error), refused),
        _ => Trouble::Undone(error),
    })
}

pub(crate) async fn run_all(table: &Ready, executor: &mut Executor<'_>, commands: &[Command]) -> Result<Done, Trouble> {
    for command in commands {
        if !command.run(table, executor).await? {
            return Ok(Done::Unmatched);
        }
    }
    Ok(Done::Whole(Changed::default()))
}

impl Command {
    /// Whether each statement found its row.
    async fn run(&self, table: &Ready, executor: &mut Executor<'_>) -> Result<bool, Trouble> {
        let (database, document) = (table.database.clone(), self.document.clone());
        let ran = executor
            .run(move |session| Box::pin(async move { database.run_raw_command(document).session(session).await }));
        let reply = ran.await.or_else(|error| lossy(&error).ok_or(Trouble::Undone(error)))?;
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
