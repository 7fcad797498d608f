//! Chooses between the command for one write and the transaction for several.

use std::sync::Arc;

use longevity_core::backend::{AllWritten, Write, WriteFailure, Writes, Written};
use smallvec::smallvec;

use crate::encode::document::MongoDocument;
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;
use crate::write::{batch, single};

/// Does the writes, all or none. A single write is one command. Several writes, or one that asks for the row as it was before,
/// are a transaction. In an open transaction the writes become part of it.
pub(crate) async fn write(
    table: &Arc<ReadyTable>,
    executor: &mut Executor<'_>,
    mut writes: Writes<'_, MongoDocument>,
) -> Result<AllWritten<MongoDocument>, (usize, WriteFailure)> {
    if writes.len() > 1 || writes.iter().any(Write::wants_before) {
        return match executor {
            Executor::Alone { .. } => batch::write(table, writes).await,
            Executor::Transaction(_) => batch::write_within(table, executor, writes).await,
        };
    }
    let written = match writes.pop() {
        None => return Ok(AllWritten::new()),
        Some(Write::Insert(content)) => single::insert(table, executor, content).await.map(Written::Inserted),
        Some(Write::Replace(target, content)) => {
            single::replace(table, executor, &target, &content).await.map(|version| Written::Replaced(version, None))
        }
        Some(Write::Delete(target)) => single::delete(table, executor, &target).await.map(|()| Written::Deleted(None)),
    };
    match written {
        Ok(written) => Ok(smallvec![written]),
        Err(failure) => Err((0, failure)),
    }
}
