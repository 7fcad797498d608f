//! Streams: the server keeps a cursor, one batch of rows is in memory, and nothing is left behind.

use std::future::Future;
use std::task::Poll;
use std::time::{Duration, Instant};

use longevity::{Mongo, PersistentType, Repo};
use longevity_tests::mongo::Scratch;
use mongodb::bson::{Document, doc};

use crate::model::{Counter, Faults, counter};
use crate::place::{Failing, assert_nothing_was_written, in_a_runtime, store};

const BATCH: u32 = 10;

/// A store with a hundred rows, whose streams fetch ten at a time.
async fn place(scratch: &Scratch) -> Repo<Counter, Mongo> {
    let store = longevity::Longevity::<Faults, _>::open(scratch.mongo().batch_size(BATCH)).await.unwrap();
    store.create_schema().await.unwrap();
    let counters = store.repo::<Counter>();
    counters.create_many((0..100).map(|row| counter(format!("{row:03}"), ""))).await.unwrap();
    counters
}

/// The open cursors on this database, with the number of rows that each has returned.
async fn cursors(scratch: &Scratch) -> Vec<i64> {
    let stages = [
        doc! { "$currentOp": { "allUsers": true, "idleCursors": true } },
        doc! { "$match": { "type": "idleCursor", "ns": format!("{}.counter", scratch.name()) } },
    ];
    let client = mongodb::Client::with_uri_str(scratch.uri()).await.unwrap();
    let mut found = client.database("admin").aggregate(stages).await.unwrap();
    let mut given = Vec::new();
    while found.advance().await.unwrap() {
        let cursor = Document::try_from(found.current()).unwrap();
        given.push(cursor.get_document("cursor").unwrap().get_i64("nDocsReturned").unwrap());
    }
    given
}

/// Waits until no cursor is open. An abandoned cursor would stay open for ten minutes.
async fn until_none_is_open(scratch: &Scratch) {
    let begun = Instant::now();
    while !cursors(scratch).await.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "a cursor is still open");
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_stream_that_is_dropped_closes_its_cursor() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let counters = place(&scratch).await;
        let mut stream = counters.stream(Counter::query());
        for _ in 0..BATCH / 2 {
            stream.next().await.unwrap().unwrap();
        }
        // No more rows are in memory than were requested.
        assert_eq!(cursors(&scratch).await, [i64::from(BATCH)]);
        drop(stream);
        until_none_is_open(&scratch).await;
    });
}

#[test]
fn at_most_one_batch_is_in_memory() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let counters = place(&scratch).await;
        let mut stream = counters.stream(Counter::query());
        let mut read = 0_i64;
        while let Some(item) = stream.next().await {
            item.unwrap();
            read += 1;
            if let [given] = cursors(&scratch).await[..] {
                assert!(
                    (0..=i64::from(BATCH)).contains(&(given - read)),
                    "the server had sent {given} rows when {read} were read"
                );
            } else {
                assert!(read > 100 - i64::from(BATCH), "no cursor after {read}");
            }
        }
        assert_eq!(read, 100);
    });
}

#[test]
fn a_row_that_does_not_decode_does_not_end_a_stream() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let counters = place(&scratch).await;
        let raw = scratch.database().collection::<Document>("counter");
        raw.update_many(doc! { "name": { "$in": ["005", "050"] } }, doc! { "$set": { "marks": "none" } })
            .await
            .unwrap();
        let mut stream = counters.stream(Counter::query().order_by(Counter::props().name.asc()));
        let (mut read, mut failed) = (0, Vec::new());
        while let Some(item) = stream.next().await {
            match item {
                Ok(_) => read += 1,
                Err(longevity::Error::Decode { path, .. }) if path == "marks" => failed.push(read),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((read, failed), (98, vec![5, 49]));
    });
}

#[test]
fn a_cursor_that_the_server_lost_is_a_retryable_error() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let counters = place(&scratch).await;
        let mut stream = counters.stream(Counter::query());
        stream.next().await.unwrap().unwrap();
        // This kills the cursor, as a restart of the server would.
        let stages = [
            doc! { "$currentOp": { "allUsers": true, "idleCursors": true } },
            doc! { "$match": { "type": "idleCursor", "ns": format!("{}.counter", scratch.name()) } },
        ];
        let client = mongodb::Client::with_uri_str(scratch.uri()).await.unwrap();
        let mut found = client.database("admin").aggregate(stages).await.unwrap();
        assert!(found.advance().await.unwrap());
        let cursor = Document::try_from(found.current()).unwrap();
        let id = cursor.get_document("cursor").unwrap().get_i64("cursorId").unwrap();
        scratch.database().run_command(doc! { "killCursors": "counter", "cursors": [id] }).await.unwrap();
        let error = loop {
            match stream.next().await.unwrap() {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        crate::place::assert_retryable(&error);
        assert_nothing_was_written(&error);
        assert!(stream.next().await.is_none());
    });
}

#[test]
fn read_options_in_the_address_do_not_affect_batches() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        for (name, options) in [("a", "readPreference=secondaryPreferred"), ("b", "readConcernLevel=linearizable")] {
            let uri = scratch.uri();
            let uri = if uri.contains('?') { format!("{uri}&{options}") } else { format!("{uri}?{options}") };
            let store = store::<Faults>(uri).await;
            let counters = store.repo::<Counter>();
            counters.create_many([counter(name, ""), counter(format!("{name}{name}"), "")]).await.unwrap();
            let state = counters.retrieve_one(&crate::model::Name(name.into())).await.unwrap();
            let stale = state.clone();
            let state = counters.update(state.modify(|counter| counter.marks.push(1))).await.unwrap();
            assert!(counters.delete(stale).await.unwrap_err().is_write_conflict());
            counters.delete(state).await.unwrap();
        }
    });
}

/// Polls the future this many times and drops it, like a caller that gives up at any point.
async fn give_up_after<F: Future>(polls: usize, future: F) -> bool {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        let done = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await;
        if done {
            return false;
        }
        tokio::time::sleep(Duration::from_micros(100)).await;
    }
    true
}

#[test]
fn a_find_that_is_given_up_leaves_no_cursor() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let counters = place(&scratch).await;
        let mut given_up = 0;
        for polls in 0..50 {
            given_up += usize::from(give_up_after(1 + polls % 5, counters.find(Counter::query())).await);
        }
        assert!(given_up > 20, "only {given_up} of 50 were given up: the test shows nothing");
        until_none_is_open(&scratch).await;
    });
}

#[test]
fn a_next_that_is_given_up_leaves_no_cursor() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let counters = place(&scratch).await;
        let mut given_up = 0;
        for polls in 0..50 {
            let mut stream = counters.stream(Counter::query());
            // The first batch, or a later one.
            let behind = if polls % 2 == 0 { 0 } else { BATCH };
            for _ in 0..behind {
                stream.next().await.unwrap().unwrap();
            }
            given_up += usize::from(give_up_after(1 + polls % 5, stream.next()).await);
        }
        assert!(given_up > 20, "only {given_up} of 50 were given up: the test shows nothing");
        until_none_is_open(&scratch).await;
    });
}

/// An abandoned query that takes long is ended too, because no caller would get its answer.
#[test]
fn a_long_query_that_is_given_up_ends_on_the_server() {
    in_a_runtime(|| async {
        let failing = Failing::new().await;
        let store = store::<Faults>(failing.uri_of("long")).await;
        let counters = store.repo::<Counter>();
        counters.create_many((0..100).map(|row| counter(format!("{row:03}"), ""))).await.unwrap();
        let hang = doc! { "nss": "long.counter", "namespace": "long.counter", "shouldCheckForInterrupt": true };
        failing.point("waitInFindBeforeMakingBatch", "alwaysOn", hang).await;
        for _ in 0..5 {
            assert!(give_up_after(100, counters.find(Counter::query())).await);
        }
        let begun = Instant::now();
        while failing.running("long.counter").await > 0 {
            assert!(begun.elapsed() < Duration::from_secs(30), "a query is still running");
            tokio::task::yield_now().await;
        }
        failing.switch_off("waitInFindBeforeMakingBatch").await;
    });
}
