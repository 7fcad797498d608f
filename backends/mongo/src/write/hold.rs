//! Holds rows until the end of a transaction: a write to a row conflicts with each other write. The transaction's snapshot alone
//! would let another transaction delete it.

use longevity_core::Error;
use longevity_core::backend::Lookup;
use mongodb::bson::{Document, doc};

use crate::encode::own_fields::REFERENCES;
use crate::query::filter;
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;

/// How many rows one command holds.
const ROWS_AT_ONCE: usize = 500;

/// Marks each of the rows with these keys. Returns whether all of them are there.
pub(crate) async fn hold(table: &ReadyTable, executor: &mut Executor<'_>, keys: &[Lookup<'_>]) -> Result<bool, Error> {
    // A cluster may have keys that it does not enforce, so several rows could have the same one.
    let at_once = if table.routing.is_empty() { ROWS_AT_ONCE } else { 1 };
    for keys in keys.chunks(at_once) {
        let mut filters = keys.iter().map(|key| filter::of_key(table, key)).collect::<Result<Vec<_>, _>>()?;
        let filter = if filters.len() == 1 {
            filters.remove(0)
        } else {
            doc! { "$or": filters }
        };
        if held(table, executor, filter).await? < keys.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The number of rows that are held. The command is one for many rows even where one is meant: a cluster changes a single row only
/// if it knows which shard has it.
async fn held(table: &ReadyTable, executor: &mut Executor<'_>, filter: Document) -> Result<u64, Error> {
    let collection = executor.collection(table);
    let held = executor.run(move |session| {
        Box::pin(async move {
            let update = doc! { "$inc": { REFERENCES: 1_i64 } };
            Ok(collection.update_many(filter, update).session(session).await?.matched_count)
        })
    });
    match held.await {
        Ok(held) => Ok(held),
        Err(error) => Err(executor.write_failed(error).await),
    }
}
