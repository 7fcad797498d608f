//! Many rows at once, all or none: a transaction.

use std::time::Instant;

use longevity_core::backend::WriteFailure;
use longevity_core::{RowContent, RowId};
use mongodb::ClientSession;
use mongodb::bson::RawDocumentBuf;
use mongodb::error::{Error as DriverError, ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{ReadConcern, ReadPreference, SelectionCriteria, TransactionOptions};

use crate::connection::{Connection, PATIENCE};
use crate::encode::Doc;
use crate::failure::{MongoError, WRITE_CONCERN_FAILED, code_of, position_of};
use crate::identity;
use crate::rows;
use crate::table::Ready;
use crate::write::{ensure_fits, refused};

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
            rows::document(id, name, content.written_at, &content.doc).map_err(|error| (position, error.into()))?;
        ensure_fits(table, name, &document).map_err(|error| (position, error.into()))?;
        ids.push(identity::row_id(id));
        documents.push(document);
    }
    let failed = |error: DriverError| {
        let position = position_of(&error);
        let name = contents.get(position).and_then(|content| content.discriminator.as_deref());
        (position, refused(table, name, error))
    };
    let mut session = connection.client.start_session().await.map_err(failed)?;
    let started = Instant::now();
    loop {
        match in_a_transaction(&mut session, table, &documents, started).await {
            Ok(()) => return Ok(ids),
            // Others are in its way, or the primary changed: nothing was written.
            Err(error)
                if error.contains_label(TRANSIENT_TRANSACTION_ERROR)
                    && started.elapsed() < PATIENCE
                    && !is_waited_for(&error) =>
            {
                tracing::debug!(error = %MongoError::from(error), "a batch is tried again");
            }
            Err(error) => return Err(failed(error)),
        }
    }
}

async fn in_a_transaction(
    session: &mut ClientSession,
    table: &Ready,
    documents: &[RawDocumentBuf],
    started: Instant,
) -> Result<(), DriverError> {
    // What the address says of reads does not fit transactions, of which the driver would take it.
    let options = TransactionOptions::builder()
        .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
        .read_concern(ReadConcern::local())
        .build();
    session.start_transaction().with_options(options).await?;
    if let Err(error) = table.collection.insert_many(documents).session(&mut *session).await {
        // The server ends it by itself if this does not arrive.
        let _ = session.abort_transaction().await;
        return Err(error);
    }
    // How long a majority may take, if the user says so: it is not waited for again.
    let has_limit = table.collection.write_concern().is_some_and(|concern| concern.w_timeout.is_some());
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
    }
}

/// Whether there was no server for as long as the user is willing to wait for one.
fn is_waited_for(error: &DriverError) -> bool {
    matches!(*error.kind, ErrorKind::ServerSelection { .. })
}
