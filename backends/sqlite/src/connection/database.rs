//! An open database: one connection that writes, and several that read.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::serialize::Data;
use rusqlite::{Connection, MAIN_DB};

use crate::connection::open;
use crate::encode::sql_functions::Properties;
use crate::error::{ErrorSite, SqliteError};
use crate::settings::{Durability, Place, Settings};
use crate::writer::lease::Lease;
use crate::writer::write_connection::Writer;

/// How many idle connections are kept for the next reads. If more reads run at once, more are opened, and closed afterwards.
const IDLE_READERS: usize = 16;

/// An open database.
pub(crate) struct Database {
    pub(crate) site: ErrorSite,
    pub(crate) properties: Arc<Properties>,
    pub(crate) writer: Arc<Writer>,
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
            // SQLite would open a temporary database for this connection only.
            let reason = "it names no file: for a private database in memory, use `Sqlite::in_memory()`".to_owned();
            return Err(SqliteError::CannotOpen { path: path.clone(), reason });
        }
        let site = ErrorSite { path, timeout: settings.busy_timeout };
        let properties = Arc::default();
        let connection = open::writer(settings, &site, &properties)?;
        // From here on this connection does not wait for other processes: a separate thread does, if it must.
        connection.busy_timeout(Duration::ZERO).map_err(|error| site.failed(error))?;
        let is_in_memory = settings.place == Place::Memory;
        let is_synchronized = !is_in_memory && settings.durability == Durability::Full;
        let writer = Arc::new(Writer::new(connection, site.clone(), is_in_memory, is_synchronized));
        Ok(Arc::new(Self { site, properties, writer, settings: settings.clone(), readers: Mutex::default() }))
    }

    /// Whether reads have connections of their own.
    pub(crate) fn has_readers(&self) -> bool {
        self.settings.place != Place::Memory
    }

    /// Reads on this thread. A database in memory has one connection, so the read waits while a transaction has it.
    pub(crate) async fn read<R>(
        &self,
        work: impl FnOnce(&Connection) -> Result<R, SqliteError>,
    ) -> Result<R, SqliteError> {
        if self.has_readers() {
            return self.read_aside(work);
        }
        if let Some(held) = self.writer.lock() {
            return work(&held);
        }
        let lease = Lease::claim(&self.writer).await?;
        let connection = lease.connection();
        work(&connection)
    }

    /// Reads on this thread, with a connection for readers.
    pub(crate) fn read_aside<R>(
        &self,
        work: impl FnOnce(&Connection) -> Result<R, SqliteError>,
    ) -> Result<R, SqliteError> {
        let connection = self.take_reader()?;
        let result = work(&connection);
        self.give_back(connection);
        result
    }

    /// A copy of a database in memory, for a reader that sees the present state only.
    pub(crate) fn copy(&self, connection: &mut Connection) -> Result<Connection, SqliteError> {
        let mut copy = open::reader(&self.settings, &self.site, &self.properties)?;
        let pages = connection.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0));
        let copied = pages.and_then(|pages| match pages {
            // SQLite does not copy an empty database.
            0 => Ok(()),
            _ => match connection.serialize(MAIN_DB)? {
                Data::Owned(content) => copy.deserialize(MAIN_DB, content, true),
                Data::Shared(content) => copy.deserialize_read_exact(MAIN_DB, &*content, content.len(), true),
            },
        });
        copied.map(|()| copy).map_err(|error| self.site.failed(error))
    }

    /// A connection for one reader, which must give it back.
    pub(crate) fn take_reader(&self) -> Result<Connection, SqliteError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| open::reader(&self.settings, &self.site, &self.properties), Ok)
    }

    pub(crate) fn give_back(&self, connection: Connection) {
        // A connection that is still in a transaction would read the past for ever.
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
