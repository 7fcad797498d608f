//! Rows that give each other their key values: the server judges a key after each row, core after all of them.
//!
//! Within a transaction the rows leave the collection and come back with their ids, their next versions and the times of their
//! creation. Most changes of many rows need none of this: it is the second try, after a key value was taken.

use std::collections::HashMap;

use longevity_core::backend::{Write, WriteFailure};
use longevity_core::{RowContent, Timestamp};
use mongodb::ClientSession;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{RawBsonRef, RawDocument, RawDocumentBuf, doc};

use crate::encode::Doc;
use crate::format;
use crate::identity;
use crate::layout::{CREATED_AT, ID, UPDATED_AT, VERSION};
use crate::rows;
use crate::statements::{Command, Form, commands};
use crate::table::Ready;
use crate::transaction::{Done, Trouble, insert, run_all};
use crate::write::signed;

/// So many rows are asked for at once.
const ASKED_AT_ONCE: usize = 10_000;

/// What leaves, and what comes back.
pub(crate) struct Together {
    leave: Vec<Command>,
    come_back: Vec<New>,
    rows: usize,
}

/// What a row is to be.
struct New {
    /// At which of the writes it is.
    position: usize,
    id: ObjectId,
    content: RowContent<Doc>,
}

/// What a row keeps.
#[derive(Default)]
struct Kept {
    version: u64,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

impl Together {
    /// All of these writes; the position of one that cannot be sent as error.
    pub(crate) fn of(table: &Ready, writes: &[Write<'_, Doc>]) -> Result<Self, (usize, WriteFailure)> {
        let mut come_back = Vec::new();
        for (position, write) in writes.iter().enumerate() {
            let Write::Replace(target, content) = write else { continue };
            let id = identity::object_id(target.id).ok_or((position, WriteFailure::Missing))?;
            come_back.push(New { position, id, content: content.clone() });
        }
        let deletions: Vec<_> = writes
            .iter()
            .map(|write| match write {
                Write::Replace(target, _) | Write::Delete(target) => Write::Delete(*target),
            })
            .collect();
        Ok(Self { leave: commands(table, &deletions, Form::Whole)?, come_back, rows: writes.len() })
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) async fn run(&self, table: &Ready, session: &mut ClientSession) -> Result<Done, Trouble> {
        let kept = self.kept(table, session).await?;
        match run_all(table, session, &self.leave).await? {
            Done::Whole => {}
            Done::Unmatched => return Ok(Done::Unmatched),
        }
        let mut documents = Vec::with_capacity(self.come_back.len());
        for new in &self.come_back {
            let Some(kept) = kept.get(&new.id) else { return Ok(Done::Unmatched) };
            documents.push(new.document(kept)?);
        }
        match insert(table, session, &documents).await {
            Ok(()) => Ok(Done::Whole),
            Err(Trouble::Row(at, error)) => {
                Err(Trouble::Row(self.come_back.get(at).map_or(0, |new| new.position), error))
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// What is there before anything leaves.
    async fn kept(&self, table: &Ready, session: &mut ClientSession) -> Result<HashMap<ObjectId, Kept>, Trouble> {
        let mut kept = HashMap::with_capacity(self.come_back.len());
        for new in self.come_back.chunks(ASKED_AT_ONCE) {
            let ids: Vec<_> = new.iter().map(|new| new.id).collect();
            let found = table
                .collection
                .find(doc! { ID: { "$in": ids } })
                .projection(doc! { VERSION: 1, CREATED_AT: 1, UPDATED_AT: 1 })
                .session(&mut *session);
            let mut found = found.await.map_err(Trouble::Undone)?;
            while let Some(row) = found.next(&mut *session).await {
                kept.extend(Kept::of(&row.map_err(Trouble::Undone)?));
            }
        }
        Ok(kept)
    }
}

impl Kept {
    /// Of the row with this id.
    fn of(row: &RawDocument) -> Option<(ObjectId, Self)> {
        let at = |field| match row.get(field) {
            Ok(Some(RawBsonRef::Document(at))) => format::timestamp(at),
            _ => None,
        };
        let version = row.get(VERSION).ok().flatten().and_then(rows::version_of)?;
        let Ok(Some(RawBsonRef::ObjectId(id))) = row.get(ID) else { return None };
        Some((id, Self { version, created_at: at(CREATED_AT), updated_at: at(UPDATED_AT) }))
    }
}

impl New {
    fn document(&self, kept: &Kept) -> Result<RawDocumentBuf, Trouble> {
        let RowContent { discriminator, doc, written_at, .. } = &self.content;
        let name = discriminator.as_deref();
        let times = [kept.created_at, written_at.or(kept.updated_at)];
        let next = signed(kept.version.saturating_add(1));
        rows::document_with_times(self.id, name, next, times, doc).map_err(Trouble::Unwritable)
    }
}
