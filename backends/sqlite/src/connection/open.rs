//! How each connection is opened and set up.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::encode::sql_functions::Properties;
use crate::error::{ErrorSite, SqliteError};
use crate::settings::{Durability, Place, Settings};

/// How many statements a connection keeps prepared. Each distinct form of query needs one.
const STATEMENTS: usize = 256;

/// Opens the connection that writes, and creates the file if there is none.
pub(crate) fn writer(
    settings: &Settings,
    site: &ErrorSite,
    properties: &Arc<Properties>,
) -> Result<Connection, SqliteError> {
    let connection = open(settings, site, OpenFlags::SQLITE_OPEN_CREATE)?;
    set_up(&connection, settings, properties).map_err(|error| site.failed(error))?;
    if settings.place != Place::Memory {
        // This is checked before anything is written.
        ensure_utf_8(&connection, site)?;
        write_ahead(&connection, settings).map_err(|error| site.failed(error))?;
        keep_log_small(&connection).map_err(|error| site.failed(error))?;
    }
    if let Some(size) = settings.max_size {
        let limit = |page_size: u64| {
            let pages = i64::try_from(size / page_size.max(1)).unwrap_or(i64::MAX).max(1);
            connection.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0))
        };
        let page_size = connection.pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0));
        page_size.and_then(|size| limit(size.unsigned_abs())).map_err(|error| site.failed(error))?;
    }
    Ok(connection)
}

/// Opens a connection that reads. It creates no file, so a file that was deleted in the meantime is noticed.
pub(crate) fn reader(
    settings: &Settings,
    site: &ErrorSite,
    properties: &Arc<Properties>,
) -> Result<Connection, SqliteError> {
    let connection = open(settings, site, OpenFlags::empty())?;
    let set_up = || {
        set_up(&connection, settings, properties)?;
        connection.pragma_update(None, "query_only", true)
    };
    set_up().map_err(|error| site.failed(error))?;
    Ok(connection)
}

/// The path in a form that SQLite takes for a path: the bundled SQLite takes a path that begins with `file:` for a URI, whatever
/// the flags are.
fn not_a_uri(path: &Path) -> Cow<'_, Path> {
    match path.as_os_str().as_encoded_bytes().starts_with(b"file:") {
        true => Cow::Owned(Path::new(".").join(path)),
        false => Cow::Borrowed(path),
    }
}

fn open(settings: &Settings, site: &ErrorSite, more: OpenFlags) -> Result<Connection, SqliteError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let opened = match &settings.place {
        Place::File(path) => Connection::open_with_flags(not_a_uri(path), flags),
        Place::Memory => Connection::open_in_memory_with_flags(flags),
    };
    opened.map_err(|error| site.failed(error))
}

/// Fails if another program created the file with text in UTF-16, which sorts by code units: orders and ranges would differ.
fn ensure_utf_8(connection: &Connection, site: &ErrorSite) -> Result<(), SqliteError> {
    let encoding = connection.pragma_query_value(None, "encoding", |row| row.get::<_, String>(0));
    match encoding.map_err(|error| site.failed(error))? {
        encoding if encoding == "UTF-8" => Ok(()),
        encoding => Err(SqliteError::Encoding { path: site.path.clone(), encoding }),
    }
}

fn set_up(connection: &Connection, settings: &Settings, properties: &Arc<Properties>) -> rusqlite::Result<()> {
    connection.busy_timeout(settings.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans must not depend on bound values, or SQLite would compile the statement of an equality again for each value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Without this, SQLite would read the quoted name of a dropped column as a string.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A schema that another program wrote must not call functions that are meant for statements.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cache_size", -i64::from(settings.cache_kib.min(MAX_CACHE_KIB)))?;
    let synchronous = match settings.durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    properties.register(connection)
}

/// How many pages the write-ahead log gathers before they go to the file: 16 MiB. With SQLite's default of 1,000, pages that are
/// written again and again go to the file four times as often, which costs a fifth of a single write.
const CHECKPOINT_PAGES: u32 = 4_000;

/// How many bytes the log keeps when it starts again from its beginning.
const LOG_BYTES: u32 = CHECKPOINT_PAGES * 4_096;

/// SQLite ignores a greater number.
const MAX_CACHE_KIB: u32 = i32::MAX.unsigned_abs();

/// Lets the log shrink after a large transaction or a long stream: the next write that starts it again cuts it to this size.
fn keep_log_small(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))
}

/// Turns the write-ahead log on, so that readers and the writer do not wait for each other. The file keeps this mode.
fn write_ahead(connection: &Connection, settings: &Settings) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        // A read-only file cannot be switched, but it can be read.
        if mode == "wal" || connection.is_readonly("main")? {
            return Ok(());
        }
        // SQLite does not wait for a lock here, and another process may be switching too.
        match connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            // There was no lock: the file system has no shared memory for the index of the log.
            Ok(mode) => {
                return Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ERROR),
                    Some(format!(
                        "the journal mode stays {mode}, because the file system does not support a write-ahead log: put \
                         the file on a local disk"
                    )),
                ));
            }
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            Err(error) => return Err(error),
        }
        if begun.elapsed() >= settings.busy_timeout {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                Some("cannot turn the write-ahead log on".to_owned()),
            ));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sqlite;

    fn pragmas(sqlite: &Sqlite) -> [(i64, i64); 2] {
        let site = ErrorSite { path: ":memory:".into(), timeout: sqlite.settings.busy_timeout };
        [writer, reader].map(|open| {
            let connection = open(&sqlite.settings, &site, &Arc::default()).unwrap();
            let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0)).unwrap();
            (pragma("synchronous"), pragma("query_only"))
        })
    }

    #[test]
    fn a_file_may_have_any_name() {
        assert_eq!(*not_a_uri(Path::new("blog.db")), *Path::new("blog.db"));
        assert_eq!(*not_a_uri(Path::new("a/file:x")), *Path::new("a/file:x"));
        let strange = not_a_uri(Path::new("file:a%41.db?mode=memory"));
        assert_eq!(*strange, *Path::new("./file:a%41.db?mode=memory"));
    }

    #[test]
    fn durability_is_synchronous_and_readers_do_not_write() {
        assert_eq!(pragmas(&Sqlite::in_memory()), [(2, 0), (2, 1)]);
        assert_eq!(pragmas(&Sqlite::in_memory().durability(Durability::Full)), [(2, 0), (2, 1)]);
        assert_eq!(pragmas(&Sqlite::in_memory().durability(Durability::Normal)), [(1, 0), (1, 1)]);
    }
}
