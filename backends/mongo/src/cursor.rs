//! Cursors. They hold one batch of rows at a time and leave the rest on the server. A caller who gives up leaves none open there.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use mongodb::bson::{Document, doc};
use mongodb::error::Error as DriverError;
use mongodb::raw_batch_cursor::{RawBatch, SessionRawBatchCursor};
use mongodb::{Client, ClientSession};

use crate::connection::Connection;
use crate::failure::MongoError;
use crate::read::pipeline;
use crate::table::Ready;
use crate::translate::Find;

/// Up to so many rows the server sends in its first answer, so that a page costs one round trip.
const PAGE: i64 = 1_000;

/// The rows of a query, a batch at a time. The server's cursor is closed when this is dropped.
pub(crate) struct Cursor {
    batches: SessionRawBatchCursor,
    // By which the server tells what belongs to this query.
    session: ClientSession,
}

impl Cursor {
    /// Asks the query. The future may be dropped at any point: see [`Opening`].
    pub(crate) fn open(table: &Ready, find: Find) -> impl Future<Output = Result<Self, MongoError>> + Send + use<> {
        let (collection, batch_size) = (table.collection.clone(), table.batch_size);
        let client = table.connection.client.clone();
        let session_id = Arc::new(OnceLock::new());
        let told = Arc::clone(&session_id);
        let open = async move {
            // One more than there are: the server then knows that there are no more, and needs not be asked again.
            let page = find.limit.filter(|limit| *limit <= PAGE).and_then(|limit| u32::try_from(limit + 1).ok());
            let batch = page.unwrap_or(batch_size);
            let mut session = client.start_session().causal_consistency(false).await?;
            let _ = told.set(session.id().clone());
            let batches = if find.computed.is_empty() {
                let found = collection.find(find.filter).sort(find.sort).skip(find.skip).allow_disk_use(true);
                let found = found.limit(find.limit.unwrap_or(0)).batch_size(batch).projection(find.fields);
                found.session(&mut session).batch().await?
            } else {
                let found = collection.aggregate(pipeline(find)).allow_disk_use(true).batch_size(batch);
                found.session(&mut session).batch().await?
            };
            Ok(Self { batches, session })
        };
        let opening = Opening { connection: Arc::clone(&table.connection), session_id, open: Some(Box::pin(open)) };
        async { opening.await.map_err(MongoError::of_read) }
    }

    /// The next batch; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<RawBatch>, MongoError> {
        let mut batches = self.batches.stream(&mut self.session);
        let next = std::future::poll_fn(|context| Pin::new(&mut batches).poll_next(context)).await;
        next.transpose().map_err(MongoError::of_read)
    }
}

type Opened = Result<Cursor, DriverError>;

/// A query that was asked. While its answer is on the way, nobody here knows whether the server has a cursor for it, nor which:
/// if this is dropped before, the answer is waited for in a task, and the cursor closed.
struct Opening {
    connection: Arc<Connection>,
    /// Set before the query is sent.
    session_id: Arc<OnceLock<Document>>,
    open: Option<Pin<Box<dyn Future<Output = Opened> + Send>>>,
}

impl Future for Opening {
    type Output = Opened;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Opened> {
        let Some(open) = &mut self.open else { return Poll::Pending };
        let opened = open.as_mut().poll(context);
        if opened.is_ready() {
            self.open = None;
        }
        opened
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let (Some(open), Some(session)) = (self.open.take(), self.session_id.get()) {
            let end = end(self.connection.client.clone(), session.clone(), open);
            self.connection.runtime.spawn(end);
        }
    }
}

/// How long an answer that nobody waits for may take by itself. Most are on their way.
const SOON: Duration = Duration::from_millis(100);
/// And how long when the server was told to end the query. Then the connection is given up, which ends it too, and frees its
/// place for others.
const PATIENCE: Duration = Duration::from_secs(5);

async fn end(client: Client, session: Document, mut open: Pin<Box<dyn Future<Output = Opened> + Send>>) {
    // A cursor that comes is dropped, which closes it.
    if tokio::time::timeout(SOON, &mut open).await.is_ok() {
        return;
    }
    let ended = async {
        let killed = client.database("admin").run_command(doc! { "killSessions": [session] }).await;
        let _ = open.await;
        if let Err(error) = killed {
            tracing::debug!(error = %MongoError::of_read(error), "a query that was given up ends by itself");
        }
    };
    let _ = tokio::time::timeout(PATIENCE, ended).await;
}
