//! Transactions whose commands fail, whose primary is lost, or whose callers give up. All of their work is done once, or none,
//! and nothing is left open on the server.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use longevity::{Error, ErrorKind, Longevity, Mongo, MongoError, PersistentType, Transaction};
use longevity_mongod::{Member, ReplicaSet};
use mongodb::bson::{Document, doc};

use crate::load::PATIENCE;
use crate::model::{Big, Counter, Faults, Name, Title, counter};
use crate::place::{Failing, assert_in_doubt, heal, in_a_runtime, store, three};

type Store = Longevity<Faults, Mongo>;

fn big(title: &str) -> Big {
    Big { title: Title(title.into()), text: String::new(), nest: None }
}

/// Adds a mark to `ann`, and creates a row of the other type.
async fn mark_and_create(tx: &Transaction<Faults, Mongo>, title: &str) -> Result<(), Error> {
    let counters = tx.repo::<Counter>();
    let ann = counters.retrieve_one(&Name("ann".into())).await?;
    let mark = i64::try_from(ann.marks.len()).unwrap();
    counters.update(ann.modify(|ann| ann.marks.push(mark))).await?;
    tx.repo::<Big>().create(big(title)).await.map(drop)
}

/// The number of marks, and of rows of the other type.
async fn done(store: &Store) -> (usize, u64) {
    let ann = store.repo::<Counter>().retrieve_one(&Name("ann".into())).await.unwrap();
    (ann.marks.len(), store.repo::<Big>().count(Big::query()).await.unwrap())
}

async fn place(failing: &Failing, database: &str) -> Store {
    let store = store::<Faults>(failing.uri_of(database)).await;
    store.repo::<Counter>().create(counter("ann", "")).await.unwrap();
    store
}

fn passing(code: i32) -> Document {
    doc! { "errorCode": code, "errorLabels": ["TransientTransactionError"] }
}

#[test]
fn a_temporary_failure_repeats_the_work_and_an_unanswered_commit_repeats_the_commit() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let store = place(&failing, "passing").await;
        let unanswered = doc! { "writeConcernError": { "code": 64, "errmsg": "waiting for replication timed out" } };
        let failures = [
            ("a write conflict", "insert", passing(112), 3),
            ("the connection is lost in a write", "update", doc! { "closeConnection": true }, 3),
            ("the transaction is gone", "update", passing(251), 3),
            ("the primary steps down", "update", passing(189), 3),
            ("the commit is refused", "commitTransaction", passing(251), 3),
            // Here the work is not done again.
            ("the connection is lost in the commit", "commitTransaction", doc! { "closeConnection": true }, 1),
            ("a majority does not answer", "commitTransaction", unanswered, 1),
        ];
        for (number, (how, command, failure, expected)) in failures.into_iter().enumerate() {
            failing.commands(&[command], 2, failure).await;
            let runs = AtomicUsize::new(0);
            let committed = store.transaction(async |tx| {
                runs.fetch_add(1, Ordering::Relaxed);
                mark_and_create(&tx, how).await
            });
            tokio::time::timeout(PATIENCE, committed).await.unwrap().unwrap();
            assert_eq!((runs.into_inner(), failing.harm_done().await), (expected, 2), "{how}");
            assert_eq!(done(&store).await, (number + 1, number as u64 + 1), "{how}");
        }
        assert_eq!(failing.open_transactions().await, 0);
    });
}

#[test]
fn a_swallowed_failure_does_not_commit_half_of_the_work() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let store = place(&failing, "swallowed").await;
        failing.commands(&["insert"], 1, passing(112)).await;
        let runs = AtomicUsize::new(0);
        let work = store.transaction(async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            _ = mark_and_create(&tx, "swallowed").await;
            Ok::<_, Error>(())
        });
        work.await.unwrap();
        assert_eq!((runs.into_inner(), done(&store).await), (2, (1, 1)));
        // After a duplicate key the server has ended the transaction, and the error says why it is lost.
        let work = store.transaction(async |tx| {
            assert!(mark_and_create(&tx, "swallowed").await.unwrap_err().is_duplicate_key());
            let read = tx.repo::<Counter>().count(Counter::query()).await.unwrap_err();
            assert!(matches!(read, Error::TransactionLost { .. }), "{read:?}");
            Ok::<_, Error>(())
        });
        let lost = work.await.unwrap_err();
        assert!(matches!(&lost, Error::TransactionLost { because } if because.contains("Big")), "{lost:?}");
        assert_eq!((done(&store).await, failing.open_transactions().await), ((1, 1), 0));
    });
}

#[test]
fn a_commit_that_fails_otherwise_is_in_doubt_and_the_work_is_not_done_again() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let store = place(&failing, "doubt").await;
        failing.commands(&["commitTransaction"], 1000, doc! { "errorCode": 11601 }).await;
        let runs = AtomicUsize::new(0);
        let work = store.transaction(async |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            mark_and_create(&tx, "doubt").await
        });
        let error = work.await.unwrap_err();
        failing.harm_done().await;
        assert_in_doubt(&error);
        assert_eq!((error.kind(), runs.into_inner()), (ErrorKind::Unknown, 1));
    });
}

#[test]
fn a_transaction_that_outlives_its_time_says_so_and_is_not_tried_again() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let store = place(&failing, "too_old").await;
        for (command, failure) in [("insert", doc! { "errorCode": 290 }), ("commitTransaction", passing(290))] {
            failing.commands(&[command], 1000, failure).await;
            let runs = AtomicUsize::new(0);
            let work = store.transaction(async |tx| {
                runs.fetch_add(1, Ordering::Relaxed);
                mark_and_create(&tx, "old").await
            });
            let error = work.await.unwrap_err();
            failing.harm_done().await;
            assert!(matches!(MongoError::of(&error), Some(MongoError::TransactionTooOld)), "{error:?}");
            assert_eq!((error.kind(), runs.into_inner()), (ErrorKind::Permanent, 1));
            assert!(error.to_string().contains("transactionLifetimeLimitSeconds"), "{error}");
        }
        failing.commands(&["find"], 1000, doc! { "errorCode": 239 }).await;
        let work = store.snapshot(async |at| at.repo::<Big>().find(Big::query()).await);
        let error = work.await.unwrap_err();
        failing.harm_done().await;
        assert!(matches!(MongoError::of(&error), Some(MongoError::SnapshotTooOld)), "{error:?}");
        assert!(error.to_string().contains("minSnapshotHistoryWindowInSeconds"), "{error}");
        assert_eq!(done(&store).await, (0, 0));
    });
}

/// Polls a future until a command of it is blocked on the server, and drops it.
async fn dropped_in<F: Future>(failing: &Failing, work: F) {
    tokio::pin!(work);
    let begun = failing.wait_for_failure(1);
    tokio::pin!(begun);
    std::future::poll_fn(|context| {
        assert!(work.as_mut().poll(context).is_pending(), "the work ended before it was dropped");
        begun.as_mut().poll(context)
    })
    .await;
}

/// The driver believes that a transaction has done nothing if its first command was dropped.
#[test]
fn giving_up_in_any_command_leaves_nothing_locked() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let store = place(&failing, "given_up").await;
        let blocked = doc! { "blockConnection": true, "blockTimeMS": 500 };
        // The first command, the one in the middle, the last one, and all of them in an open transaction.
        let commands = [("find", true), ("update", true), ("insert", true), ("insert", false), ("delete", false)];
        for (command, is_long) in commands {
            let row = store.repo::<Big>().create(big("first")).await.unwrap();
            failing.commands(&[command], 1, blocked.clone()).await;
            let work = store.transaction(async |tx| {
                let bigs = tx.repo::<Big>();
                match (command, is_long) {
                    (_, true) => mark_and_create(&tx, command).await,
                    ("insert", _) => bigs.create(big(command)).await.map(drop),
                    _ => bigs.delete(row.clone()).await.map(drop).map_err(Error::from),
                }
            });
            dropped_in(&failing, work).await;
            // A forgotten lock would last a minute.
            let again = async {
                store.repo::<Big>().create(big(command)).await.unwrap();
                store.repo::<Big>().delete_where(Big::query()).await.unwrap();
                store
                    .repo::<Counter>()
                    .patch_by(&Name("ann".into()), Counter::props().batch.set(command))
                    .await
                    .unwrap();
                store.transaction(async |tx| mark_and_create(&tx, command).await).await.unwrap();
                store.repo::<Big>().delete_where(Big::query()).await.unwrap();
            };
            tokio::time::timeout(Duration::from_secs(30), again).await.unwrap();
            failing.harm_done().await;
            assert_eq!(failing.open_transactions().await, 0, "{command}");
        }
        assert_eq!(done(&store).await, (5, 0));
    });
}

/// The next operation sees the outcome of the commit.
#[test]
fn the_next_operation_waits_for_a_dropped_commit() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let store = place(&failing, "left_alone").await;
        failing.commands(&["commitTransaction"], 1, doc! { "blockConnection": true, "blockTimeMS": 500 }).await;
        dropped_in(&failing, store.transaction(async |tx| mark_and_create(&tx, "left alone").await)).await;
        assert_eq!(done(&store).await, (1, 1));
        failing.harm_done().await;
    });
}

/// The transaction continues after a read in it is dropped.
#[test]
fn a_read_that_is_dropped_does_not_end_its_transaction() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let mongo = Mongo::new(failing.uri_of("dropped_reads")).batch_size(50);
        let store = Store::open(mongo).await.unwrap();
        store.create_schema().await.unwrap();
        store.repo::<Counter>().create(counter("ann", "")).await.unwrap();
        store.repo::<Counter>().create_many((0..300).map(|number| counter(format!("{number}"), ""))).await.unwrap();
        let tx = store.begin().await.unwrap();
        let counters = tx.repo::<Counter>();
        let blocked = doc! { "blockConnection": true, "blockTimeMS": 200 };
        failing.commands(&["find"], 1, blocked.clone()).await;
        dropped_in(&failing, counters.retrieve(&Name("ann".into()))).await;
        mark_and_create(&tx, "continues").await.unwrap();
        failing.commands(&["aggregate"], 1, blocked.clone()).await;
        dropped_in(&failing, counters.count(Counter::query())).await;
        let mut stream = counters.stream(Counter::query());
        failing.commands(&["getMore"], 1, blocked).await;
        dropped_in(&failing, stream.next()).await;
        drop(stream);
        assert_eq!(counters.count(Counter::query()).await.unwrap(), 301);
        failing.harm_done().await;
        tx.commit().await.unwrap();
        assert_eq!(done(&store).await, (1, 1));
    });
}

async fn on_three(set: &ReplicaSet, label: &str) -> Store {
    let store = store::<Faults>(format!("{}&heartbeatFrequencyMS=500", set.uri_of(label))).await;
    store.repo::<Counter>().delete_where(Counter::query()).await.unwrap();
    store.repo::<Big>().delete_where(Big::query()).await.unwrap();
    store.repo::<Counter>().create(counter("ann", "")).await.unwrap();
    store
}

#[test]
fn a_primary_is_killed_in_a_transaction() {
    in_a_runtime(|| async {
        let set = three();
        let store = on_three(&set, "killed_within").await;
        let runs = AtomicUsize::new(0);
        let work = store.transaction(async |tx| {
            let ann = tx.repo::<Counter>().retrieve_one(&Name("ann".into())).await?;
            let ann = tx.repo::<Counter>().update(ann.modify(|ann| ann.marks.push(1))).await?;
            if runs.fetch_add(1, Ordering::Relaxed) == 0 {
                set.members()[set.primary().unwrap()].kill().unwrap();
            }
            tx.repo::<Counter>().update(ann.modify(|ann| ann.marks.push(2))).await?;
            tx.repo::<Big>().create(big("within")).await.map(drop)
        });
        tokio::time::timeout(PATIENCE, work).await.unwrap().unwrap();
        assert!(runs.into_inner() > 1);
        assert_eq!(done(&store).await, (2, 1));
        heal(&set);
        assert_eq!(done(&store).await, (2, 1));
    });
}

/// The number of commands with a name that a member is running.
async fn running(member: &Member, command: &str) -> usize {
    let client = mongodb::Client::with_uri_str(member.uri()).await.unwrap();
    let stages = [
        doc! { "$currentOp": { "allUsers": true } },
        doc! { "$match": { format!("command.{command}"): { "$exists": true } } },
    ];
    let mut found = client.database("admin").aggregate(stages).await.unwrap();
    let mut running = 0;
    while found.advance().await.unwrap() {
        running += 1;
    }
    running
}

/// The commit waits for a majority when its primary is killed. The secondaries may or may not have the transaction by then.
#[test]
fn a_primary_is_killed_in_a_commit() {
    in_a_runtime(|| async {
        let set = three();
        let store = on_three(&set, "killed_in_the_commit").await;
        let runs = AtomicUsize::new(0);
        let primary = set.primary().unwrap();
        let secondaries: Vec<_> = (0..3).filter(|member| *member != primary).collect();
        let work = store.transaction(async |tx| {
            mark_and_create(&tx, "in the commit").await?;
            if runs.fetch_add(1, Ordering::Relaxed) == 0 {
                for secondary in &secondaries {
                    set.members()[*secondary].pause().unwrap();
                }
            }
            Ok::<_, Error>(())
        });
        let kill = async {
            while running(&set.members()[primary], "commitTransaction").await == 0 {
                tokio::task::yield_now().await;
            }
            set.members()[primary].kill().unwrap();
            for secondary in &secondaries {
                set.members()[*secondary].resume().unwrap();
            }
        };
        let both = async { tokio::join!(work, kill).0 };
        match tokio::time::timeout(PATIENCE * 2, both).await.unwrap() {
            Ok(()) => assert_eq!(done(&store).await, (1, 1)),
            // The new primary may have taken too long.
            Err(Error::TransactionConflict { .. }) => assert_eq!(done(&store).await, (0, 0)),
            Err(error) => {
                assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
                let (marks, rows) = done(&store).await;
                assert_eq!(marks as u64, rows);
            }
        }
        println!("the primary was killed during the commit: the work was done {} times", runs.into_inner());
        let before = done(&store).await;
        heal(&set);
        assert_eq!(done(&store).await, before);
    });
}
