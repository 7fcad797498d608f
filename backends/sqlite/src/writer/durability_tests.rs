//! Tests that an acknowledged commit is on the disk, and that commits share one synchronization.

use std::fs::File;
use std::sync::Arc;

use longevity_core::backend::Predicate;
use longevity_core::backend::{Backend, ByKind, Session, Transaction, TransactionMode, Write, WriteFailure};
use longevity_core::{Error, ErrorKind, block_on};
use smallvec::smallvec;

use crate::test_table::{content, definition};
use crate::writer::synchronized_commit::SynchronizedCommit;
use crate::{Durability, Sqlite, SqliteError, SqliteTransaction, Table};

fn opened(durability: Durability) -> (tempfile::TempDir, Sqlite, Table) {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Sqlite::file(folder.path().join("t.db")).durability(durability);
    let table = block_on(sqlite.open(&[Arc::new(definition())])).unwrap().remove(0);
    block_on(sqlite.create_schema(&[&table])).unwrap();
    (folder, sqlite, table)
}

/// SQLite's `synchronous`: 2 if the connection that writes synchronizes each commit, and 1 if it does not.
fn synchronous(table: &Table) -> i64 {
    let connection = table.database.writer.leased();
    connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
}

fn begin(sqlite: &Sqlite) -> SqliteTransaction {
    block_on(sqlite.begin(TransactionMode::ReadWrite)).unwrap()
}

fn insert(tx: &SqliteTransaction, table: &Table, name: &str) {
    block_on(tx.write(table, smallvec![Write::Insert(content(name, 0))])).unwrap();
}

#[test]
fn a_single_write_is_synchronized_after_a_transaction_as_before_it() {
    let (_folder, sqlite, table) = opened(Durability::Full);
    block_on(sqlite.insert(&table, content("ann", 0))).unwrap();
    assert_eq!(synchronous(&table), 2);
    for is_committed in [true, false] {
        let tx = begin(&sqlite);
        assert_eq!(synchronous(&table), 1);
        insert(&tx, &table, if is_committed { "bob" } else { "dan" });
        if is_committed {
            block_on(tx.commit()).unwrap();
            let state = table.database.writer.syncs.counted();
            assert_eq!(state, (1, 1), "committed, and on the disk");
        } else {
            tx.abandon();
        }
        block_on(sqlite.insert(&table, content(if is_committed { "cec" } else { "dan" }, 0))).unwrap();
        assert_eq!(synchronous(&table), 2);
    }
    // The schema is created with synchronization too.
    drop(begin(&sqlite));
    block_on(sqlite.create_schema(&[&table])).unwrap();
    assert_eq!(synchronous(&table), 2);
}

/// The file is SQLite's log, and no other file.
#[cfg(unix)]
#[test]
fn the_log_is_the_file_that_is_synchronized() {
    use std::os::unix::fs::MetadataExt;

    let (folder, sqlite, table) = opened(Durability::Full);
    drop(begin(&sqlite));
    let log = std::fs::metadata(folder.path().join("t.db-wal")).unwrap();
    assert_eq!(table.database.writer.syncs.inode(), Some((log.dev(), log.ino())));
}

#[test]
fn without_full_durability_a_transaction_does_not_wait_for_the_disk() {
    let (_folder, sqlite, table) = opened(Durability::Normal);
    let tx = begin(&sqlite);
    insert(&tx, &table, "ann");
    block_on(tx.commit()).unwrap();
    assert_eq!((synchronous(&table), table.database.writer.syncs.counted()), (1, (0, 0)));
}

/// The first two commits are dropped before they are on the disk. The third puts them there too.
#[test]
fn commits_share_a_synchronization() {
    let (_folder, sqlite, table) = opened(Durability::Full);
    let syncs = &table.database.writer.syncs;
    for (at, name) in ["ann", "bob"].into_iter().enumerate() {
        let tx = begin(&sqlite);
        insert(&tx, &table, name);
        // Another transaction waits, so the commit yields.
        let mut next = Box::pin(sqlite.begin(TransactionMode::ReadWrite));
        let mut commit = Box::pin(tx.commit());
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        assert!(next.as_mut().poll(context).is_pending());
        for _ in 0..10 {
            assert!(commit.as_mut().poll(context).is_pending());
        }
        drop((commit, next));
        assert_eq!(syncs.counted(), (at as u64 + 1, 0));
    }
    let tx = begin(&sqlite);
    insert(&tx, &table, "cec");
    block_on(tx.commit()).unwrap();
    assert_eq!(syncs.counted(), (3, 3));
    block_on(SynchronizedCommit::new(Arc::clone(&table.database.writer), 1)).unwrap();
    assert_eq!(block_on(sqlite.count(&table, Predicate::True)).unwrap(), 3);
}

/// If the write failed to synchronize, that would hide that the earlier commit is missing.
#[test]
fn a_write_puts_the_commits_before_it_on_the_disk() {
    let (_folder, sqlite, table) = opened(Durability::Full);
    let tx = begin(&sqlite);
    insert(&tx, &table, "ann");
    let mut commit = Box::pin(tx.commit());
    assert!(commit.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_pending());
    drop(commit);
    assert_eq!(table.database.writer.syncs.counted(), (1, 0));
    block_on(sqlite.insert(&table, content("bob", 0))).unwrap();
    assert_eq!(table.database.writer.syncs.counted(), (1, 1));
}

/// Writes that follow a part of the log that may be lost would be lost with it.
#[cfg(target_os = "linux")]
#[test]
fn nothing_is_written_after_the_log_could_not_be_synchronized() {
    let (_folder, sqlite, table) = opened(Durability::Full);
    // A file that cannot be synchronized replaces the log.
    table.database.writer.syncs.use_log(File::open("/dev/null").unwrap());
    let tx = begin(&sqlite);
    insert(&tx, &table, "ann");
    let unknown = block_on(tx.commit()).unwrap_err();
    assert!(matches!(unknown, Error::OutcomeUnknown { .. }), "{unknown:?}");
    let refused = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::Permanent);
        let Error::Backend { source, .. } = error else { panic!("{error:?}") };
        assert!(matches!(source.downcast_ref(), Some(SqliteError::Unsynchronized { .. })), "{source}");
    };
    refused(block_on(sqlite.begin(TransactionMode::ReadWrite)).unwrap_err());
    let write = block_on(sqlite.insert(&table, content("bob", 0))).unwrap_err();
    let WriteFailure::Other(error) = write else { panic!("{write:?}") };
    refused(error);
    // Existing rows can be read.
    assert_eq!(block_on(sqlite.count(&table, Predicate::True)).unwrap(), 1);
}
