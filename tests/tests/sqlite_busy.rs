//! While another process has the file locked, a write waits, and the thread that asked for it does not.

use longevity::prelude::*;
use longevity_tests::models::blogging::{Blogging, Commenter, User, Username};
use rusqlite::Connection;

#[test]
fn a_runtime_of_one_thread_goes_on_while_writes_wait_for_another_process() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = Longevity::<Blogging, _>::open(Sqlite::file(&file)).await.unwrap();
        store.create_schema().await.unwrap();
        let (users, commenters) = (store.repo::<User>(), store.repo::<Commenter>());
        let commenter = |name: &str| Commenter { username: Username(name.into()) };
        commenters.create(commenter("first")).await.unwrap();

        // In SQLite's eyes a connection is as good as a process.
        let other = Connection::open(&file).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let names = ["ann", "bob", "cec"];
        let writes = names.map(|name| {
            let commenters = commenters.clone();
            tokio::spawn(async move { commenters.create(commenter(name)).await.map(drop) })
        });
        // They have begun, as far as they get.
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
