//! Many rows at once, all or none: what is written, and which of the rows is to blame if nothing is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use longevity_core::backend::{Target, Write, WriteFailure};
use longevity_core::{RowContent, RowId};
use mongodb::bson::doc;
use mongodb::bson::oid::ObjectId;

use crate::connection::PATIENCE;
use crate::encode::Doc;
use crate::identity;
use crate::layout::ID;
use crate::rows;
use crate::statements::{Form, commands};
use crate::table::Ready;
use crate::together::Together;
use crate::transaction::{Done, Failed, Work, all_or_none};
use crate::write::{ensure_fits, found, refused_row};

pub(crate) async fn insert_many(
    table: &Arc<Ready>,
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
    match all_or_none(table, Arc::new(Work::Insert(documents))).await {
        Ok(_) => Ok(ids),
        Err(Failed::Row(position, error)) => {
            let name = contents.get(position).and_then(|content| content.discriminator.as_deref());
            Err((position, refused_row(table, name, error).await))
        }
        // That of no one row.
        Err(Failed::Whole(error)) => Err((0, error.into())),
    }
}

/// Replaces and deletes rows.
pub(crate) async fn write_many(table: &Arc<Ready>, writes: Vec<Write<'_, Doc>>) -> Result<(), (usize, WriteFailure)> {
    if writes.is_empty() {
        return Ok(());
    }
    let (mut form, mut is_together) = (Form::Whole, false);
    let mut work = Arc::new(Work::Commands(commands(table, &writes, form)?));
    let started = Instant::now();
    loop {
        match all_or_none(table, Arc::clone(&work)).await {
            Ok(Done::Whole) => return Ok(()),
            Ok(Done::Unmatched) => {}
            // Perhaps by a row whose turn comes later.
            Err(Failed::Row(_, error)) if error.is_duplicate() && !is_together => {
                is_together = true;
                work = Arc::new(Work::Together(Together::of(table, &writes)?));
                continue;
            }
            Err(Failed::Row(position, error)) => {
                let name = match writes.get(position) {
                    Some(Write::Replace(_, content)) => content.discriminator.as_deref(),
                    _ => None,
                };
                return Err((position, refused_row(table, name, error).await));
            }
            Err(Failed::Whole(error)) => return Err((0, error.into())),
        }
        ensure_all_meant(table, &writes).await?;
        // They are the ones that are meant: rows with times, or by now. Once more, but not for ever.
        if started.elapsed() > PATIENCE {
            return Err((0, WriteFailure::Missing));
        }
        if form == Form::Whole && !is_together {
            form = Form::Expression;
            work = Arc::new(Work::Commands(commands(table, &writes, form)?));
        }
    }
}

/// So many rows are asked for at once.
const ASKED_AT_ONCE: usize = 10_000;

/// Says which is the first row that is not the one that is meant, and why, if there is any.
async fn ensure_all_meant(table: &Ready, writes: &[Write<'_, Doc>]) -> Result<(), (usize, WriteFailure)> {
    for (chunk, writes) in writes.chunks(ASKED_AT_ONCE).enumerate() {
        let ids: Vec<ObjectId> = writes.iter().filter_map(|write| identity::object_id(target(write).id)).collect();
        let first = chunk * ASKED_AT_ONCE;
        let found = found(table, doc! { ID: { "$in": ids } }).await.map_err(|error| (first, error.into()))?;
        let found: HashMap<_, _> = found.into_iter().map(|row| (row.id, row)).collect();
        for (position, write) in writes.iter().enumerate() {
            let meant = match (found.get(&target(write).id), write) {
                (None, _) => Err(WriteFailure::Missing),
                (Some(row), Write::Replace(target, _)) => row.ensure(table, target).map(drop),
                (Some(row), Write::Delete(target)) => row.ensure_deletable(table, target),
            };
            meant.map_err(|failure| (first + position, failure))?;
        }
    }
    Ok(())
}

fn target<'a, 'b>(write: &'a Write<'b, Doc>) -> &'a Target<'b> {
    let (Write::Replace(target, _) | Write::Delete(target)) = write;
    target
}
