//! An open database: one connection that writes, and some that read.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::connection;
use crate::failure::{Site, SqliteError};
use crate::property::Properties;
use crate::settings::{Place, Settings};
use crate::writer::Writer;

/// How many connections wait for the next read. More are opened when more reads run at once, and closed after them.
const IDLE_READERS: usize = 16;

/// An open database.
pub(crate) struct Database {
    pub(crate) site: Site,
    pub(crate) properties: Arc<Properties>,
    pub(crate) writer: Writer,
    settings: Settings,
    readers: Mutex<Vec<Connection>>,
}

impl Database {
    pub(crate) fn open(settings: &Settings) -> Result<Arc<Self>, SqliteError> {
        let path = match &settings.place {
            Place::File(path) => path.clone(),
            Place::Memory => ":memory:".into(),
        };
        if let Place::File(path) = &settings.place
            && (path.as_os_str().is_empty() || path.as_os_str() == ":memory:")
        {
            // SQLite would take it for a database that belongs to one connection.
            let reason = "it names no file: for a private database in memory, use `Sqlite::in_memory()`".to_owned();
            return Err(SqliteError::CannotOpen { path: path.clone(), reason });
        }
        let site = Site { path, timeout: settings.busy_timeout };
        let properties = Arc::default();
        let connection = connection::writer(settings, &site, &properties)?;
        // From here on it does not wait for other processes: a thread of its own does, if it must.
        connection.busy_timeout(Duration::ZERO).map_err(|error| site.failed(error))?;
        let writer = Writer::new(connection);
        Ok(Arc::new(Self { site, properties, writer, settings: settings.clone(), readers: Mutex::default() }))
    }

    /// Whether reads have connections of their own.
    pub(crate) fn has_readers(&self) -> bool {
        self.settings.place != Place::Memory
    }

    /// Reads on this thread.
    pub(crate) fn read<R>(&self, work: impl FnOnce(&Connection) -> Result<R, SqliteError>) -> Result<R, SqliteError> {
        // A database in memory belongs to one connection.
        if !self.has_readers() {
            return work(&self.writer.lock());
        }
        let connection = self.take_reader()?;
        let result = work(&connection);
        self.give_back(connection);
        result
    }

    /// A connection for one reader, which gives it back.
    pub(crate) fn take_reader(&self) -> Result<Connection, SqliteError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| connection::reader(&self.settings, &self.site, &self.properties), Ok)
    }

    pub(crate) fn give_back(&self, connection: Connection) {
        // What is left in a transaction would read the past for ever.
        if !connection.is_autocommit() {
            return;
        }
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < IDLE_READERS {
            readers.push(connection);
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.site.path).finish()
    }
}
