//! Reads. Documents are read directly from the server's answer, because a typed cursor would copy each of them first.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use longevity_core::backend::{Give, Lookup, Predicate, Select};
use longevity_core::{Error, Row};
use mongodb::bson::{RawDocument, doc};
use mongodb::raw_batch_cursor::RawBatch;

use crate::encode::document::MongoDocument;
use crate::encode::own_fields::ID;
use crate::encode::row;
use crate::error::MongoError;
use crate::query::cursor::Cursor;
use crate::query::filter;
use crate::query::translate;
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;
use crate::transaction::open_transaction::OpenTransaction;

/// The row with a key.
pub(crate) async fn get(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    lookup: &Lookup<'_>,
) -> Result<Option<Row<MongoDocument>>, Error> {
    let filter = filter::of_key(table, lookup)?;
    let collection = executor.collection(table);
    let answer = executor.run(move |session| {
        Box::pin(async move {
            // A negative limit means one batch and no cursor.
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
    documents(&batch)?.next().map(|document| row::read(&table.definition, document?)).transpose()
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

/// Passes the rows on one by one. All of them share one buffer. `open` is the transaction to read in.
pub(crate) async fn each(
    table: &ReadyTable,
    open: Option<&Arc<OpenTransaction>>,
    select: &Select,
    give: &mut dyn Give<MongoDocument>,
) -> Result<(), Error> {
    let mut cursor = Cursor::open(table, open, translate::find(table, select)?).await?;
    let mut row = row::empty();
    while let Some((next, batch)) = cursor.next().await? {
        cursor = next;
        for document in documents(&batch)? {
            row::read_into(&mut row, &table.definition, document?)?;
            give.give(&row)?;
        }
    }
    Ok(())
}

/// The number of rows that satisfy a predicate.
pub(crate) async fn count(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    predicate: &Predicate,
) -> Result<u64, Error> {
    let filter = filter::filter(table, predicate)?;
    let collection = executor.collection(table);
    let count =
        executor.run(move |session| Box::pin(async move { collection.count_documents(filter).session(session).await }));
    match count.await {
        Ok(count) => Ok(count),
        Err(error) => Err(executor.read_failed(error).await),
    }
}

/// Whether any row satisfies a predicate.
pub(crate) async fn exists(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    predicate: &Predicate,
) -> Result<bool, Error> {
    let filter = filter::filter(table, predicate)?;
    let collection = executor.collection(table);
    let found = executor.run(move |session| {
        Box::pin(async move { collection.find_one(filter).projection(doc! { ID: 1 }).session(session).await })
    });
    match found.await {
        Ok(found) => Ok(found.is_some()),
        Err(error) => Err(executor.read_failed(error).await),
    }
}
