//! Writers of a SQLite file are killed at random, and what they were told is written is there. `LONGEVITY_KILLS` says how
//! often.

use longevity::{BoxError, Durability, Error, Sqlite, crash_spec};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::poly_keys::Traffic;
use rusqlite::Connection;

fn new_file() -> Result<(String, tempfile::TempDir), BoxError> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("store.db");
    Ok((file.to_str().ok_or("a path that is not text")?.to_owned(), directory))
}

/// What SQLite itself says of the file.
fn is_whole(place: &str) -> Result<(), BoxError> {
    let connection = Connection::open(place)?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(verdict.into()) }
}

crash_spec!(durable_writes_survive_kills: Blogging, |place| Ok::<_, Error>(Sqlite::file(place)), new_file, |spec| {
    spec.integrity(is_whole)
});

crash_spec!(
    keys_survive_kills: Traffic,
    |place| Ok::<_, Error>(Sqlite::file(place).durability(Durability::Normal)),
    new_file,
    |spec| spec.integrity(is_whole)
);
