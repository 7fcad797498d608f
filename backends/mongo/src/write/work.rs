//! What a batch does in its transaction: one command after the other, all or none.

use std::collections::HashMap;
use std::sync::Arc;

use longevity_core::Row;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocumentBuf, doc};

use crate::encode::document::MongoDocument;
use crate::encode::own_fields::ID;
use crate::encode::row;
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;
use crate::write::bulk::{Command, Identified};
use crate::write::run::{ASKED_AT_ONCE, Changed, Outcome, RunError, find, insert, run_all};
use crate::write::swapped_keys::SwappedKeys;

/// The writes of a batch, in the form in which they are sent.
pub(crate) enum Work {
    Insert(Arc<Vec<RawDocumentBuf>>),
    Commands(Vec<Command>),
    SwappedKeys(SwappedKeys),
}

/// The writes of a batch, and the rows to read before them.
pub(crate) struct Batch {
    work: Work,
    /// The rows to read, with the positions of the writes that ask for them.
    asked: Vec<(usize, ObjectId)>,
}

impl Batch {
    pub(crate) fn new(work: Work, writes: &[Identified<'_>]) -> Arc<Self> {
        let asks = writes.iter().enumerate().filter(|(_, it)| it.write.wants_before());
        Arc::new(Self { work, asked: asks.map(|(position, it)| (position, it.id)).collect() })
    }
}

impl Batch {
    pub(crate) async fn run(&self, table: &ReadyTable, executor: &mut Executor<'_>) -> Result<Outcome, RunError> {
        // This reads within the transaction. If another writer changes the row afterwards, the transaction fails and is tried
        // again.
        let before = rows_before(table, executor, &self.asked).await?;
        let mut done = self.work.run(table, executor).await?;
        if let Outcome::Complete(changed) = &mut done {
            changed.before = before;
        }
        Ok(done)
    }

    pub(crate) fn rows(&self) -> usize {
        self.work.rows()
    }
}

async fn rows_before(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    asked: &[(usize, ObjectId)],
) -> Result<HashMap<ObjectId, Box<Row<MongoDocument>>>, RunError> {
    let mut before = HashMap::with_capacity(asked.len());
    for asked in asked.chunks(ASKED_AT_ONCE) {
        let ids: Vec<_> = asked.iter().map(|(_, id)| *id).collect();
        let found = find(table, executor, doc! { ID: { "$in": ids } }, Document::new()).await;
        for document in found.map_err(RunError::Undone)? {
            let id = document.get_object_id(ID).unwrap_or_default();
            let row = row::read(&table.definition, &document).map_err(|error| {
                let asks = asked.iter().find(|(_, asked)| *asked == id);
                RunError::Unreadable(asks.map_or(0, |(position, _)| *position), error)
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
            Self::SwappedKeys(swapped_keys) => swapped_keys.rows(),
        }
    }

    async fn run(&self, table: &ReadyTable, executor: &mut Executor<'_>) -> Result<Outcome, RunError> {
        match self {
            Self::Insert(documents) => {
                insert(table, executor, Arc::clone(documents)).await.map(|()| Outcome::Complete(Changed::default()))
            }
            Self::Commands(commands) => run_all(table, executor, commands).await,
            Self::SwappedKeys(swapped_keys) => swapped_keys.run(table, executor).await,
        }
    }
}
