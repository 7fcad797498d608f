//! Streams. The server keeps a cursor, and one bounded batch of rows is in memory at a time. Dropping the stream closes the
//! cursor.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use longevity_core::backend::Select;
use longevity_core::{Error, Row};

use crate::encode::document::MongoDocument;
use crate::encode::row;
use crate::query::cursor::Cursor;
use crate::query::{read, translate};
use crate::table::{ReadyTable, Table};
use crate::transaction::open_transaction::OpenTransaction;

/// The rows of a stream.
///
/// The rows of a transaction or a snapshot are of one moment. Other rows are not: if a row is written while the stream runs, the
/// stream may return the old or the new row. If the write moves the row in the order, the stream may return it twice or not at
/// all.
pub struct Rows {
    state: State,
}

struct Opened {
    table: Arc<ReadyTable>,
    cursor: Cursor,
}

/// The next batch, and what the batches after it come from; `None` at the end.
type Next = Pin<Box<dyn Future<Output = Result<Option<(Opened, Batch)>, Error>> + Send>>;

/// The rows of a batch, in order. A document that is not a row is an error in its place.
type Batch = std::vec::IntoIter<Result<Row<MongoDocument>, Error>>;

enum State {
    Waiting(Next),
    Open(Box<Opened>, Batch),
    Ended,
}

impl Opened {
    async fn next(self) -> Result<Option<(Self, Batch)>, Error> {
        let Self { table, cursor } = self;
        let Some((cursor, batch)) = cursor.next().await? else { return Ok(None) };
        let documents = read::documents(&batch)?;
        let rows: Vec<_> = documents.map(|document| row::read(&table.definition, document?)).collect();
        Ok(Some((Self { table, cursor }, rows.into_iter())))
    }
}

impl Rows {
    /// Streams from the store, or from an open transaction.
    pub(crate) fn new(table: &Table, open: Option<Arc<OpenTransaction>>, select: Select) -> Self {
        let table = table.clone();
        let first = async move {
            let ready = match &open {
                Some(open) => table.ready_in(&open.connection().runtime).await?,
                None => table.ready().await?,
            };
            let opened = async {
                let cursor = Cursor::open(&ready, open.as_ref(), translate::find(&ready, &select)?).await?;
                Opened { table: Arc::clone(&ready), cursor }.next().await
            };
            ready.within(opened).await
        };
        Self { state: State::Waiting(Box::pin(first)) }
    }
}

impl Stream for Rows {
    type Item = Result<Row<MongoDocument>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Waiting(next) => match ready!(next.as_mut().poll(context)) {
                    Ok(Some((opened, rows))) => self.state = State::Open(Box::new(opened), rows),
                    Ok(None) => self.state = State::Ended,
                    // No rows follow an error of the cursor.
                    Err(error) => {
                        self.state = State::Ended;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Open(_, rows) if rows.len() > 0 => return Poll::Ready(rows.next()),
                State::Open(..) => {
                    let State::Open(opened, _) = std::mem::replace(&mut self.state, State::Ended) else { continue };
                    let table = Arc::clone(&opened.table);
                    self.state = State::Waiting(Box::pin(async move { table.within(opened.next()).await }));
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}

/// The driver closes the cursor in a task, which needs the runtime.
impl Drop for Rows {
    fn drop(&mut self) {
        if let State::Open(opened, _) = &self.state {
            let runtime = opened.table.connection.runtime.clone();
            let _entered = runtime.enter();
            self.state = State::Ended;
        }
    }
}
