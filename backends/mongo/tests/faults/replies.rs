//! Commands that fail, and replies that are lost. An operation that the driver repeats is done once. If the driver gives up, the
//! error tells the caller to repeat the operation.

use std::time::{Duration, Instant};

use longevity::{Error, Longevity, Mongo, MongoError, PersistentType, Repo};
use mongodb::bson::{Document, doc};

use crate::model::{Counter, Faults, Name, counter};
use crate::place::{
    Failing, assert_in_doubt, assert_nothing_was_written, assert_retryable, in_a_runtime, is_retryable, store,
};

/// The ways in which a server fails a write, or stays silent.
fn failures() -> [(&'static str, Document); 5] {
    let code = |code: i32| doc! { "errorCode": code, "errorLabels": ["RetryableWriteError"] };
    [
        ("the connection is closed", doc! { "closeConnection": true }),
        ("ShutdownInProgress", code(91)),
        ("PrimarySteppedDown", code(189)),
        ("InterruptedAtShutdown", code(11600)),
        // The write succeeds, but the reply contains this error.
        (
            "done, but a majority may not have it",
            doc! {
                "writeConcernError": { "code": 91, "errmsg": "the replica set is shutting down" },
                "errorLabels": ["RetryableWriteError"],
            },
        ),
    ]
}

async fn place(failing: &Failing, database: &str) -> (Longevity<Faults, Mongo>, Repo<Counter, Mongo>) {
    let store = store::<Faults>(failing.uri_of(database)).await;
    let counters = store.repo();
    (store, counters)
}

#[test]
fn a_command_that_fails_once_succeeds() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let (_store, counters) = place(&failing, "once").await;
        for (how, failure) in failures() {
            failing.commands(&["insert"], 1, failure.clone()).await;
            let state = counters.create(counter(how, "")).await.unwrap();
            assert_eq!(failing.harm_done().await, 1, "{how}");

            failing.commands(&["update"], 1, failure.clone()).await;
            let state = counters.update(state.modify(|counter| counter.marks.push(1))).await.unwrap();
            assert_eq!((state.row_version(), failing.harm_done().await), (1, 1), "{how}");
            let stored = counters.retrieve_one(&Name(how.into())).await.unwrap();
            assert_eq!((stored.row_version(), &*stored.marks), (1, &[1][..]), "{how}");

            failing.commands(&["delete"], 1, failure.clone()).await;
            counters.delete(state).await.unwrap();
            assert_eq!(failing.harm_done().await, 1, "{how}");

            failing.commands(&["commitTransaction"], 1, failure).await;
            counters.create_many([counter(how, "many"), counter(format!("{how}, twice"), "many")]).await.unwrap();
            assert_eq!(failing.harm_done().await, 1, "{how}");
            let many = counters.find(Counter::query()).await.unwrap();
            assert_eq!(many.len(), 2, "{how}");
            for state in many {
                counters.delete(state).await.unwrap();
            }
        }
    });
}

/// The server closes the connection after the write, so only the reply is lost.
#[test]
fn a_write_whose_reply_is_lost_is_done_once() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let (_store, counters) = place(&failing, "lost").await;
        let before = failing.switch_off("onPrimaryTransactionalWrite").await;
        let lost = async || {
            let mode = doc! { "times": 1 };
            failing.point("onPrimaryTransactionalWrite", mode, doc! { "closeConnection": true }).await;
        };
        lost().await;
        let state = counters.create(counter("ann", "")).await.unwrap();
        lost().await;
        let state = counters.update(state.modify(|counter| counter.marks.push(7))).await.unwrap();
        assert_eq!(state.row_version(), 1);
        let stored = counters.retrieve_one(&Name("ann".into())).await.unwrap();
        assert_eq!((stored.row_version(), &*stored.marks), (1, &[7][..]));
        lost().await;
        counters.delete(state).await.unwrap();
        assert_eq!(counters.count(Counter::query()).await.unwrap(), 0);
        // Each write was sent with a number, and each reply was lost.
        assert_eq!(failing.switch_off("onPrimaryTransactionalWrite").await - before, 3);
    });
}

#[test]
fn a_command_that_fails_again_and_again_is_a_retryable_error_and_is_not_done() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let (_store, counters) = place(&failing, "often").await;
        let state = counters.create(counter("ann", "")).await.unwrap();
        // After the first failure, the driver looks for the primary, which takes time. After the second it does not.
        for (how, failure) in [&failures()[0], &("ExceededTimeLimit", doc! { "errorCode": 262 })] {
            failing.commands(&["insert", "update", "findAndModify", "delete", "find"], 1000, failure.clone()).await;
            assert_retryable(&counters.create(counter("bob", "")).await.unwrap_err());
            let refused = counters.update(state.clone().modify(|counter| counter.marks.push(1))).await.unwrap_err();
            assert_retryable(refused.error());
            // The state is unchanged, for another attempt.
            assert_eq!((refused.into_state().row_version(), state.row_version()), (0, 0));
            assert_retryable(counters.delete(state.clone()).await.unwrap_err().error());
            assert_retryable(&counters.retrieve(&Name("ann".into())).await.unwrap_err());
            assert_retryable(&counters.find(Counter::query()).await.unwrap_err());
            assert_retryable(&counters.stream(Counter::query()).next().await.unwrap().unwrap_err());
            failing.harm_done().await;
            let all = counters.find(Counter::query()).await.unwrap();
            assert_eq!((all.len(), all[0].row_version()), (1, 0), "{how}");
        }
    });
}

#[test]
fn repeating_a_write_that_was_done_but_not_acknowledged_reports_it() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let (_store, counters) = place(&failing, "open").await;
        let (_, done) = failures()[4].clone();
        // The driver's own repetition gets the same reply.
        failing.commands(&["insert"], 2, done.clone()).await;
        assert_retryable(&counters.create(counter("ann", "")).await.unwrap_err());
        assert!(counters.create(counter("ann", "")).await.unwrap_err().is_duplicate_key());
        let state = counters.retrieve_one(&Name("ann".into())).await.unwrap();
        failing.commands(&["update"], 2, done.clone()).await;
        let refused = counters.update(state.modify(|counter| counter.marks.push(1))).await.unwrap_err();
        assert_retryable(refused.error());
        let refused = counters.update(refused.into_state()).await.unwrap_err();
        // It is not done again: the stored row is the result of this write, or of a later one.
        assert!(
            matches!(refused.error(), longevity::Error::WriteConflict { expected: 0, found: 1, .. }),
            "{refused:?}"
        );
        let state = counters.retrieve_one(&Name("ann".into())).await.unwrap();
        assert_eq!((state.row_version(), &*state.marks), (1, &[1][..]));
        failing.commands(&["delete"], 2, done).await;
        let refused = counters.delete(state).await.unwrap_err();
        assert_retryable(refused.error());
        assert!(counters.delete(refused.into_state()).await.unwrap_err().is_not_found());
    });
}

#[test]
fn a_majority_that_is_too_late_is_not_success() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let (_store, counters) = place(&failing, "late").await;
        let state = counters.create(counter("ann", "")).await.unwrap();
        let late = doc! { "writeConcernError": {
            "code": 64, "errmsg": "waiting for replication timed out", "errInfo": { "wtimeout": true },
        } };
        failing.commands(&["insert", "update", "findAndModify", "delete"], 1000, late).await;
        assert_in_doubt(&counters.create(counter("bob", "")).await.unwrap_err());
        let refused = counters.update(state.modify(|counter| counter.marks.push(1))).await.unwrap_err();
        assert_in_doubt(refused.error());
        let state = counters.retrieve_one(&Name("ann".into())).await.unwrap();
        assert_in_doubt(counters.delete(state).await.unwrap_err().error());
        failing.harm_done().await;
    });
}

#[test]
fn a_batch_with_conflicts_is_tried_again() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let (_store, counters) = place(&failing, "batches").await;
        let unknown = doc! {
            "writeConcernError": { "code": 64, "errmsg": "waiting for replication timed out" },
        };
        let failures = [
            ("insert", doc! { "errorCode": 112, "errorLabels": ["TransientTransactionError"] }),
            ("insert", doc! { "closeConnection": true }),
            ("commitTransaction", doc! { "closeConnection": true }),
            ("commitTransaction", doc! { "errorCode": 251, "errorLabels": ["TransientTransactionError"] }),
            ("commitTransaction", unknown),
        ];
        for (number, (command, failure)) in failures.into_iter().enumerate() {
            let batch = format!("batch-{number}");
            failing.commands(&[command], 5, failure.clone()).await;
            let rows = (0..3).map(|row| counter(format!("{batch}-{row}"), batch.clone()));
            let states = counters.create_many(rows).await;
            let harm = failing.harm_done().await;
            assert_eq!(states.unwrap().len(), 3, "{command}: {failure}");
            assert_eq!(harm, 5, "{command}: {failure}");
            let stored = counters.find(Counter::query().filter(Counter::props().batch.eq(batch))).await.unwrap();
            assert_eq!(stored.len(), 3, "{command}: {failure}");
        }
    });
}

/// A read that is interrupted in any way has changed nothing. The outcome of an interrupted write is unknown.
#[test]
fn an_interrupted_read_changed_nothing_and_an_interrupted_write_is_in_doubt() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let (_store, counters) = place(&failing, "kinds").await;
        let state = counters.create(counter("ann", "")).await.unwrap();
        let key = Name("ann".into());
        let failures = [
            ("the connection is closed", doc! { "closeConnection": true }),
            ("CursorNotFound", doc! { "errorCode": 43 }),
            ("CursorKilled", doc! { "errorCode": 237 }),
            ("Interrupted", doc! { "errorCode": 11601 }),
            ("ExceededTimeLimit", doc! { "errorCode": 262 }),
        ];
        for (how, failure) in failures {
            let commands =
                ["find", "aggregate", "insert", "update", "findAndModify", "delete", "listIndexes", "explain"];
            failing.commands(&commands, 1000, failure).await;
            let reads = [
                counters.retrieve(&key).await.map(drop),
                counters.find(Counter::query()).await.map(drop),
                counters.find(Counter::query().order_by(Counter::props().name.asc()).limit(1)).await.map(drop),
                counters.count(Counter::query()).await.map(drop),
                counters.exists(Counter::query()).await.map(drop),
                counters.stream(Counter::query()).next().await.unwrap().map(drop),
                counters.project(Counter::query(), Counter::props().name).await.map(drop),
                counters.explain(Counter::query().filter(Counter::props().batch.eq("x"))).await.map(drop),
                // These begin with a find, which fails.
                counters.update_where(Counter::query(), Counter::props().marks.push(1)).await.map(drop),
                counters.delete_where(Counter::query()).await.map(drop),
                // This reads the indexes at the first use.
                Longevity::<Faults, _>::open(Mongo::new(failing.uri_of("kinds")))
                    .await
                    .unwrap()
                    .repo::<Counter>()
                    .create(counter("eve", ""))
                    .await
                    .map(drop),
            ];
            for (number, read) in reads.into_iter().enumerate() {
                let error = read.unwrap_err();
                assert!(error.to_string().contains("nothing was changed"), "{how}: the read {number} says: {error}");
                assert_nothing_was_written(&error);
            }
            assert_in_doubt(&counters.create(counter("bob", "")).await.unwrap_err());
            assert_in_doubt(counters.update(state.clone()).await.unwrap_err().error());
            assert_in_doubt(counters.delete(state.clone()).await.unwrap_err().error());
            assert_in_doubt(&counters.patch_by(&key, Counter::props().marks.push(1)).await.unwrap_err());
            failing.harm_done().await;
        }
    });
}

/// A transaction without a commit has changed nothing. If the outcome of its commit is unknown, it is in doubt.
#[test]
fn a_batch_is_in_doubt_only_when_its_commit_is() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let (_store, counters) = place(&failing, "doubts").await;
        // This needs two rows, because a change of one row is a single command.
        counters.create_many([counter("ann", ""), counter("dan", "")]).await.unwrap();
        let rows = || [counter("bob", ""), counter("cec", "")];
        failing.commands(&["insert", "update"], 1000, doc! { "errorCode": 11601 }).await;
        assert_nothing_was_written(&counters.create_many(rows()).await.unwrap_err());
        let patch = Counter::props().marks.push(1);
        assert_nothing_was_written(&counters.update_where(Counter::query(), patch.clone()).await.unwrap_err());
        failing.commands(&["commitTransaction"], 1000, doc! { "errorCode": 11601 }).await;
        assert_in_doubt(&counters.create_many(rows()).await.unwrap_err());
        assert_in_doubt(&counters.update_where(Counter::query(), patch).await.unwrap_err());
        failing.harm_done().await;
    });
}

async fn too_long(counters: &Repo<Counter, Mongo>) -> Vec<Error> {
    vec![
        counters.update_where(Counter::query(), Counter::props().marks.push(1)).await.unwrap_err(),
        counters.delete_where(Counter::query()).await.unwrap_err(),
        counters.create_many([counter("cec", ""), counter("dan", "")]).await.unwrap_err(),
    ]
}

/// Another attempt would take as long. This server allows a transaction one second, and answers after four.
#[test]
fn a_batch_that_outlives_a_transaction_says_so_and_is_not_retried_for_a_minute() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let (_store, counters) = place(&failing, "old").await;
        counters.create_many([counter("ann", ""), counter("bob", "")]).await.unwrap();
        failing.lifetime_of_transactions(1).await;
        failing.commands(&["commitTransaction"], 1000, doc! { "blockConnection": true, "blockTimeMS": 4_000 }).await;
        let begun = Instant::now();
        let mut errors = too_long(&counters).await;
        let took = begun.elapsed();
        failing.harm_done().await;
        failing.lifetime_of_transactions(60).await;
        // The error of a statement that runs when the time is over.
        failing.commands(&["insert", "update", "delete"], 1000, doc! { "errorCode": 290 }).await;
        errors.extend(too_long(&counters).await);
        failing.harm_done().await;
        for error in errors {
            assert!(matches!(MongoError::of(&error), Some(MongoError::TooLong { rows: 2 })), "{error:?}");
            assert!(!is_retryable(&error), "{error}");
            for said in ["2 rows", "nothing was changed", "change fewer", "transactionLifetimeLimitSeconds"] {
                assert!(error.to_string().contains(said), "{error}");
            }
        }
        assert!(took < Duration::from_secs(120), "three took {took:?}");
        let left = counters.find(Counter::query()).await.unwrap();
        assert_eq!(left.iter().map(|state| state.row_version()).collect::<Vec<_>>(), [0, 0]);
    });
}
