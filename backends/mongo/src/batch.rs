//! Many rows at once, all or none: a transaction.

use std::time::{Duration, Instant};

use longevity_core::backend::WriteFailure;
use longevity_core::{RowContent, RowId};
use mongodb::bson::RawDocumentBuf;
use mongodb::error::{Error as DriverError, ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{ReadConcern, ReadPreference, SelectionCriteria, TransactionOptions};
use mongodb::{Client, ClientSession, Collection};

use crate::connection::{Connection, PATIENCE};
use crate::encode::Doc;
use crate::failure::{MongoError, WRITE_CONCERN_FAILED, code_of, position_of};
use crate::identity;
use crate::rows;
use crate::table::Ready;
use crate::write::{ensure_fits, refused};

/// Between two tries: long enough for another writer to end.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

pub(crate) async fn insert_many(
    connection: &Connection,
    table: &Ready,
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
    // In a task, which goes on to its end when nobody waits for it any more: a transaction that is left open would keep
    // other writers waiting until the server ends it.
    let (client, collection) = (connection.client.clone(), table.collection.clone());
    let written = connection.runtime.spawn(async move { all_or_none(&client, &collection, &documents).await });
    match written.await {
        Ok(Ok(())) => Ok(ids),
        Ok(Err(error)) => {
            let position = position_of(&error);
            let name = contents.get(position).and_then(|content| content.discriminator.as_deref());
            Err((position, refused(table, name, error).await))
        }
        Err(error) => {
            let reason = format!("the task that wrote a batch ended early: {error}");
            Err((0, MongoError::Interrupted { reason }.into()))
        }
    }
}

async fn all_or_none(
    client: &Client,
    collection: &Collection<RawDocumentBuf>,
    documents: &[RawDocumentBuf],
) -> Result<(), DriverError> {
    let mut session = client.start_session().await?;
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match in_a_transaction(&mut session, collection, documents, started).await {
            // Others are in its way, or the primary changed: nothing was written.
            Err(error)
                if error.contains_label(TRANSIENT_TRANSACTION_ERROR)
                    && started.elapsed() < PATIENCE
                    && !is_waited_for(&error) =>
            {
                tracing::debug!(error = %MongoError::from(error), "a batch is tried again");
            }
            done => return done,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn in_a_transaction(
    session: &mut ClientSession,
    collection: &Collection<RawDocumentBuf>,
    documents: &[RawDocumentBuf],
    started: Instant,
) -> Result<(), DriverError> {
    // What the address says of reads does not fit transactions, of which the driver would take it.
    let options = TransactionOptions::builder()
        .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
        .read_concern(ReadConcern::local())
        .build();
    session.start_transaction().with_options(options).await?;
    if let Err(error) = collection.insert_many(documents).session(&mut *session).await {
        // The server ends it by itself if this does not arrive.
        let _ = session.abort_transaction().await;
        return Err(error);
    }
    // How long a majority may take, if the user says so: it is not waited for again.
    let has_limit = collection.write_concern().is_some_and(|concern| concern.w_timeout.is_some());
    loop {
        match session.commit_transaction().await {
            Ok(()) => return Ok(()),
            // Whether it is committed is not known; to commit again is to ask.
            Err(error)
                if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
                    && started.elapsed() < PATIENCE
                    && !is_waited_for(&error)
                    && !(has_limit && code_of(&error) == Some(WRITE_CONCERN_FAILED)) => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(FIRST_PAUSE).await;
    }
}

/// Whether there was no server for as long as the user is willing to wait for one.
fn is_waited_for(error: &DriverError) -> bool {
    matches!(*error.kind, ErrorKind::ServerSelection { .. })
}
