//! Streams: a cursor on the server, of which a bounded batch is here at a time. It is closed when the stream is dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use longevity_core::query::Select;
use longevity_core::{Error, Row};
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor};
use tokio::runtime::Handle;

use crate::encode::Doc;
use crate::failure::MongoError;
use crate::table::{Ready, Table};
use crate::{read, rows, translate};

/// The rows of a stream.
///
/// No snapshot: a row that is written while the stream runs may come as it was before or after, or, if it moves in the order,
/// twice or not at all.
pub struct Rows {
    runtime: Handle,
    state: State,
}

struct Opened {
    table: Arc<Ready>,
    batches: RawBatchCursor,
    /// The rows of the last batch, in order.
    rows: std::vec::IntoIter<Result<Row<Doc>, Error>>,
}

impl Opened {
    /// The rows of a batch. A document that is no row is an error in its place.
    fn rows_of(&self, batch: &RawBatch) -> Result<Vec<Result<Row<Doc>, Error>>, MongoError> {
        let rows = read::documents(batch)?.map(|document| rows::read(&self.table, document?));
        Ok(rows.collect())
    }
}

enum State {
    Opening(Pin<Box<dyn Future<Output = Result<Opened, Error>> + Send>>),
    Open(Box<Opened>),
    Ended,
}

impl Rows {
    pub(crate) fn new(table: &Table, select: Select) -> Self {
        let table = table.clone();
        let runtime = table.connection.runtime.clone();
        let opening = async move {
            let ready = Arc::clone(table.ready().await?);
            let batches = read::batches(&ready, translate::find(&ready, &select)?).await?;
            Ok(Opened { table: ready, batches, rows: Vec::new().into_iter() })
        };
        Self { runtime, state: State::Opening(Box::pin(opening)) }
    }
}

impl Stream for Rows {
    type Item = Result<Row<Doc>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { runtime, state } = &mut *self;
        let _entered = runtime.enter();
        loop {
            match state {
                State::Opening(opening) => match opening.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(opened)) => *state = State::Open(Box::new(opened)),
                    Poll::Ready(Err(error)) => {
                        *state = State::Ended;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Open(opened) => {
                    if let Some(row) = opened.rows.next() {
                        return Poll::Ready(Some(row));
                    }
                    let batch = ready!(Pin::new(&mut opened.batches).poll_next(context)).transpose();
                    match batch
                        .map_err(MongoError::from)
                        .and_then(|batch| batch.map(|batch| opened.rows_of(&batch)).transpose())
                    {
                        Ok(Some(rows)) => opened.rows = rows.into_iter(),
                        Ok(None) => {
                            *state = State::Ended;
                            return Poll::Ready(None);
                        }
                        // Nothing comes behind an error of the cursor.
                        Err(error) => {
                            *state = State::Ended;
                            return Poll::Ready(Some(Err(error.into())));
                        }
                    }
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}

/// The driver closes the cursor by a task of the runtime.
impl Drop for Rows {
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
        self.state = State::Ended;
    }
}
