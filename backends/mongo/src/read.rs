//! Reads. Documents are read where they lie in the server's answer: a typed cursor would copy each of them first.

use std::future::poll_fn;
use std::pin::Pin;

use futures_core::Stream;
use longevity_core::backend::{Give, Lookup};
use longevity_core::query::{Predicate, Select};
use longevity_core::value::Comparison;
use longevity_core::{Error, ErrorKind, Row};
use mongodb::bson::{Document, RawDocument, doc};
use mongodb::raw_batch_cursor::RawBatch;

use crate::cursor::Cursor;
use crate::encode::Doc;
use crate::failure::MongoError;
use crate::layout::ID;
use crate::rows;
use crate::table::Ready;
use crate::translate::{self, Find};

/// The filter of a look-up.
pub(crate) fn of_key(table: &Ready, lookup: &Lookup<'_>) -> Result<Document, Error> {
    let wrong = |what: String| Error::Backend { backend: crate::NAME, kind: ErrorKind::Permanent, source: what.into() };
    let definition = &*table.definition;
    let index = definition.indexes.get(lookup.index).filter(|index| index.is_unique());
    let Some(index) = index else {
        return Err(wrong(format!("index {} of table {} is not a key", lookup.index, definition.name)));
    };
    if index.columns.len() != lookup.values.len() {
        return Err(wrong(format!("the key {} has not {} columns", lookup.index, lookup.values.len())));
    }
    // A partial index is used only where its condition is in the filter.
    let scope = lookup.scope.or(index.scope);
    let predicate = scope.map_or(Predicate::All, Predicate::Scope);
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
    // Negative: one batch, and no cursor.
    let mut answer = table.collection.find(filter).limit(-1).batch().await.map_err(MongoError::of_read)?;
    let batch = poll_fn(|context| Pin::new(&mut answer).poll_next(context)).await;
    let Some(batch) = batch.transpose().map_err(MongoError::of_read)? else { return Ok(None) };
    documents(&batch)?.next().map(|document| rows::read(table, document?)).transpose()
}

/// The documents of a batch.
pub(crate) fn documents(
    batch: &RawBatch,
) -> Result<impl Iterator<Item = Result<&RawDocument, MongoError>>, MongoError> {
    let unreadable =
        || MongoError::Other { reason: "the server sent a batch that cannot be read".to_owned(), code: None };
    let all = batch.doc_slices().map_err(MongoError::of_read)?.into_iter();
    Ok(all.map(move |value| value.ok().and_then(|value| value.as_document()).ok_or_else(unreadable)))
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
    pipeline.push(if find.fields.is_empty() {
        doc! { "$unset": fields }
    } else {
        doc! { "$project": find.fields }
    });
    pipeline
}

/// Gives the rows one by one, each in place of the one before.
pub(crate) async fn each(table: &Ready, select: &Select, give: &mut dyn Give<Doc>) -> Result<(), Error> {
    let mut cursor = Cursor::open(table, translate::find(table, select)?).await?;
    let mut row = rows::empty();
    while let Some(batch) = cursor.next().await? {
        for document in documents(&batch)? {
            rows::read_into(&mut row, table, document?)?;
            give.give(&row)?;
        }
    }
    Ok(())
}

/// How many rows satisfy a predicate.
pub(crate) async fn count(table: &Ready, predicate: &Predicate) -> Result<u64, Error> {
    let filter = translate::filter(table, predicate)?;
    Ok(table.collection.count_documents(filter).await.map_err(MongoError::of_read)?)
}

/// Whether any row satisfies a predicate.
pub(crate) async fn exists(table: &Ready, predicate: &Predicate) -> Result<bool, Error> {
    let filter = translate::filter(table, predicate)?;
    let found = table.collection.find_one(filter).projection(doc! { ID: 1 }).await.map_err(MongoError::of_read)?;
    Ok(found.is_some())
}
