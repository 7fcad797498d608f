//! Extreme settings, and the size that the write-ahead log keeps.

use std::fs;
use std::time::Duration;

use longevity::blocking::Longevity;
use longevity::{Durability, PersistentType, Sqlite};
use longevity_tests::models::keys::{Library, Note};

use crate::faults::note;
use crate::place::Place;

#[test]
fn a_store_with_extreme_settings_works() {
    let settings: [fn(Sqlite) -> Sqlite; 6] = [
        |sqlite| sqlite.busy_timeout(Duration::MAX),
        // SQLite counts milliseconds up to less than 25 days.
        |sqlite| sqlite.busy_timeout(Duration::from_millis(i32::MAX as u64 + 1)),
        |sqlite| sqlite.busy_timeout(Duration::ZERO),
        |sqlite| sqlite.cache_kib(u32::MAX),
        |sqlite| sqlite.cache_kib(0),
        |sqlite| sqlite.max_size(u64::MAX),
    ];
    for set in settings {
        let place = Place::new();
        for sqlite in [place.sqlite(), Sqlite::in_memory()] {
            let store = Longevity::<Library, _>::open(set(sqlite)).unwrap();
            store.create_schema().unwrap();
            store.repo().create(note("a")).unwrap();
            assert_eq!(store.repo::<Note>().find(Note::query()).unwrap().len(), 1);
        }
    }
}

/// The size of the log in bytes.
fn size_of_log(place: &Place) -> u64 {
    fs::metadata(place.directory.path().join("store.db-wal")).map_or(0, |log| log.len())
}

/// The size that the log may keep, with some space for concurrent writes.
const KEPT: u64 = 20 << 20;

fn store(place: &Place) -> Longevity<Library, Sqlite> {
    let store = Longevity::open(place.sqlite().durability(Durability::Normal)).unwrap();
    store.create_schema().unwrap();
    store
}

/// Writes a little, and says whether the log is small again after that.
fn shrinks(store: &Longevity<Library, Sqlite>, place: &Place) -> bool {
    (0..5).any(|_| {
        store.repo().create(note("small")).unwrap();
        size_of_log(place) <= KEPT
    })
}

#[test]
fn the_write_ahead_log_is_small_again_after_a_large_transaction() {
    let place = Place::new();
    let store = store(&place);
    store.repo().create_many((0..60).map(|_| note("x".repeat(1 << 20)))).unwrap();
    assert!(shrinks(&store, &place), "{} bytes", size_of_log(&place));
}

#[test]
fn the_write_ahead_log_is_small_again_after_a_long_stream() {
    let place = Place::new();
    let store = store(&place);
    store.repo().create_many((0..2_000).map(|at| note(at.to_string()))).unwrap();
    let mut stream = store.repo::<Note>().stream(Note::query());
    stream.next().unwrap().unwrap();
    for _ in 0..12 {
        store.repo().create_many((0..4).map(|_| note("x".repeat(1 << 20)))).unwrap();
    }
    assert!(size_of_log(&place) > 2 * KEPT, "the stream holds the log");
    assert_eq!(stream.count(), 1_999);
    // The reader's thread ends the snapshot.
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while !shrinks(&store, &place) {
        assert!(std::time::Instant::now() < deadline, "{} bytes", size_of_log(&place));
    }
}
