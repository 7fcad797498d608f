//! Cursors. They keep one batch of rows in memory and leave the rest on the server. If the caller gives up, no cursor stays open
//! there.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures_core::Stream;
use longevity_core::Error;
use mongodb::bson::{Document, RawDocumentBuf};
use mongodb::error::Error as DriverError;
use mongodb::raw_batch_cursor::{RawBatch, SessionRawBatchCursor};
use mongodb::{Client, ClientSession, Collection};

use crate::connection::client::Connection;
use crate::connection::unfinished::UNDO_TIMEOUT;
use crate::error::MongoError;
use crate::query::translate::{Find, pipeline};
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;
use crate::transaction::kill_session::{REPLY_GRACE, kill};
use crate::transaction::open_transaction::{Kind, OpenTransaction};

/// The server sends up to this many rows in its first answer, so that a page costs one round trip.
const PAGE: i64 = 1_000;

/// The rows of a query, a batch at a time. The server's cursor is closed when this is dropped.
pub(crate) enum Cursor {
    Open(Box<SessionRawBatchCursor>, CursorSession),
    /// All batches, read in advance. In a transaction, a cursor of the server would show rows that are written after it was
    /// opened, and the user's code may write whenever it gets a row.
    Held(std::vec::IntoIter<RawBatch>),
}

/// The session by which the server knows what belongs to a query.
pub(crate) enum CursorSession {
    Query(Box<ClientSession>),
    /// The session that all operations of a snapshot share.
    Snapshot(Arc<OpenTransaction>),
}

impl Cursor {
    /// Sends the query, in a transaction if there is one. The future can be dropped at any point: see [`Opening`].
    pub(crate) async fn open(
        table: &ReadyTable,
        open: Option<&Arc<OpenTransaction>>,
        find: Find,
    ) -> Result<Self, Error> {
        // This requests one row more than the limit. Then the server knows that no rows are left, and no second request is
        // needed.
        let page = find.limit.filter(|limit| *limit <= PAGE).and_then(|limit| u32::try_from(limit + 1).ok());
        let batch_size = page.unwrap_or(table.batch_size);
        if let Some(open) = open {
            return Self::open_in(table, open, find, batch_size).await;
        }
        let (collection, connection) = (table.collection.clone(), Arc::clone(&table.connection));
        let session_id = Arc::new(OnceLock::new());
        let (sent_session, asking) = (Arc::clone(&session_id), Arc::clone(&connection));
        let open = async move {
            let mut session = asking.session().await?;
            let _ = sent_session.set(session.id().clone());
            let batches = ask(collection, find, batch_size, &mut session).await?;
            Ok(Self::Open(Box::new(batches), CursorSession::Query(Box::new(session))))
        };
        let opening = Opening { connection, session_id, open: Some(Box::pin(open)) };
        Ok(opening.await.map_err(MongoError::of_read)?)
    }

    async fn open_in(
        table: &ReadyTable,
        open: &Arc<OpenTransaction>,
        find: Find,
        batch_size: u32,
    ) -> Result<Self, Error> {
        let mut executor = Executor::Transaction(open.reading()?);
        let collection = executor.collection(table);
        if open.kind == Kind::Snapshot {
            let asked = executor.run(move |session| Box::pin(ask(collection, find, batch_size, session))).await;
            return match asked {
                Ok(batches) => Ok(Self::Open(Box::new(batches), CursorSession::Snapshot(Arc::clone(open)))),
                Err(error) => Err(executor.read_failed(error).await),
            };
        }
        let all = executor.run(move |session| {
            Box::pin(async move {
                let mut batches = ask(collection, find, batch_size, session).await?;
                let mut all = Vec::new();
                while let Some(batch) = next_of(&mut batches, session).await? {
                    all.push(batch);
                }
                Ok(all)
            })
        });
        match all.await {
            Ok(all) => Ok(Self::Held(all.into_iter())),
            Err(error) => Err(executor.read_failed(error).await),
        }
    }

    /// The next batch, and the cursor for the batches after it; `None` at the end.
    pub(crate) async fn next(self) -> Result<Option<(Self, RawBatch)>, Error> {
        let (mut batches, of) = match self {
            Self::Held(mut held) => return Ok(held.next().map(|batch| (Self::Held(held), batch))),
            Self::Open(batches, of) => (batches, of),
        };
        match of {
            CursorSession::Query(mut session) => {
                let batch = next_of(&mut batches, &mut session).await.map_err(MongoError::of_read)?;
                Ok(batch.map(|batch| (Self::Open(batches, CursorSession::Query(session)), batch)))
            }
            CursorSession::Snapshot(open) => {
                let operation = open.reading()?;
                let next = operation.run(move |session| {
                    Box::pin(async move {
                        let batch = next_of(&mut batches, session).await?;
                        Ok(batch.map(|batch| (batches, batch)))
                    })
                });
                let next = match next.await {
                    Ok(next) => next,
                    Err(error) => return Err(operation.failed(error).await),
                };
                drop(operation);
                Ok(next.map(|(batches, batch)| (Self::Open(batches, CursorSession::Snapshot(open)), batch)))
            }
        }
    }
}

async fn ask(
    collection: Collection<RawDocumentBuf>,
    find: Find,
    batch_size: u32,
    session: &mut ClientSession,
) -> Result<SessionRawBatchCursor, DriverError> {
    if find.computed.is_empty() {
        let found = collection.find(find.filter).sort(find.sort).skip(find.skip).allow_disk_use(true);
        let found = found.limit(find.limit.unwrap_or(0)).batch_size(batch_size).projection(find.fields);
        found.session(session).batch().await
    } else {
        let found = collection.aggregate(pipeline(find)).allow_disk_use(true).batch_size(batch_size);
        found.session(session).batch().await
    }
}

async fn next_of(
    batches: &mut SessionRawBatchCursor,
    session: &mut ClientSession,
) -> Result<Option<RawBatch>, DriverError> {
    let mut batches = batches.stream(session);
    std::future::poll_fn(|context| Pin::new(&mut batches).poll_next(context)).await.transpose()
}

type Opened = Result<Cursor, DriverError>;

/// A query that was sent. Until its answer arrives, we do not know whether the server has a cursor for it, or which one. If this
/// is dropped before that, a task waits for the answer and closes the cursor.
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

async fn end(client: Client, session: Document, mut open: Pin<Box<dyn Future<Output = Opened> + Send>>) {
    // If a cursor arrives, it is dropped, which closes it.
    if tokio::time::timeout(REPLY_GRACE, &mut open).await.is_ok() {
        return;
    }
    let ended = async {
        kill(&client, &session).await;
        let _ = open.await;
    };
    let _ = tokio::time::timeout(UNDO_TIMEOUT, ended).await;
}
