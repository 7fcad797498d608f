//! Writers of a SQLite file are killed at random, and every acknowledged write is stored. `LONGEVITY_KILLS` says how often.

use longevity::{BoxError, Durability, Error, Sqlite, crash_spec};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::poly_keys::Traffic;
use longevity_tests::models::references::Shelves;
use rusqlite::Connection;

fn new_file() -> Result<(String, tempfile::TempDir), BoxError> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("store.db");
    Ok((file.to_str().ok_or("the path is not UTF-8")?.to_owned(), directory))
}

/// Fails if SQLite finds the file damaged.
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

crash_spec!(references_survive_kills: Shelves, |place| Ok::<_, Error>(Sqlite::file(place)), new_file, |spec| {
    spec.integrity(is_whole)
});
