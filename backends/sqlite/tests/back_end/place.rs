//! A database file in a temporary directory, which can also be opened without the framework.

use std::path::{Path, PathBuf};

use longevity::blocking::Longevity;
use longevity::{DomainModel, Error, Sqlite, SqliteError};
use rusqlite::Connection;
use tempfile::TempDir;

/// A database file, which is deleted with its directory when this is dropped.
pub(crate) struct Place {
    pub(crate) directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("store.db")
    }

    pub(crate) fn sqlite(&self) -> Sqlite {
        Sqlite::file(self.path())
    }

    /// A store with its schema.
    pub(crate) fn store<M: DomainModel>(&self) -> Longevity<M, Sqlite> {
        self.try_store().unwrap()
    }

    pub(crate) fn try_store<M: DomainModel>(&self) -> Result<Longevity<M, Sqlite>, Error> {
        let store = Longevity::open(self.sqlite())?;
        store.create_schema()?;
        Ok(store)
    }

    pub(crate) fn raw(&self) -> Connection {
        raw(&self.path())
    }

    /// The whole schema and all rows, as text.
    pub(crate) fn dump(&self) -> String {
        let connection = self.raw();
        let lines = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            let columns = statement.column_count();
            let line = |row: &rusqlite::Row<'_>| {
                let values: Vec<_> = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect();
                Ok(values.join(" "))
            };
            statement.query_map([], line).unwrap().map(Result::unwrap).collect()
        };
        let mut dump = lines("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name");
        let tables = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap()
            .map(Result::unwrap)
            .collect::<Vec<_>>();
        dump.extend(
            tables.iter().flat_map(|table| lines(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))),
        );
        dump.join("\n")
    }
}

pub(crate) fn raw(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    connection
}

pub(crate) fn assert_intact(connection: &Connection) {
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

/// The back end's error, from where users find it.
pub(crate) fn own(error: &Error) -> &SqliteError {
    match error {
        Error::Backend { backend: "sqlite", source, .. }
        | Error::Busy { backend: "sqlite", source }
        | Error::OutcomeUnknown { backend: "sqlite", source }
        | Error::Connection { source, .. } => source.downcast_ref().unwrap(),
        other => panic!("not an error of the back end: {other:?}"),
    }
}
