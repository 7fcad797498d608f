//! Rows that exchange key values. The server checks a key after each row, core after all of them.
//!
//! In a transaction, the rows are deleted and inserted again with their ids, their next versions and their times of creation.
//! Most batches do not need this. This is the second attempt, after a key value was taken.

use std::collections::HashMap;
use std::sync::Arc;

use longevity_core::backend::{Write, WriteFailure};
use longevity_core::table::TableDefinition;
use longevity_core::{RowContent, Timestamp};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{RawBsonRef, RawDocument, RawDocumentBuf, doc};

use crate::encode::document::MongoDocument;
use crate::encode::own_fields::{CREATED_AT, ID, UPDATED_AT, VERSION};
use crate::encode::{format, row};
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;
use crate::write::bulk::{Command, Identified, ReplaceAs, commands};
use crate::write::run::{ASKED_AT_ONCE, Changed, Outcome, RunError, find, insert, run_all};
use crate::write::target::signed;

/// The rows to delete, and the rows to insert.
pub(crate) struct SwappedKeys {
    deletes: Vec<Command>,
    inserts: Vec<NewRow>,
    rows: usize,
}

/// A row to insert.
struct NewRow {
    /// The position of its write.
    position: usize,
    id: ObjectId,
    /// Whether the row existed before.
    existed: bool,
    content: RowContent<MongoDocument>,
}

/// What an existing row keeps.
#[derive(Default)]
struct KeptFields {
    version: u64,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

impl SwappedKeys {
    /// The work for all of these writes. If a write cannot be sent, the error has its position.
    pub(crate) fn of(table: &ReadyTable, writes: &[Identified<'_>]) -> Result<Self, (usize, WriteFailure)> {
        let (mut deletes, mut inserts) = (Vec::new(), Vec::new());
        for (position, Identified { id, write }) in writes.iter().enumerate() {
            deletes.extend(write.target().map(|target| Identified { id: *id, write: Write::Delete(*target) }));
            if let Some(content) = write.content() {
                let existed = write.target().is_some();
                inserts.push(NewRow { position, id: *id, existed, content: content.clone() });
            }
        }
        let positions: Vec<_> =
            (0..).zip(writes).filter(|(_, it)| it.write.target().is_some()).map(|(at, _)| at).collect();
        let of_deleted = |(at, failure)| (positions.get(at).copied().unwrap_or_default(), failure);
        let deletes = commands(table, &deletes, ReplaceAs::Document).map_err(of_deleted)?;
        Ok(Self { deletes, inserts, rows: writes.len() })
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) async fn run(&self, table: &ReadyTable, executor: &mut Executor<'_>) -> Result<Outcome, RunError> {
        let kept = self.kept(table, executor).await?;
        match run_all(table, executor, &self.deletes).await? {
            Outcome::Complete(_) => {}
            Outcome::Unmatched => return Ok(Outcome::Unmatched),
        }
        let mut versions = HashMap::new();
        let mut documents = Vec::with_capacity(self.inserts.len());
        for new in &self.inserts {
            let kept = match kept.get(&new.id) {
                Some(kept) => Some(kept),
                None if new.existed => return Ok(Outcome::Unmatched),
                None => None,
            };
            documents.push(new.document(&table.definition, kept)?);
            versions.extend(kept.map(|kept| (new.id, kept.version.saturating_add(1))));
        }
        match insert(table, executor, Arc::new(documents)).await {
            Ok(()) => Ok(Outcome::Complete(Changed { versions, ..Changed::default() })),
            Err(RunError::Row(at, error)) => {
                Err(RunError::Row(self.inserts.get(at).map_or(0, |new| new.position), error))
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Reads what the rows keep, before any is deleted.
    async fn kept(
        &self,
        table: &ReadyTable,
        executor: &mut Executor<'_>,
    ) -> Result<HashMap<ObjectId, KeptFields>, RunError> {
        let back: Vec<_> = self.inserts.iter().filter(|new| new.existed).map(|new| new.id).collect();
        let mut kept = HashMap::with_capacity(back.len());
        for ids in back.chunks(ASKED_AT_ONCE) {
            let fields = doc! { VERSION: 1, CREATED_AT: 1, UPDATED_AT: 1 };
            let found = find(table, executor, doc! { ID: { "$in": ids.to_vec() } }, fields).await;
            kept.extend(found.map_err(RunError::Undone)?.iter().filter_map(|row| KeptFields::of(row)));
        }
        Ok(kept)
    }
}

impl KeptFields {
    /// The id of a row, and what it keeps.
    fn of(row: &RawDocument) -> Option<(ObjectId, Self)> {
        let at = |field| match row.get(field) {
            Ok(Some(RawBsonRef::Document(at))) => format::timestamp(at),
            _ => None,
        };
        let version = row.get(VERSION).ok().flatten().and_then(row::version_of)?;
        let Ok(Some(RawBsonRef::ObjectId(id))) = row.get(ID) else { return None };
        Some((id, Self { version, created_at: at(CREATED_AT), updated_at: at(UPDATED_AT) }))
    }
}

impl NewRow {
    fn document(&self, definition: &TableDefinition, kept: Option<&KeptFields>) -> Result<RawDocumentBuf, RunError> {
        let RowContent { discriminator, doc, written_at, .. } = &self.content;
        let name = discriminator.as_deref();
        let (version, times) = match kept {
            None => (0, [*written_at; 2]),
            Some(kept) => (kept.version.saturating_add(1), [kept.created_at, written_at.or(kept.updated_at)]),
        };
        row::document_with_times(definition, self.id, name, signed(version), times, doc).map_err(RunError::Unwritable)
    }
}
