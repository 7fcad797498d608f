//! A file that another connection locks for longer than the timeout.

use std::time::Duration;

use longevity::blocking::Longevity;
use longevity::{Error, PersistentType, SqliteError};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::keys::{Flag, FlagId, Library};

use crate::place::{Place, own};

fn flag(id: bool, text: &str) -> Flag {
    Flag { flag_id: FlagId(id), text: text.into() }
}

fn assert_locked(error: &Error) {
    assert!(matches!(own(error), SqliteError::Locked { timeout, .. } if timeout.as_millis() == 20), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("for more than 20 ms: try again, or set a longer `busy_timeout`"), "{text}");
}

#[test]
fn writes_to_a_locked_file_fail_and_succeed_after_the_lock() {
    let place = Place::new();
    place.store::<Library>();
    let sqlite = place.sqlite().busy_timeout(Duration::from_millis(20));
    let store = Longevity::<Library, _>::open(sqlite.clone()).unwrap();
    let flags = store.repo::<Flag>();
    let state = flags.create(flag(true, "a")).unwrap();
    let other = place.raw();
    for begin in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        other.execute_batch(begin).unwrap();
        assert_locked(&flags.create(flag(false, "b")).unwrap_err());
        assert_locked(&flags.create_many([flag(false, "b")]).unwrap_err());
        let refused = flags.update(state.clone().modify(|flag| flag.text = "c".into())).unwrap_err();
        assert_locked(refused.error());
        assert_eq!(refused.into_state().text, "c");
        assert_locked(flags.delete(state.clone()).unwrap_err().error());
        // An operation with nothing to write needs no lock, and readers see the state before the lock.
        store.create_schema().unwrap();
        let blogging = Longevity::<Blogging, _>::open(sqlite.clone()).unwrap();
        assert_locked(&blogging.create_schema().unwrap_err());
        assert_eq!(flags.find(Flag::query()).unwrap().len(), 1);
        other.execute_batch("ROLLBACK").unwrap();
    }
    flags.create(flag(false, "b")).unwrap();
    flags.delete(flags.update(state.modify(|flag| flag.text = "c".into())).unwrap()).unwrap();
    assert_eq!(flags.count(Flag::query()).unwrap(), 1);
}

#[test]
fn an_exclusively_locked_file_cannot_be_opened_until_it_is_unlocked() {
    let place = Place::new();
    place.store::<Library>();
    let other = place.raw();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE t (a); COMMIT").unwrap();
    let sqlite = place.sqlite().busy_timeout(Duration::from_millis(20));
    assert_locked(&Longevity::<Library, _>::open(sqlite.clone()).unwrap_err());
    drop(other);
    Longevity::<Library, _>::open(sqlite).unwrap().repo().create(flag(true, "a")).unwrap();
}
