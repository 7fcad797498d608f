//! Streams: a cursor on the server, of which a bounded batch is here at a time. It is closed when the stream is dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use longevity_core::query::Select;
use longevity_core::{Error, Row};
use mongodb::Cursor;
use mongodb::bson::RawDocumentBuf;
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

type Opened = (Arc<Ready>, Cursor<RawDocumentBuf>);

enum State {
    Opening(Pin<Box<dyn Future<Output = Result<Opened, Error>> + Send>>),
    Open(Box<Opened>),
    Ended,
}

impl Rows {
    pub(crate) fn new(table: &Table, select: Select) -> Self {
        let table = table.clone();
        let runtime = table.connection.runtime.clone();
        let batch = table.connection.settings.batch_size;
        let opening = async move {
            let ready = Arc::clone(table.ready().await?);
            let cursor = read::cursor(&ready, translate::find(&ready, &select)?, Some(batch)).await?;
            Ok((ready, cursor))
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
                    let (ready, cursor) = &mut **opened;
                    return match Pin::new(cursor).poll_next(context) {
                        Poll::Pending => Poll::Pending,
                        Poll::Ready(Some(Ok(document))) => Poll::Ready(Some(rows::read(ready, &document))),
                        // Nothing comes behind an error of the cursor.
                        Poll::Ready(Some(Err(error))) => {
                            *state = State::Ended;
                            Poll::Ready(Some(Err(MongoError::from(error).into())))
                        }
                        Poll::Ready(None) => {
                            *state = State::Ended;
                            Poll::Ready(None)
                        }
                    };
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
