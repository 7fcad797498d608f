//! Runs the commands of a batch in its transaction.

use std::collections::HashMap;
use std::sync::Arc;

use longevity_core::{Error, Row};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawDocumentBuf};
use mongodb::error::Error as DriverError;

use crate::encode::document::MongoDocument;
use crate::error::{MongoError, WriteError, lossy_reply, position_of};
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;
use crate::write::bulk::Command;

/// What was read about the rows.
#[derive(Default)]
pub(crate) struct Changed {
    /// The new versions of rows whose versions were not known.
    pub(crate) versions: HashMap<ObjectId, u64>,
    /// The rows before they were written.
    pub(crate) before: HashMap<ObjectId, Box<Row<MongoDocument>>>,
}

/// The outcome of a batch that did not fail.
pub(crate) enum Outcome {
    Complete(Changed),
    /// A command found fewer rows than it has statements. The writes before it have to be undone.
    Unmatched,
}

/// Why a try failed.
pub(crate) enum RunError {
    Row(usize, WriteError),
    /// A document cannot be sent. Nothing was written.
    Unwritable(MongoError),
    /// The write at this position asked for the row as it was before, and that row cannot be read. Nothing was written.
    Unreadable(usize, Error),
    /// The command failed. Nothing was written.
    Undone(DriverError),
}

/// The number of rows that one query reads.
pub(crate) const ASKED_AT_ONCE: usize = 10_000;

/// All documents that a filter finds.
pub(crate) async fn find(
    table: &ReadyTable,
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

pub(crate) async fn insert(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    documents: Arc<Vec<RawDocumentBuf>>,
) -> Result<(), RunError> {
    let collection = executor.collection(table);
    let inserted = executor
        .run(move |session| Box::pin(async move { collection.insert_many(documents.iter()).session(session).await }));
    inserted.await.map(drop).map_err(|error| match WriteError::of(&error, &table.namespace) {
        Some(refused) if refused.is_refusal() => RunError::Row(position_of(&error), refused),
        _ => RunError::Undone(error),
    })
}

pub(crate) async fn run_all(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    commands: &[Command],
) -> Result<Outcome, RunError> {
    for command in commands {
        if !command.run(table, executor).await? {
            return Ok(Outcome::Unmatched);
        }
    }
    Ok(Outcome::Complete(Changed::default()))
}

impl Command {
    /// Runs the command. Returns whether each statement found its row.
    async fn run(&self, table: &ReadyTable, executor: &mut Executor<'_>) -> Result<bool, RunError> {
        let (database, document) = (table.database.clone(), self.document.clone());
        let ran = executor
            .run(move |session| Box::pin(async move { database.run_raw_command(document).session(session).await }));
        let reply = ran.await.or_else(|error| lossy_reply(&error).ok_or(RunError::Undone(error)))?;
        let rows = match reply.get("n") {
            Some(Bson::Int32(rows)) => usize::try_from(*rows).unwrap_or(0),
            Some(Bson::Int64(rows)) => usize::try_from(*rows).unwrap_or(0),
            _ => 0,
        };
        let refused = reply.get_array("writeErrors").ok().and_then(|errors| errors.first()?.as_document());
        let Some(refused) = refused else { return Ok(rows == self.statements) };
        let position = refused.get_i32("index").ok().and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
        if rows < position {
            // An earlier statement found no row, so that one failed first.
            return Ok(false);
        }
        Err(RunError::Row(self.first + position, WriteError::of_statement(refused, &table.namespace)))
    }
}
