//! Errors: what SQLite reports, with what a caller can do about it.

use std::path::PathBuf;
use std::time::Duration;

use longevity_core::backend::WriteFailure;
use longevity_core::{Error, ErrorKind};
use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_CONSTRAINT_CHECK, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};

/// What the back end is called in errors.
pub(crate) const NAME: &str = "sqlite";

/// Why the SQLite back end failed: the source of [`Error::Backend`], [`Error::Connection`], [`Error::Busy`] and
/// [`Error::OutcomeUnknown`].
///
/// ```
/// use longevity_core::{Error, backend::Backend};
/// use longevity_sqlite::{Sqlite, SqliteError};
///
/// let opened = longevity_core::block_on(Sqlite::file("/").open(&[]));
/// let Err(Error::Connection { source, .. }) = opened else { panic!("a directory was opened") };
/// assert!(matches!(source.downcast_ref(), Some(SqliteError::CannotOpen { .. })));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// The file cannot be opened or created.
    #[error("cannot open {}: {reason}", path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is not a SQLite database.
    #[error("{} is not a SQLite database: name another file", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file stores text in an encoding other than UTF-8, which sorts differently. The file was not changed.
    #[error(
        "{} stores text in {encoding}, which sorts differently from UTF-8: copy it with `sqlite3 OLD .dump | sqlite3 NEW`",
        path.display()
    )]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The encoding, as SQLite calls it.
        encoding: String,
    },
    /// The file is read-only.
    #[error("{} is read-only, and nothing was written: allow this user to write to it and to its directory", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Another process locked the file for too long (`SQLITE_BUSY`). The operation may be repeated.
    #[error(
        "another process has locked {} for more than {} ms: try again, or set a longer `busy_timeout`",
        path.display(),
        timeout.as_millis()
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// [`Sqlite::busy_timeout`](crate::Sqlite::busy_timeout).
        timeout: Duration,
    },
    /// Other tasks of this program had the connection for too long. The operation was not done, and may be repeated.
    #[error(
        "other tasks of this program have used {} for more than {} ms, for transactions or to change the schema: within a \
         transaction, use its own repositories; otherwise try again, or set a longer `busy_timeout`",
        path.display(),
        timeout.as_millis()
    )]
    Occupied {
        /// The file, or `:memory:`.
        path: PathBuf,
        /// [`Sqlite::busy_timeout`](crate::Sqlite::busy_timeout).
        timeout: Duration,
    },
    /// The system could not put the log on the disk. The last commits can be read, but may be lost when the system stops. No
    /// write is accepted from here on.
    #[error(
        "the log could not be put on the disk, and the last commits may be lost when the system stops: check the disk, drop all \
         stores of this `Sqlite` and its clones, and open the file with a new one: {reason}"
    )]
    Unsynchronized {
        /// What the system reports.
        reason: String,
    },
    /// The disk is full, or the database has reached its greatest size. Nothing was written.
    #[error("no space is left for {}, and nothing was written: free some, or set a greater `max_size`", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged, or a program other than SQLite has edited it.
    #[error("{} is damaged ({reason}): restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite reports.
        reason: String,
        /// SQLite's [extended result code](https://sqlite.org/rescode.html).
        code: Option<i32>,
    },
    /// The system refused to read or write, because the disk fails or the file has reached its greatest size. A write or a commit
    /// may have been done.
    #[error("cannot read or write {}: check the disk and the limits on file sizes: {reason}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What SQLite reports.
        reason: String,
    },
    /// A table with this name exists, and longevity did not create it.
    #[error(
        "the table {table} was not created by longevity ({reason}): give the type another table with \
         `#[persistent(table = \"..\")]`"
    )]
    ForeignTable {
        /// The table.
        table: String,
        /// How the table differs from one of longevity's.
        reason: String,
    },
    /// The table cannot be changed to what the model needs without a loss.
    #[error("the table {table} does not fit the model: {reason}")]
    Incompatible {
        /// The table.
        table: String,
        /// What prevents the change, and what to do.
        reason: String,
    },
    /// The schema was not created, or lacks something that the model needs.
    #[error("{what} does not exist: call `create_schema` first")]
    NoSchema {
        /// What is missing.
        what: String,
    },
    /// SQLite refuses the row because of a check or a unique index that another version of the model, or another program,
    /// created.
    #[error("the table {table} refuses the row: {reason}")]
    Refused {
        /// The table.
        table: String,
        /// What SQLite reports.
        reason: String,
    },
    /// A row would refer to a row that is not there by a [foreign key](https://sqlite.org/foreignkeys.html), which another version
    /// of the model or another program has created. Nothing was written.
    #[error(
        "a foreign key would have no target (the `sqlite3` shell shows foreign keys with `.schema`): another version of the model \
         may declare a reference that this one does not; write with that version, or create the schema with this one"
    )]
    ForeignKey,
    /// A query exceeds a limit of SQLite on statements. A caller sees [`Error::QueryTooLarge`].
    #[error("the query is too large for SQLite: {limit}")]
    QueryTooLarge {
        /// What exceeds which limit.
        limit: String,
    },
    /// The thread that did a group of writes panicked. It is not known whether they were done.
    #[error("a group of writes panicked: check whether this write was done")]
    Panicked,
    /// Any other failure.
    #[error("{reason}")]
    Other {
        /// What SQLite reports.
        reason: String,
        /// SQLite's [extended result code](https://sqlite.org/rescode.html), if it was SQLite that failed.
        code: Option<i32>,
    },
}

impl SqliteError {
    /// Whether a caller may try again.
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Locked { .. } | Self::Occupied { .. } => ErrorKind::Transient,
            // It is not known whether the operation was done before the failure.
            Self::Disk { .. } | Self::Panicked | Self::Other { .. } => ErrorKind::Unknown,
            Self::CannotOpen { .. }
            | Self::NotADatabase { .. }
            | Self::Encoding { .. }
            | Self::ReadOnly { .. }
            | Self::Unsynchronized { .. }
            | Self::Full { .. }
            | Self::Damaged { .. }
            | Self::ForeignTable { .. }
            | Self::Incompatible { .. }
            | Self::NoSchema { .. }
            | Self::Refused { .. }
            | Self::ForeignKey
            | Self::QueryTooLarge { .. } => ErrorKind::Permanent,
        }
    }
}

impl From<SqliteError> for Error {
    fn from(error: SqliteError) -> Self {
        match error {
            error @ (SqliteError::CannotOpen { .. }
            | SqliteError::NotADatabase { .. }
            | SqliteError::Encoding { .. }) => Self::Connection { kind: error.kind(), source: error.into() },
            SqliteError::QueryTooLarge { limit } => Self::QueryTooLarge { backend: NAME, limit },
            error @ SqliteError::Panicked => Self::OutcomeUnknown { backend: NAME, source: error.into() },
            error @ (SqliteError::Locked { .. } | SqliteError::Occupied { .. }) => {
                Self::Busy { backend: NAME, source: error.into() }
            }
            error => Self::Backend { backend: NAME, kind: error.kind(), source: error.into() },
        }
    }
}

impl From<SqliteError> for WriteFailure {
    fn from(error: SqliteError) -> Self {
        Self::Other(error.into())
    }
}

/// The database in which an error happens.
#[derive(Clone, Debug)]
pub(crate) struct ErrorSite {
    /// The file, or `:memory:`.
    pub(crate) path: PathBuf,
    pub(crate) timeout: Duration,
}

impl ErrorSite {
    /// The error for what SQLite reports.
    pub(crate) fn failed(&self, error: rusqlite::Error) -> SqliteError {
        let path = || self.path.clone();
        let (reason, code) = (reason(&error), extended_code(&error));
        match error.sqlite_error_code() {
            _ if code == Some(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => SqliteError::ForeignKey,
            Some(ErrorCode::CannotOpen) => {
                SqliteError::CannotOpen { reason: self.why_not_opened(reason), path: path() }
            }
            Some(ErrorCode::NotADatabase) => SqliteError::NotADatabase { path: path() },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => SqliteError::ReadOnly { path: path() },
            // SQLITE_LOCKED is not one of these: there a statement of this process conflicts with another, and waiting does not
            // help.
            Some(ErrorCode::DatabaseBusy) => SqliteError::Locked { path: path(), timeout: self.timeout },
            Some(ErrorCode::DiskFull) => SqliteError::Full { path: path() },
            Some(ErrorCode::DatabaseCorrupt) => SqliteError::Damaged { path: path(), reason, code },
            Some(ErrorCode::SystemIoFailure) => SqliteError::Disk { path: path(), reason },
            _ if is_too_large(&reason) => SqliteError::QueryTooLarge { limit: reason },
            _ => match missing(&reason) {
                Some(what) => SqliteError::NoSchema { what },
                None => SqliteError::Other { reason, code },
            },
        }
    }

    fn why_not_opened(&self, reason: String) -> String {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if self.path.is_dir() {
            "it is a directory".to_owned()
        } else if folder.is_some_and(|folder| !folder.exists()) {
            "its directory does not exist".to_owned()
        } else {
            format!("it and its directory must exist, and this user must be allowed to write to both ({reason})")
        }
    }

    /// The error of an operation that another process's lock kept waiting for too long.
    pub(crate) fn locked(&self) -> SqliteError {
        SqliteError::Locked { path: self.path.clone(), timeout: self.timeout }
    }

    /// The error of an operation that transactions of this process kept waiting for too long.
    pub(crate) fn occupied(&self) -> SqliteError {
        SqliteError::Occupied { path: self.path.clone(), timeout: self.timeout }
    }

    /// The error of a write to this table.
    pub(crate) fn write_failed(&self, error: rusqlite::Error, table: &str, type_name: &'static str) -> Error {
        match (extended_code(&error), error.sqlite_error_code()) {
            (_, Some(ErrorCode::TooBig)) => {
                Error::TooLarge { type_name, limit: "a row of SQLite has at most 1,000,000,000 bytes".to_owned() }
            }
            (code, Some(ErrorCode::ConstraintViolation))
                if code != Some(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY) =>
            {
                SqliteError::Refused { table: table.to_owned(), reason: reason(&error) }.into()
            }
            _ => self.failed(error).into(),
        }
    }
}

/// What SQLite reports, without the text of the statement.
fn reason(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

/// Whether SQLite reports that a statement exceeds one of [its limits](https://sqlite.org/limits.html).
fn is_too_large(reason: &str) -> bool {
    [
        "Expression tree is too large",
        "SQL variables",
        "variable number must be",
        "parser stack overflow",
        "too many terms",
    ]
    .iter()
    .any(|known| reason.contains(known))
}

/// The table or column that a statement names and that does not exist. Statements name what the schema had when it was read, so
/// someone has dropped it since.
fn missing(reason: &str) -> Option<String> {
    if let Some(table) = reason.strip_prefix("no such table: ") {
        return Some(format!("the table {}", table.strip_prefix("main.").unwrap_or(table)));
    }
    if let Some(name) = reason.strip_prefix("no such column: ") {
        // SQLite adds where it looked, or advice on quotes.
        let name = name.split(" - ").next().unwrap_or(name).trim_matches('"');
        return Some(format!("the column {name}"));
    }
    let (table, name) = reason.strip_prefix("table ")?.split_once(" has no column named ")?;
    Some(format!("the column {name} of table {table}"))
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

/// Whether a unique index refused the row.
pub(crate) fn is_duplicate(error: &rusqlite::Error) -> bool {
    matches!(extended_code(error), Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY))
}

/// Whether a check refused the row.
pub(crate) fn is_check(error: &rusqlite::Error) -> bool {
    extended_code(error) == Some(SQLITE_CONSTRAINT_CHECK)
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn failed(code: i32) -> SqliteError {
        let site = ErrorSite { path: "x.db".into(), timeout: Duration::from_secs(1) };
        site.failed(rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("why".to_owned())))
    }

    #[test]
    fn an_error_without_a_variant_keeps_its_code() {
        let other = |code| SqliteError::Other { reason: "why".to_owned(), code: Some(code) };
        for code in [ffi::SQLITE_ERROR, ffi::SQLITE_SCHEMA, ffi::SQLITE_ABORT_ROLLBACK] {
            assert_eq!(failed(code), other(code));
        }
        let damaged = failed(ffi::SQLITE_CORRUPT_INDEX);
        assert!(matches!(damaged, SqliteError::Damaged { code: Some(ffi::SQLITE_CORRUPT_INDEX), .. }), "{damaged:?}");
    }

    #[test]
    fn a_dropped_table_or_column_is_reported_as_missing() {
        let missing_of = |reason: &str| missing(reason).unwrap();
        assert_eq!(missing_of("no such table: a b"), "the table a b");
        assert_eq!(missing_of("no such table: main.user"), "the table user");
        assert_eq!(
            missing_of("no such column: \"a\" - should this be a string literal in single-quotes?"),
            "the column a"
        );
        assert_eq!(missing_of("table user has no column named a"), "the column a of table user");
        assert_eq!(missing("no such function: x"), None);
    }

    #[test]
    fn a_lock_within_this_process_is_not_reported_as_another_process() {
        assert!(matches!(failed(ffi::SQLITE_BUSY), SqliteError::Locked { .. }));
        assert!(matches!(failed(ffi::SQLITE_BUSY_SNAPSHOT), SqliteError::Locked { .. }));
        for code in [ffi::SQLITE_LOCKED, ffi::SQLITE_LOCKED_SHAREDCACHE] {
            assert!(matches!(failed(code), SqliteError::Other { code: Some(found), .. } if found == code));
        }
    }
}
