//! Commands that fail and replies that are lost on their way: what the driver repeats is done once, and who cannot be helped is
//! told to repeat.

use longevity::{Longevity, Mongo, MongoError, PersistentType, Repo};
use mongodb::bson::{Document, doc};

use crate::model::{Counter, Faults, Name, counter};
use crate::place::{Failing, assert_retryable, in_a_runtime, store};

/// The ways in which a server says that it is not there for a write, or is silent.
fn failures() -> [(&'static str, Document); 5] {
    let code = |code: i32| doc! { "errorCode": code, "errorLabels": ["RetryableWriteError"] };
    [
        ("the connection is closed", doc! { "closeConnection": true }),
        ("ShutdownInProgress", code(91)),
        ("PrimarySteppedDown", code(189)),
        ("InterruptedAtShutdown", code(11600)),
        // It is done, and told with this beside it.
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

/// The server closes the connection when the write is done: only its reply is lost.
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
        // Each was sent under a number, and each reply was lost.
        assert_eq!(failing.switch_off("onPrimaryTransactionalWrite").await - before, 3);
    });
}

#[test]
fn a_command_that_fails_again_and_again_is_a_retryable_error_and_is_not_done() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let (_store, counters) = place(&failing, "often").await;
        let state = counters.create(counter("ann", "")).await.unwrap();
        // After the first, the driver asks who is the primary, which takes its time; after the second it does not.
        for (how, failure) in [&failures()[0], &("ExceededTimeLimit", doc! { "errorCode": 262 })] {
            failing.commands(&["insert", "update", "findAndModify", "delete", "find"], 1000, failure.clone()).await;
            assert_retryable(&counters.create(counter("bob", "")).await.unwrap_err());
            let refused = counters.update(state.clone().modify(|counter| counter.marks.push(1))).await.unwrap_err();
            assert_retryable(refused.error());
            // As it was handed in, for another try.
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
fn a_write_that_is_done_and_never_acknowledged_is_told_when_it_is_repeated() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let (_store, counters) = place(&failing, "open").await;
        let (_, done) = failures()[4].clone();
        // The driver's own repetition is told the same.
        failing.commands(&["insert"], 2, done.clone()).await;
        assert_retryable(&counters.create(counter("ann", "")).await.unwrap_err());
        assert!(counters.create(counter("ann", "")).await.unwrap_err().is_duplicate_key());
        let state = counters.retrieve_one(&Name("ann".into())).await.unwrap();
        failing.commands(&["update"], 2, done.clone()).await;
        let refused = counters.update(state.modify(|counter| counter.marks.push(1))).await.unwrap_err();
        assert_retryable(refused.error());
        let refused = counters.update(refused.into_state()).await.unwrap_err();
        // Not again: what it found is what it did, or what somebody did after it.
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
        let assert_open = |error: &longevity::Error| match MongoError::of(error) {
            Some(MongoError::Interrupted { .. }) => {}
            other => panic!("{other:?} in {error:?}"),
        };
        failing.commands(&["insert", "update", "findAndModify", "delete"], 1000, late).await;
        assert_open(&counters.create(counter("bob", "")).await.unwrap_err());
        let refused = counters.update(state.modify(|counter| counter.marks.push(1))).await.unwrap_err();
        assert_open(refused.error());
        let state = counters.retrieve_one(&Name("ann".into())).await.unwrap();
        assert_open(counters.delete(state).await.unwrap_err().error());
        failing.harm_done().await;
    });
}

#[test]
fn a_batch_in_whose_way_others_are_is_tried_again() {
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
