//! Reads.

use longevity_core::backend::{Give, Lookup};
use longevity_core::query::{Predicate, Select};
use longevity_core::value::Comparison;
use longevity_core::{Error, Row};
use mongodb::Cursor;
use mongodb::bson::{Document, RawDocumentBuf, doc};

use crate::encode::Doc;
use crate::failure::MongoError;
use crate::layout::ID;
use crate::rows;
use crate::table::Ready;
use crate::translate::{self, Find};

/// Up to so many rows the server sends in its first answer, so that a page costs one round trip.
const PAGE: i64 = 1_000;

/// The filter of a look-up.
pub(crate) fn of_key(table: &Ready, lookup: &Lookup<'_>) -> Result<Document, Error> {
    let wrong = |what: String| Error::Backend { backend: crate::NAME, source: what.into() };
    let definition = &*table.definition;
    let index = definition.indexes.get(lookup.index).filter(|index| index.is_unique());
    let Some(index) = index else {
        return Err(wrong(format!("index {} of table {} is not a key", lookup.index, definition.name)));
    };
    if index.columns.len() != lookup.values.len() {
        return Err(wrong(format!("the key {} has not {} columns", lookup.index, lookup.values.len())));
    }
    // A partial index is used only where its condition is in the filter.
    let scope = lookup.scope.or(index.discriminators);
    let predicate = scope.map_or(Predicate::All, Predicate::Discriminator);
    let columns = index.columns.iter().zip(lookup.values);
    let predicate = columns.fold(predicate, |predicate, (column, value)| {
        let path = definition.columns[*column].path.clone();
        predicate.and(Predicate::Compare { path, comparison: Comparison::Eq, operand: value.to_value() })
    });
    translate::filter(table, &predicate)
}

/// The row with a key.
pub(crate) async fn get(table: &Ready, lookup: &Lookup<'_>) -> Result<Option<Row<Doc>>, Error> {
    let filter = of_key(table, lookup)?;
    let found = table.collection.find_one(filter).await.map_err(MongoError::from)?;
    found.map(|document| rows::read(table, &document)).transpose()
}

/// The rows of a query, a batch at a time.
pub(crate) async fn cursor(
    table: &Ready,
    find: Find,
    batch: Option<u32>,
) -> Result<Cursor<RawDocumentBuf>, MongoError> {
    // One more than there are: the server then knows that there are no more, and needs not be asked again.
    let page = find.limit.filter(|limit| *limit <= PAGE).and_then(|limit| u32::try_from(limit + 1).ok());
    let batch = page.or(batch);
    if !find.computed.is_empty() {
        let mut aggregate = table.collection.aggregate(pipeline(find)).with_type::<RawDocumentBuf>();
        aggregate = aggregate.allow_disk_use(true);
        return Ok(match batch {
            Some(batch) => aggregate.batch_size(batch).await,
            None => aggregate.await,
        }?);
    }
    let mut found = table.collection.find(find.filter).sort(find.sort).skip(find.skip).allow_disk_use(true);
    if let Some(limit) = find.limit {
        found = found.limit(limit);
    }
    if let Some(batch) = batch {
        found = found.batch_size(batch);
    }
    Ok(found.await?)
}

/// A query whose order is computed.
pub(crate) fn pipeline(find: Find) -> Vec<Document> {
    let fields: Vec<String> = find.computed.keys().cloned().collect();
    let mut pipeline =
        vec![doc! { "$match": find.filter }, doc! { "$set": find.computed }, doc! { "$sort": find.sort }];
    if find.skip > 0 {
        pipeline.push(doc! { "$skip": i64::try_from(find.skip).unwrap_or(i64::MAX) });
    }
    if let Some(limit) = find.limit {
        pipeline.push(doc! { "$limit": limit });
    }
    pipeline.push(doc! { "$unset": fields });
    pipeline
}

/// Gives the rows one by one, each in place of the one before.
pub(crate) async fn each(table: &Ready, select: &Select, give: &mut Give<'_, Doc>) -> Result<(), Error> {
    let mut cursor = cursor(table, translate::find(table, select)?, None).await?;
    let mut row = rows::empty();
    while cursor.advance().await.map_err(MongoError::from)? {
        rows::read_into(&mut row, table, cursor.current())?;
        give(&row)?;
    }
    Ok(())
}

/// How many rows satisfy a predicate.
pub(crate) async fn count(table: &Ready, predicate: &Predicate) -> Result<u64, Error> {
    let filter = translate::filter(table, predicate)?;
    Ok(table.collection.count_documents(filter).await.map_err(MongoError::from)?)
}

/// Whether any row satisfies a predicate.
pub(crate) async fn exists(table: &Ready, predicate: &Predicate) -> Result<bool, Error> {
    let filter = translate::filter(table, predicate)?;
    let found = table.collection.find_one(filter).projection(doc! { ID: 1 }).await.map_err(MongoError::from)?;
    Ok(found.is_some())
}
