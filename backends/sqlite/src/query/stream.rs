//! Streams: a snapshot whose rows are read only when the receiver asks for them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_channel::mpsc;
use futures_core::Stream;
use longevity_core::{Error, Row};
use rusqlite::{Connection, InterruptHandle};

use crate::connection::database::Database;
use crate::encode::document::SqliteDocument;
use crate::error::SqliteError;
use crate::query::read::rows_of;
use crate::query::translate::Statement;
use crate::schema::ready_table::ReadyTable;

/// How many rows go from the reader to the receiver at once.
const CHUNK: usize = 256;
/// The capacity of the channel, which adds one place for its sender. So two chunks wait in the channel, and the reader holds a
/// third.
const WAITING: usize = 1;

type Found = Result<Row<SqliteDocument>, Error>;

/// Rows on their way.
#[derive(Debug)]
struct Chunk {
    rows: Vec<Found>,
    /// Whether there are no more rows. If the channel ends without this, the reader panicked.
    is_last: bool,
}

/// The rows of a stream.
///
/// The rows of a file are a snapshot, which a reader in a separate thread holds open. The reader is at most 768 rows ahead, and
/// ends when the stream is dropped. The rows of a database in memory, which has one connection, and those of a transaction are
/// all found at the start. If a transaction has the one connection, they are found when the stream is polled after the
/// transaction. A stream of a [snapshot](longevity_core::Snapshot) finds the ids at the start, and reads the rows as they are
/// asked for.
#[derive(Debug)]
pub struct Rows {
    ready: std::vec::IntoIter<Found>,
    more: Option<NextRows>,
}

/// Where the next rows of a stream come from.
#[derive(Debug)]
enum NextRows {
    Reader(Reader),
    Waiting(Waiting),
    OnDemand(OnDemand),
}

/// Reads the next rows, up to the number that is asked for; none if there are no more.
struct OnDemand(Box<dyn FnMut(usize) -> Vec<Found> + Send>);

/// The query for rows that are found when the connection is free.
struct Waiting(Pin<Box<dyn Future<Output = Result<Vec<Found>, Error>> + Send>>);

/// The receiving end of the channel. The reader has the other end in its thread.
#[derive(Debug)]
struct Reader {
    chunks: mpsc::Receiver<Chunk>,
    interrupt: Interrupt,
}

/// Ends the reader's query while it runs. Afterwards it is empty, because another task may have the connection.
#[derive(Clone, Default)]
struct Interrupt(Arc<Mutex<Option<InterruptHandle>>>);

impl Rows {
    /// Rows that have been found already.
    pub(crate) fn ready(rows: Vec<Found>) -> Self {
        Self { ready: rows.into_iter(), more: None }
    }

    pub(crate) fn failed(error: Error) -> Self {
        Self::ready(vec![Err(error)])
    }

    /// Rows that are found now, or later if the connection is not free.
    pub(crate) fn found(find: impl Future<Output = Result<Vec<Found>, Error>> + Send + 'static) -> Self {
        let mut waiting = Waiting(Box::pin(find));
        match waiting.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(rows)) => Self::ready(rows),
            Poll::Ready(Err(error)) => Self::failed(error),
            Poll::Pending => Self { ready: Vec::new().into_iter(), more: Some(NextRows::Waiting(waiting)) },
        }
    }

    /// Rows of a snapshot, which are read when they are asked for.
    pub(crate) fn on_demand(next: impl FnMut(usize) -> Vec<Found> + Send + 'static) -> Self {
        let more = Some(NextRows::OnDemand(OnDemand(Box::new(next))));
        Self { ready: Vec::new().into_iter(), more }
    }

    /// Begins a snapshot, and reads it in a thread.
    pub(crate) fn of_snapshot(
        database: &Arc<Database>,
        connection: Connection,
        table: &Arc<ReadyTable>,
        statement: Statement,
    ) -> Result<Self, Error> {
        let site = &database.site;
        begin(&connection).map_err(|error| site.failed(error))?;
        let interrupt = Interrupt(Arc::new(Mutex::new(Some(connection.get_interrupt_handle()))));
        let (sender, chunks) = mpsc::channel(WAITING);
        let (database, table, own) = (Arc::clone(database), Arc::clone(table), interrupt.clone());
        let read = move || {
            let mut outlet = Outlet { sender, chunk: Vec::with_capacity(CHUNK) };
            let result = until_dropped(&connection, &table, &statement, &mut outlet);
            // From here on dropping the stream must not interrupt the connection.
            own.take();
            if let Err(error) = result {
                outlet.chunk.push(Err(database.site.failed(error).into()));
            }
            outlet.flush(true);
            match connection.execute_batch("COMMIT") {
                Ok(()) => database.give_back(connection),
                // The connection is closed here, and its snapshot ends with it.
                Err(error) => tracing::warn!(%error, "cannot end a snapshot"),
            }
        };
        let spawned = std::thread::Builder::new().name("longevity-stream".to_owned()).spawn(read);
        match spawned {
            Ok(_) => {
                Ok(Self { ready: Vec::new().into_iter(), more: Some(NextRows::Reader(Reader { chunks, interrupt })) })
            }
            Err(error) => {
                Err(SqliteError::Other { reason: format!("no thread for a stream: {error}"), code: None }.into())
            }
        }
    }
}

/// Reads the rows, until the stream is dropped.
///
/// SQLite forgets an interruption that comes while no statement of the connection runs. So a statement runs from here on: if the
/// stream is dropped later, the query ends, even before its first step. If the stream was dropped earlier, the channel is closed.
fn until_dropped(
    connection: &Connection,
    table: &ReadyTable,
    statement: &Statement,
    outlet: &mut Outlet,
) -> rusqlite::Result<()> {
    let mut running = connection.prepare_cached(FIRST_OF_SCHEMA)?;
    let mut running = running.query([])?;
    running.next()?;
    if outlet.sender.is_closed() {
        return Ok(());
    }
    rows_of(connection, table, statement, |row| outlet.give(row.cloned()))
}

/// A statement that reads next to nothing.
const FIRST_OF_SCHEMA: &str = "SELECT 1 FROM sqlite_schema LIMIT 1";

/// Begins a transaction and fixes its snapshot, which SQLite otherwise takes at the first read.
pub(crate) fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN")?;
    connection.prepare_cached(FIRST_OF_SCHEMA)?.query([])?.next().map(drop)
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for OnDemand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnDemand").finish_non_exhaustive()
    }
}

impl Interrupt {
    fn take(&self) -> Option<InterruptHandle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interrupt").finish_non_exhaustive()
    }
}

/// The reader's end of the channel.
struct Outlet {
    sender: mpsc::Sender<Chunk>,
    chunk: Vec<Found>,
}

impl Outlet {
    /// Adds a row, and says whether the receiver wants more.
    fn give(&mut self, row: Found) -> bool {
        self.chunk.push(row);
        self.chunk.len() < CHUNK || self.flush(false)
    }

    /// Sends the rows when there is room, and says whether the receiver wants more.
    fn flush(&mut self, is_last: bool) -> bool {
        let rows = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        let room = std::future::poll_fn(|context| self.sender.poll_ready(context));
        longevity_core::block_on(room).is_ok() && self.sender.start_send(Chunk { rows, is_last }).is_ok()
    }
}

impl Stream for Rows {
    type Item = Found;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Found>> {
        loop {
            if let Some(row) = self.ready.next() {
                return Poll::Ready(Some(row));
            }
            let reader = match &mut self.more {
                None => return Poll::Ready(None),
                Some(NextRows::Waiting(waiting)) => match waiting.0.as_mut().poll(context) {
                    Poll::Ready(found) => {
                        *self = found.map_or_else(Self::failed, Self::ready);
                        continue;
                    }
                    Poll::Pending => return Poll::Pending,
                },
                Some(NextRows::OnDemand(next)) => {
                    let rows = next.0(CHUNK);
                    if rows.is_empty() {
                        self.more = None;
                    }
                    self.ready = rows.into_iter();
                    continue;
                }
                Some(NextRows::Reader(reader)) => reader,
            };
            match Pin::new(&mut reader.chunks).poll_next(context) {
                Poll::Ready(Some(chunk)) => {
                    if chunk.is_last {
                        self.more = None;
                    }
                    self.ready = chunk.rows.into_iter();
                }
                Poll::Ready(None) => {
                    let reason = "the thread that reads a stream panicked: rows are missing".to_owned();
                    *self = Self::failed(SqliteError::Other { reason, code: None }.into());
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.chunks.close();
        // The reader may be in the middle of a long sort. The lock is held until it is interrupted, so that it cannot give the
        // connection back before that.
        let handle = self.interrupt.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &*handle {
            handle.interrupt();
        }
    }
}

#[cfg(test)]
mod tests {
    use longevity_core::block_on;

    use super::*;

    fn next(rows: &mut Rows) -> Option<Found> {
        block_on(std::future::poll_fn(|context| Pin::new(&mut *rows).poll_next(context)))
    }

    fn read_by(read: impl FnOnce(Outlet) + Send + 'static) -> Rows {
        let (sender, chunks) = mpsc::channel(WAITING);
        let outlet = Outlet { sender, chunk: Vec::new() };
        // The receiver has to find out whether the reader panicked.
        drop(std::thread::spawn(|| read(outlet)).join());
        Rows {
            ready: Vec::new().into_iter(),
            more: Some(NextRows::Reader(Reader { chunks, interrupt: Interrupt::default() })),
        }
    }

    #[test]
    fn a_panic_of_the_reader_is_an_error_and_not_the_end() {
        let mut rows = read_by(|mut outlet| {
            outlet.give(Ok(crate::encode::row::empty()));
            outlet.flush(false);
            panic!("half way");
        });
        assert!(next(&mut rows).unwrap().is_ok());
        let error = next(&mut rows).unwrap().unwrap_err();
        assert!(error.to_string().contains("panicked"), "{error}");
        assert!(next(&mut rows).is_none());
    }

    #[test]
    fn a_reader_marks_the_end_of_the_rows() {
        let mut rows = read_by(|mut outlet| {
            outlet.give(Ok(crate::encode::row::empty()));
            outlet.flush(true);
        });
        assert!(next(&mut rows).unwrap().is_ok());
        assert!(next(&mut rows).is_none());
        // There is not even one row.
        assert!(next(&mut read_by(|mut outlet| assert!(outlet.flush(true)))).is_none());
    }

    /// The design page promises this number.
    #[test]
    fn a_reader_is_three_chunks_ahead() {
        let (sender, mut chunks) = mpsc::channel(WAITING);
        let mut outlet = Outlet { sender, chunk: Vec::new() };
        let (given, counts) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            for at in 1.. {
                let row = Ok(crate::encode::row::empty());
                if given.send(at).is_err() || !outlet.give(row) {
                    break;
                }
            }
        });
        let waits = std::time::Duration::from_millis(200);
        let ahead = std::iter::from_fn(|| counts.recv_timeout(waits).ok()).last();
        assert_eq!(ahead, Some(3 * CHUNK));
        chunks.close();
        drop((chunks, counts));
        reader.join().unwrap();
    }
}
