//! Writes many rows, all or none, and finds the write that failed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use longevity_core::backend::{AllWritten, Write, WriteFailure, Writes, Written};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{RawDocumentBuf, doc};

use crate::encode::document::MongoDocument;
use crate::encode::own_fields::ID;
use crate::encode::row_id;
use crate::error::MongoError;
use crate::table::ReadyTable;
use crate::transaction::commit::RETRY_TIMEOUT;
use crate::transaction::executor::Executor;
use crate::write::all_or_none::{BatchError, all_or_none};
use crate::write::bulk::{Identified, ReplaceAs, commands};
use crate::write::refusal::refused_row;
use crate::write::run::{ASKED_AT_ONCE, Changed, Outcome, RunError};
use crate::write::swapped_keys::SwappedKeys;
use crate::write::target::found;
use crate::write::work::{Batch, Work};

/// Does the writes.
pub(crate) async fn write(
    table: &Arc<ReadyTable>,
    writes: Writes<'_, MongoDocument>,
) -> Result<AllWritten<MongoDocument>, (usize, WriteFailure)> {
    let writes = Identified::all(writes)?;
    if let Some(documents) = insertions(table, &writes)? {
        return match all_or_none(table, &Batch::new(Work::Insert(documents), &[])).await {
            Ok(_) => Ok(written(&writes, Changed::default())),
            Err(failed) => Err(refused(table, &writes, failed).await),
        };
    }
    // The version of the row is known. Otherwise the transaction reads it.
    let is_known =
        |write: &Identified<'_>| !matches!(&write.write, Write::Replace(target, _) if target.version.is_none());
    let (mut form, mut swaps_keys) = (ReplaceAs::Document, !writes.iter().all(is_known));
    let mut batch = Batch::new(
        if swaps_keys {
            Work::SwappedKeys(SwappedKeys::of(table, &writes)?)
        } else {
            Work::Commands(commands(table, &writes, form)?)
        },
        &writes,
    );
    let started = Instant::now();
    loop {
        match all_or_none(table, &batch).await {
            Ok(Outcome::Complete(changed)) => return Ok(written(&writes, changed)),
            Ok(Outcome::Unmatched) => {}
            // The other row with this key value may be a later one in this batch.
            Err(BatchError::Row(_, error)) if error.is_duplicate() && !swaps_keys => {
                swaps_keys = true;
                batch = Batch::new(Work::SwappedKeys(SwappedKeys::of(table, &writes)?), &writes);
                continue;
            }
            Err(failed) => return Err(refused(table, &writes, failed).await),
        }
        ensure_all_match(table, &mut Executor::alone(&table.connection), &writes).await?;
        // All rows match their targets, so the failure was due to rows that have times, or to rows that match only now. This
        // tries again, but not forever.
        if started.elapsed() > RETRY_TIMEOUT {
            return Err((0, WriteFailure::Missing));
        }
        if form == ReplaceAs::Document && !swaps_keys {
            form = ReplaceAs::Expression;
            batch = Batch::new(Work::Commands(commands(table, &writes, form)?), &writes);
        }
    }
}

/// Does the writes in an open transaction. The server ends a transaction at its first failure, so this first checks for what
/// could fail.
pub(crate) async fn write_within(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    writes: Writes<'_, MongoDocument>,
) -> Result<AllWritten<MongoDocument>, (usize, WriteFailure)> {
    let writes = Identified::all(writes)?;
    let work = match insertions(table, &writes)? {
        Some(documents) => Work::Insert(documents),
        None => {
            let form = if ensure_all_match(table, executor, &writes).await? {
                ReplaceAs::Expression
            } else {
                ReplaceAs::Document
            };
            // If rows exchange key values, the server would report that too late.
            if must_leave(table, &writes) {
                Work::SwappedKeys(SwappedKeys::of(table, &writes)?)
            } else {
                Work::Commands(commands(table, &writes, form)?)
            }
        }
    };
    let changed = match Batch::new(work, &writes).run(table, executor).await {
        Ok(Outcome::Complete(changed)) => changed,
        // The rows were found a moment ago, and the transaction still sees the same moment.
        Ok(Outcome::Unmatched) => {
            let reason = "the server no longer finds rows that it found before".to_owned();
            return Err((0, MongoError::Other { reason, code: None }.into()));
        }
        Err(RunError::Row(position, error)) => {
            executor.row_is_refused();
            return Err(refused(table, &writes, BatchError::Row(position, error)).await);
        }
        Err(RunError::Unreadable(position, error)) => return Err((position, error.into())),
        Err(RunError::Unwritable(error)) => return Err((0, error.into())),
        Err(RunError::Undone(error)) => return Err((0, executor.write_failed(error).await.into())),
    };
    Ok(written(&writes, changed))
}

/// Whether the rows have to be deleted and inserted again: one of them may get a key value that another one had, or the version
/// of one is not known.
fn must_leave(table: &ReadyTable, writes: &[Identified<'_>]) -> bool {
    let leaves = |write: &Identified<'_>| matches!(write.write, Write::Delete(_));
    let is_known =
        |write: &Identified<'_>| matches!(&write.write, Write::Replace(target, _) if target.version.is_some());
    let has_other_keys = || {
        let primary = table.definition.primary_key.as_ref().map(|key| key.index);
        let mut unique = table.wanted.iter().filter(|wanted| wanted.unique);
        unique.any(|wanted| wanted.serves.iter().any(|index| Some(*index) != primary))
    };
    let may_collide = || writes.len() > 1 && has_other_keys();
    !writes.iter().all(leaves) && (!writes.iter().all(is_known) || may_collide())
}

/// The documents of the rows, if all of them are new.
fn insertions(
    table: &ReadyTable,
    writes: &[Identified<'_>],
) -> Result<Option<Arc<Vec<RawDocumentBuf>>>, (usize, WriteFailure)> {
    let mut contents = Vec::with_capacity(writes.len());
    for write in writes {
        let Write::Insert(content) = &write.write else { return Ok(None) };
        contents.push(content);
    }
    let document = |(position, (write, content)): (usize, (&Identified<'_>, _))| {
        write.new_document(table, content).map_err(|failure| (position, failure))
    };
    let documents: Vec<_> = writes.iter().zip(contents).enumerate().map(document).collect::<Result<_, _>>()?;
    Ok(Some(Arc::new(documents)))
}

/// The results of the writes, with the rows and versions that were read.
fn written(writes: &[Identified<'_>], mut changed: Changed) -> AllWritten<MongoDocument> {
    let of = |Identified { id, write }: &Identified<'_>| match write {
        Write::Insert(_) => Written::Inserted(row_id::row_id(*id)),
        Write::Replace(target, _) => {
            let next = target.version.map(|version| version.saturating_add(1));
            Written::Replaced(changed.versions.get(id).copied().or(next).unwrap_or_default(), changed.before.remove(id))
        }
        Write::Delete(_) => Written::Deleted(changed.before.remove(id)),
    };
    writes.iter().map(of).collect()
}

/// The position of the write that failed, and why it failed.
async fn refused(table: &ReadyTable, writes: &[Identified<'_>], failed: BatchError) -> (usize, WriteFailure) {
    match failed {
        BatchError::Row(position, error) => {
            let name = writes.get(position).and_then(Identified::name);
            (position, refused_row(table, name, error).await)
        }
        BatchError::Unreadable(position, error) => (position, error.into()),
        // This error does not belong to a single row.
        BatchError::Whole(error) => (0, error.into()),
    }
}

/// Whether any of the rows has times. Fails at the first row that does not match its target.
async fn ensure_all_match(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    writes: &[Identified<'_>],
) -> Result<bool, (usize, WriteFailure)> {
    let mut have_times = false;
    for (chunk, writes) in writes.chunks(ASKED_AT_ONCE).enumerate() {
        let ids: Vec<ObjectId> = writes.iter().filter(|it| it.write.target().is_some()).map(|it| it.id).collect();
        let first = chunk * ASKED_AT_ONCE;
        let found = found(table, executor, doc! { ID: { "$in": ids } }).await.map_err(|error| (first, error.into()))?;
        have_times |= found.iter().any(|row| row.has_times);
        let found: HashMap<_, _> = found.into_iter().map(|row| (row.id, row)).collect();
        for (position, Identified { id, write }) in writes.iter().enumerate() {
            let meant = match (found.get(&row_id::row_id(*id)), write) {
                (_, Write::Insert(_)) => Ok(()),
                (None, Write::Replace(..) | Write::Delete(_)) => Err(WriteFailure::Missing),
                (Some(row), Write::Replace(target, _)) => row.ensure(table, target).map(drop),
                (Some(row), Write::Delete(target)) => row.ensure_deletable(table, target),
            };
            meant.map_err(|failure| (first + position, failure))?;
        }
    }
    Ok(have_times)
}
