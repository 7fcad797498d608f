//! While another process has the file locked, a write waits, and the thread that polls it does not.

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use longevity::prelude::*;
use longevity_tests::models::blogging::{Blogging, Commenter, User, Username};
use rusqlite::Connection;

#[test]
fn a_runtime_of_one_thread_continues_while_writes_wait_for_another_process() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = Longevity::<Blogging, _>::open(Sqlite::file(&file)).await.unwrap();
        store.create_schema().await.unwrap();
        let (users, commenters) = (store.repo::<User>(), store.repo::<Commenter>());
        let commenter = |name: &str| Commenter { username: Username(name.into()) };
        commenters.create(commenter("first")).await.unwrap();

        // To SQLite another connection is like another process.
        let other = Connection::open(&file).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let names = ["ann", "bob", "cec"];
        let writes = names.map(|name| {
            let commenters = commenters.clone();
            tokio::spawn(async move { commenters.create(commenter(name)).await.map(drop) })
        });
        // The writes begin, and get as far as they can.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(writes.iter().all(|write| !write.is_finished()));
        assert!(users.retrieve(&Username("first".into())).await.unwrap().is_some());

        other.execute_batch("COMMIT").unwrap();
        for write in writes {
            write.await.unwrap().unwrap();
        }
        assert_eq!(users.count(User::query().all()).await.unwrap(), 4);
    });
}

/// Otherwise a caller that gives up and tries again would write twice.
#[test]
fn a_write_that_is_dropped_while_another_process_has_the_lock_is_not_done() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    let store = longevity::blocking::Longevity::<Blogging, _>::open(Sqlite::file(&file)).unwrap();
    store.create_schema().unwrap();
    let commenters = store.asynchronous().repo::<Commenter>();
    let commenter = |name: &str| Commenter { username: Username(name.into()) };

    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    {
        let mut given_up = pin!(commenters.create(commenter("ann")));
        for _ in 0..100 {
            assert!(given_up.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
    }
    let kept = std::thread::spawn({
        let commenters = store.repo::<Commenter>();
        move || commenters.create(commenter("bob"))
    });
    other.execute_batch("COMMIT").unwrap();
    kept.join().unwrap().unwrap();
    assert_eq!(store.repo::<User>().count(User::query().all()).unwrap(), 1);
}

/// A write that comes while another waits is waited for separately, no longer than the timeout.
#[test]
fn each_write_waits_for_its_own_timeout() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    let timeout = Duration::from_millis(300);
    let store = longevity::blocking::Longevity::<Blogging, _>::open(Sqlite::file(&file).busy_timeout(timeout)).unwrap();
    store.create_schema().unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let write = |name: &'static str| {
        let commenters = store.repo::<Commenter>();
        std::thread::spawn(move || {
            let start = Instant::now();
            let error = commenters.create(Commenter { username: Username(name.into()) }).unwrap_err();
            (start.elapsed(), error.to_string())
        })
    };
    for (waited, error) in ["ann", "bob", "cec"].map(write).map(|thread| thread.join().unwrap()) {
        assert!(error.contains("locked"), "{error}");
        assert!(waited >= timeout / 2, "{waited:?}");
    }
    other.execute_batch("COMMIT").unwrap();
    store.repo::<Commenter>().create(Commenter { username: Username("ann".into()) }).unwrap();
}
