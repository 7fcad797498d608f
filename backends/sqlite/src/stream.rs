//! Streams: a snapshot that is read as far as somebody listens.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_channel::mpsc;
use futures_core::Stream;
use longevity_core::{Error, Row};
use rusqlite::{Connection, InterruptHandle};

use crate::database::Database;
use crate::encode::Doc;
use crate::failure::SqliteError;
use crate::read::rows_of;
use crate::table::Ready;
use crate::translate::Statement;

/// How many rows go from the reader to the listener at once.
const CHUNK: usize = 256;
/// How many chunks may wait, the one that the reader has in its hands apart.
const WAITING: usize = 1;

type Found = Result<Row<Doc>, Error>;

/// The rows of a stream.
///
/// Those of a file are a snapshot that a reader in a thread of its own holds open; it is at most a few hundred rows ahead, and
/// ends when the stream is dropped. Those of a database in memory, which has one connection, are found at the start.
#[derive(Debug)]
pub struct Rows {
    ready: std::vec::IntoIter<Found>,
    more: Option<Reader>,
}

/// The reader's end of the channel is in its thread.
#[derive(Debug)]
struct Reader {
    chunks: mpsc::Receiver<Vec<Found>>,
    interrupt: Interrupt,
}

/// What ends the reader's query, as long as it runs: its connection is somebody else's then.
#[derive(Clone, Default)]
struct Interrupt(Arc<Mutex<Option<InterruptHandle>>>);

impl Rows {
    /// Rows that are there already.
    pub(crate) fn ready(rows: Vec<Found>) -> Self {
        Self { ready: rows.into_iter(), more: None }
    }

    pub(crate) fn failed(error: Error) -> Self {
        Self::ready(vec![Err(error)])
    }

    /// Begins a snapshot, and reads it in a thread.
    pub(crate) fn of_snapshot(
        database: &Arc<Database>,
        table: &Arc<Ready>,
        statement: Statement,
    ) -> Result<Self, Error> {
        let connection = database.take_reader()?;
        let site = &database.site;
        begin(&connection).map_err(|error| site.failed(error))?;
        let interrupt = Interrupt(Arc::new(Mutex::new(Some(connection.get_interrupt_handle()))));
        let (sender, chunks) = mpsc::channel(WAITING);
        let (database, table, own) = (Arc::clone(database), Arc::clone(table), interrupt.clone());
        let read = move || {
            let mut outlet = Outlet { sender, chunk: Vec::with_capacity(CHUNK) };
            let result = rows_of(&connection, &table, &statement, |row| outlet.give(row.cloned()));
            // From here on the connection is not this stream's.
            own.take();
            if let Err(error) = result {
                outlet.chunk.push(Err(database.site.failed(error).into()));
            }
            outlet.flush();
            match connection.execute_batch("COMMIT") {
                Ok(()) => database.give_back(connection),
                // It is closed, and its snapshot with it.
                Err(error) => tracing::warn!(%error, "cannot end a snapshot"),
            }
        };
        let spawned = std::thread::Builder::new().name("longevity-stream".to_owned()).spawn(read);
        match spawned {
            Ok(_) => Ok(Self { ready: Vec::new().into_iter(), more: Some(Reader { chunks, interrupt }) }),
            Err(error) => {
                Err(SqliteError::Other { reason: format!("no thread for a stream: {error}"), code: None }.into())
            }
        }
    }
}

/// Begins a transaction, and fixes what it sees: without a read it would see what is there at the first.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN")?;
    connection.prepare_cached("SELECT 1 FROM sqlite_schema LIMIT 1")?.query([])?.next().map(drop)
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

/// Where the reader puts rows.
struct Outlet {
    sender: mpsc::Sender<Vec<Found>>,
    chunk: Vec<Found>,
}

impl Outlet {
    /// Whether anybody wants more.
    fn give(&mut self, row: Found) -> bool {
        self.chunk.push(row);
        self.chunk.len() < CHUNK || self.flush()
    }

    /// Waits until there is room.
    fn flush(&mut self) -> bool {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        let room = std::future::poll_fn(|context| self.sender.poll_ready(context));
        longevity_core::block_on(room).is_ok() && self.sender.start_send(chunk).is_ok()
    }
}

impl Stream for Rows {
    type Item = Found;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Found>> {
        loop {
            if let Some(row) = self.ready.next() {
                return Poll::Ready(Some(row));
            }
            let Some(reader) = &mut self.more else { return Poll::Ready(None) };
            match Pin::new(&mut reader.chunks).poll_next(context) {
                Poll::Ready(Some(chunk)) => self.ready = chunk.into_iter(),
                Poll::Ready(None) => self.more = None,
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.chunks.close();
        // It may be in the middle of a long sort. The lock is held until it is told, so that it cannot let go of the
        // connection in between.
        let handle = self.interrupt.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &*handle {
            handle.interrupt();
        }
    }
}
