//! Files that do not exist, are not databases, or are damaged.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use longevity::blocking::Longevity;
use longevity::{Error, PersistentType, Sqlite, SqliteError};
use longevity_tests::models::keys::{Library, Note};

use crate::place::{Place, own};

pub(crate) fn note(text: impl Into<String>) -> Note {
    Note { text: text.into(), about: None }
}

fn refused(sqlite: Sqlite) -> SqliteError {
    let error = Longevity::<Library, _>::open(sqlite).unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error:?}");
    own(&error).clone()
}

#[test]
fn a_path_that_is_not_a_file_is_reported() {
    let place = Place::new();
    let error = refused(Sqlite::file(place.directory.path()));
    assert!(error.to_string().ends_with(": it is a directory"), "{error}");
    let error = refused(Sqlite::file(place.directory.path().join("none").join("store.db")));
    assert!(error.to_string().ends_with(": its directory does not exist"), "{error}");
}

#[test]
fn a_file_that_is_not_a_database_is_not_changed_and_an_empty_file_becomes_one() {
    let place = Place::new();
    let bytes: Vec<u8> = (0..8192_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    fs::write(place.path(), &bytes).unwrap();
    let error = refused(place.sqlite());
    assert_eq!(error, SqliteError::NotADatabase { path: place.path() });
    assert!(error.to_string().ends_with("is not a SQLite database: name another file"), "{error}");
    assert_eq!(fs::read(place.path()).unwrap(), bytes);
    fs::write(place.path(), b"").unwrap();
    place.store::<Library>().repo().create(note("a")).unwrap();
}

/// Text in UTF-16 sorts by code units, and functions would get it converted, so orders and ranges would silently differ.
#[test]
fn a_file_in_utf_16_is_refused_by_name_and_left_alone() {
    for encoding in ["UTF-16le", "UTF-16be"] {
        let place = Place::new();
        let sql = format!("PRAGMA encoding = '{encoding}'; CREATE TABLE other (text); INSERT INTO other VALUES ('x')");
        place.raw().execute_batch(&sql).unwrap();
        let bytes = fs::read(place.path()).unwrap();
        let error = refused(place.sqlite());
        assert!(matches!(&error, SqliteError::Encoding { encoding: found, .. } if found == encoding), "{error:?}");
        assert!(error.to_string().contains("store.db") && error.to_string().contains(".dump"), "{error}");
        assert_eq!(fs::read(place.path()).unwrap(), bytes);
    }
}

#[test]
fn a_damaged_page_is_reported_and_other_pages_are_read() {
    let place = Place::new();
    let store = place.store::<Library>();
    store.repo().create_many((0..500).map(|at| note(format!("{at} {}", "x".repeat(500))))).unwrap();
    drop(store);
    let size = fs::metadata(place.path()).unwrap().len();
    let mut file = fs::OpenOptions::new().write(true).open(place.path()).unwrap();
    // These are pages in the middle, because the schema is at the start.
    file.seek(SeekFrom::Start(size / 2 / 4096 * 4096)).unwrap();
    file.write_all(&[0xA5; 4 * 4096]).unwrap();
    drop(file);
    let notes = place.store::<Library>().repo::<Note>();
    let error = notes.find(Note::query()).unwrap_err();
    assert!(matches!(own(&error), SqliteError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("restore it from a backup"), "{error}");
    let (good, bad): (Vec<_>, Vec<_>) = notes.stream(Note::query()).partition(Result::is_ok);
    assert!(good.len() > 50 && bad.len() == 1, "{} good, {} bad", good.len(), bad.len());
    assert!(matches!(own(bad[0].as_ref().unwrap_err()), SqliteError::Damaged { .. }));
    assert_eq!(notes.find(Note::query().limit(10)).unwrap().len(), 10);
}

#[test]
fn a_deleted_file_is_an_error_and_is_not_created_again() {
    let place = Place::new();
    let store = place.store::<Library>();
    let notes = store.repo::<Note>();
    notes.create(note("a")).unwrap();
    fs::remove_file(place.path()).unwrap();
    // Open connections still have the file. A stream that is read while another is open needs a new connection.
    let streams: Vec<_> = (0..20).map(|_| notes.stream(Note::query())).collect();
    let errors: Vec<_> = streams.into_iter().filter_map(|mut stream| stream.next().unwrap().err()).collect();
    assert!(!errors.is_empty());
    for error in errors {
        assert!(matches!(own(&error), SqliteError::CannotOpen { .. }), "{error:?}");
        assert!(error.to_string().contains("it and its directory must exist"), "{error}");
    }
    assert!(!place.path().exists());
}
