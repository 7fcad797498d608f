//! Holds a row until the end of a transaction: a write to it conflicts with each other write. The transaction's snapshot alone
//! would let another transaction delete the row.

use longevity_core::Error;
use longevity_core::backend::Lookup;
use mongodb::bson::{Document, doc};

use crate::encode::own_fields::{ID, REFERENCES};
use crate::query::filter;
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;

/// Counts a reference in the row with a key. Returns whether there is such a row.
pub(crate) async fn hold(table: &ReadyTable, executor: &mut Executor<'_>, lookup: &Lookup<'_>) -> Result<bool, Error> {
    let mut filter = filter::of_key(table, lookup)?;
    // A cluster changes a single row only if it knows which shard has it.
    let key = table.definition.primary_key.as_ref().map(|key| key.index);
    if !table.routing.is_empty() && key != Some(lookup.index) {
        match routed(table, executor, filter).await? {
            Some(found) => filter = found,
            None => return Ok(false),
        }
    }
    let collection = executor.collection(table);
    let held = executor.run(move |session| {
        Box::pin(async move {
            let update = doc! { "$inc": { REFERENCES: 1_i64 } };
            let result = collection.update_one(filter, update).session(session).await?;
            Ok(result.matched_count > 0)
        })
    });
    match held.await {
        Ok(held) => Ok(held),
        Err(error) => Err(executor.write_failed(error).await),
    }
}

/// The filter of a row by its id and by the fields that a cluster needs to find it.
async fn routed(table: &ReadyTable, executor: &mut Executor<'_>, filter: Document) -> Result<Option<Document>, Error> {
    let fields: Vec<_> = table.routing.iter().map(String::as_str).chain([ID]).map(str::to_owned).collect();
    let projection: Document = fields.iter().map(|field| (field.clone(), 1.into())).collect();
    let collection = executor.collection(table).clone_with_type::<Document>();
    let found = executor.run(move |session| {
        Box::pin(async move { collection.find_one(filter).projection(projection).session(session).await })
    });
    let found = match found.await {
        Ok(found) => found,
        Err(error) => return Err(executor.read_failed(error).await),
    };
    let value = |document: &Document, field: &str| {
        let mut value = document.get(field.split('.').next()?)?;
        for step in field.split('.').skip(1) {
            value = value.as_document()?.get(step)?;
        }
        Some(value.clone())
    };
    Ok(found.map(|row| fields.iter().filter_map(|field| Some((field.clone(), value(&row, field)?))).collect()))
}
