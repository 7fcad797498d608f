//! Reads. Documents are read where they lie in the server's answer: a typed cursor would copy each of them first.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use longevity_core::backend::{Give, Lookup};
use longevity_core::query::{Predicate, Select};
use longevity_core::value::Comparison;
use longevity_core::{Error, ErrorKind, Row};
use mongodb::bson::{Document, RawDocument, doc};
use mongodb::raw_batch_cursor::RawBatch;

use crate::encode::document::MongoDocument;
use crate::encode::row;
use crate::error::MongoError;
use crate::query::cursor::Cursor;
use crate::query::translate::{self, Find};
use crate::schema::layout::ID;
use crate::table::Ready;
use crate::transaction::executor::Executor;
use crate::transaction::open_transaction::Open;

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
    let predicate = scope.map_or(Predicate::True, Predicate::Scope);
    let columns = index.columns.iter().zip(lookup.values);
    let predicate = columns.fold(predicate, |predicate, (column, value)| {
        let path = definition.columns[*column].path.clone();
        predicate.and(Predicate::Compare { path, comparison: Comparison::Eq, operand: value.to_value() })
    });
    translate::filter(table, &predicate)
}

/// The row with a key.
pub(crate) async fn get(
    table: &Ready,
    executor: &mut Executor<'_>,
    lookup: &Lookup<'_>,
) -> Result<Option<Row<MongoDocument>>, Error> {
    let filter = of_key(table, lookup)?;
    let collection = executor.collection(table);
    let answer = executor.run(move |session| {
        Box::pin(async move {
            // Negative: one batch, and no cursor.
            let mut answer = collection.find(filter).limit(-1).session(&mut *session).batch().await?;
            let mut batches = answer.stream(session);
            poll_fn(|context| Pin::new(&mut batches).poll_next(context)).await.transpose()
        })
    });
    let batch = match answer.await {
        Ok(Some(batch)) => batch,
        Ok(None) => return Ok(None),
        Err(error) => return Err(executor.read_failed(error).await),
    };
    documents(&batch)?.next().map(|document| row::read(table, document?)).transpose()
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

/// Gives the rows one by one, each in place of the one before: those of the store, or of a transaction.
pub(crate) async fn each(
    table: &Ready,
    open: Option<&Arc<Open>>,
    select: &Select,
    give: &mut dyn Give<MongoDocument>,
) -> Result<(), Error> {
    let mut cursor = Cursor::open(table, open, translate::find(table, select)?).await?;
    let mut row = row::empty();
    while let Some((next, batch)) = cursor.next().await? {
        cursor = next;
        for document in documents(&batch)? {
            row::read_into(&mut row, table, document?)?;
            give.give(&row)?;
        }
    }
    Ok(())
}

/// How many rows satisfy a predicate.
pub(crate) async fn count(table: &Ready, executor: &mut Executor<'_>, predicate: &Predicate) -> Result<u64, Error> {
    let filter = translate::filter(table, predicate)?;
    let collection = executor.collection(table);
    let count =
        executor.run(move |session| Box::pin(async move { collection.count_documents(filter).session(session).await }));
    match count.await {
        Ok(count) => Ok(count),
        Err(error) => Err(executor.read_failed(error).await),
    }
}

/// Whether any row satisfies a predicate.
pub(crate) async fn exists(table: &Ready, executor: &mut Executor<'_>, predicate: &Predicate) -> Result<bool, Error> {
    let filter = translate::filter(table, predicate)?;
    let collection = executor.collection(table);
    let found = executor.run(move |session| {
        Box::pin(async move { collection.find_one(filter).projection(doc! { ID: 1 }).session(session).await })
    });
    match found.await {
        Ok(found) => Ok(found.is_some()),
        Err(error) => Err(executor.read_failed(error).await),
    }
}
