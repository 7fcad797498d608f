//! Inserts, replacements and deletions of one row, with one command each. The command checks the row. The driver repeats the
//! command once, with a number by which the server recognizes the repetition.

use std::sync::Arc;

use longevity_core::backend::{Target, WriteFailure};
use longevity_core::{RowContent, RowId};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error as DriverError, ErrorKind, RETRYABLE_WRITE_ERROR, WriteFailure as DriverWriteFailure};
use mongodb::options::ReturnDocument;

use crate::encode::document::MongoDocument;
use crate::encode::own_fields::{CREATED_AT, TYPE, UPDATED_AT, VERSION};
use crate::encode::{row, row_id};
use crate::error::TakenKey;
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;
use crate::write::refusal::{ensure_fits, refused};
use crate::write::replacement::replacement;
use crate::write::target::{Found, VERSION_TYPES, filter_of, filter_of_matching, found, number, signed};

pub(crate) async fn insert(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    content: RowContent<MongoDocument>,
) -> Result<RowId, WriteFailure> {
    let id = row_id::next();
    let name = content.discriminator.as_deref();
    let document = row::document(&table.definition, id, name, 0, content.written_at, &content.doc)?;
    ensure_fits(table, name, &document)?;
    let document = Arc::new(document);
    let (collection, inserts) = (executor.collection(table), Arc::clone(&document));
    let inserted =
        executor.run(move |session| Box::pin(async move { collection.insert_one(&*inserts).session(session).await }));
    let mut failure = match inserted.await {
        Ok(_) => return Ok(row_id::row_id(id)),
        Err(error) => error,
    };
    // The driver has already repeated the command once. If the caller repeated the insertion, the row would get another id and
    // might exist twice. A transaction undoes the insertion, whatever the server did.
    for _ in 0..REPETITIONS {
        if executor.is_in_transaction() || !is_unknown(&failure) {
            break;
        }
        failure = match table.collection.insert_many([&*document]).await {
            Ok(_) => return Ok(row_id::row_id(id)),
            Err(error) if is_there_already(table, &error) => return Ok(row_id::row_id(id)),
            Err(error) => error,
        };
    }
    Err(refused(table, executor, name, failure).await)
}

/// How often an insertion with an unknown outcome is repeated, in addition to the driver's own repetition.
const REPETITIONS: usize = 2;

/// Whether the connection or the primary was lost.
fn is_unknown(error: &DriverError) -> bool {
    match &*error.kind {
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } => true,
        ErrorKind::Write(DriverWriteFailure::WriteConcernError(_)) | ErrorKind::InsertMany(_) => false,
        _ => error.contains_label(RETRYABLE_WRITE_ERROR),
    }
}

/// Whether a repetition found the row of an earlier attempt, and enough members have it.
fn is_there_already(table: &ReadyTable, error: &DriverError) -> bool {
    let acknowledged = matches!(&*error.kind, ErrorKind::InsertMany(many) if many.write_concern_error.is_none());
    acknowledged && TakenKey::of(error, &table.namespace).is_some_and(|taken| taken.index.as_deref() == Some("_id_"))
}

/// Replaces the row if it matches the target. A plain command works for most rows; it is the fastest, and sends the document as
/// it is. If it replaces nothing, a command with an expression decides.
pub(crate) async fn replace(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    target: &Target<'_>,
    content: &RowContent<MongoDocument>,
) -> Result<u64, WriteFailure> {
    let Some(id) = row_id::object_id(target.id) else { return Err(WriteFailure::Missing) };
    match (target.version, content.written_at) {
        (Some(version), None) => match replace_as_a_whole(table, executor, id, version, target, content).await? {
            Some(next) => Ok(next),
            None => replace_by_expression(table, executor, id, target, content).await,
        },
        _ => replace_by_expression(table, executor, id, target, content).await,
    }
}

/// Replaces the row if it has the version and no times, as in a store that keeps none. `None` if there is no such row.
async fn replace_as_a_whole(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    id: ObjectId,
    version: u64,
    target: &Target<'_>,
    content: &RowContent<MongoDocument>,
) -> Result<Option<u64>, WriteFailure> {
    let name = content.discriminator.as_deref();
    let next = version.saturating_add(1);
    let document = row::document(&table.definition, id, name, signed(next), None, &content.doc)?;
    ensure_fits(table, name, &document)?;
    let mut filter = filter_of_matching(table, id, target);
    filter.extend(doc! { CREATED_AT: { "$exists": false }, UPDATED_AT: { "$exists": false } });
    let collection = executor.collection(table);
    let replaced = executor
        .run(move |session| Box::pin(async move { collection.replace_one(filter, &document).session(session).await }));
    match replaced.await {
        Ok(replaced) => Ok((replaced.matched_count > 0).then_some(next)),
        Err(error) => Err(refused(table, executor, name, error).await),
    }
}

/// One command decides, replaces and reports what was there. The check is part of the expression for the new document. If the row
/// does not match the target, the expression is the old document.
async fn replace_by_expression(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    id: ObjectId,
    target: &Target<'_>,
    content: &RowContent<MongoDocument>,
) -> Result<u64, WriteFailure> {
    let name = content.discriminator.as_deref();
    let new = replacement(table, target.version, content)?;
    // A row with an invalid version stays as it is, for someone to repair.
    let mut conditions = vec![doc! { "$in": [{ "$type": format!("${VERSION}") }, VERSION_TYPES.to_vec()] }];
    if let Some(version) = target.version {
        conditions.push(doc! { "$eq": [format!("${VERSION}"), number(version)] });
    }
    if let Some(scope) = target.scope {
        conditions.push(doc! { "$in": [format!("${TYPE}"), { "$literal": scope.discriminators.to_vec() }] });
    }
    let new = doc! { "$cond": [{ "$and": conditions }, new, "$$ROOT"] };
    let (collection, filter) = (executor.collection(table).clone_with_type::<Document>(), filter_of(table, id, target));
    let replaced = executor.run(move |session| {
        Box::pin(async move {
            let replaced = collection.find_one_and_update(filter, vec![doc! { "$replaceWith": new }]);
            let replaced = replaced.projection(doc! { TYPE: 1, VERSION: 1 }).return_document(ReturnDocument::Before);
            replaced.session(session).await
        })
    });
    let before = match replaced.await {
        Ok(before) => before,
        Err(error) => return Err(refused(table, executor, name, error).await),
    };
    match Found::of(before) {
        None => Err(WriteFailure::Missing),
        Some(found) => found.ensure(table, target).map(|version| version.saturating_add(1)),
    }
}

/// Deletes the row if it matches the target. If nothing is deleted, this reads the row to find out why. If the row matches the
/// target by then, this tries again.
pub(crate) async fn delete(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    target: &Target<'_>,
) -> Result<(), WriteFailure> {
    let Some(id) = row_id::object_id(target.id) else { return Err(WriteFailure::Missing) };
    loop {
        let (collection, filter) = (executor.collection(table), filter_of_matching(table, id, target));
        let deleted =
            executor.run(move |session| Box::pin(async move { collection.delete_one(filter).session(session).await }));
        match deleted.await {
            Ok(deleted) if deleted.deleted_count > 0 => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(executor.write_failed(error).await.into()),
        }
        if target.version.is_none() && target.scope.is_none() {
            return Err(WriteFailure::Missing);
        }
        ensure_matches(table, executor, id, target).await?;
    }
}

/// Fails if the row is not the one to delete, and says why.
async fn ensure_matches(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    id: ObjectId,
    target: &Target<'_>,
) -> Result<(), WriteFailure> {
    match found(table, executor, filter_of(table, id, target)).await?.first() {
        None => Err(WriteFailure::Missing),
        Some(found) => found.ensure_deletable(table, target),
    }
}
