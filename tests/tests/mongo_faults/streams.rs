//! Streams: a cursor on the server, a batch of rows here, and nothing left behind.

use std::time::{Duration, Instant};

use longevity::{Mongo, PersistentType, Repo};
use longevity_tests::mongo::Scratch;
use mongodb::bson::{Document, doc};

use crate::model::{Counter, Faults, counter};
use crate::place::{in_a_runtime, store};

const BATCH: u32 = 10;

/// A store whose streams hold ten rows, and a hundred rows.
async fn place(scratch: &Scratch) -> Repo<Counter, Mongo> {
    let store = longevity::Longevity::<Faults, _>::open(scratch.mongo().batch_size(BATCH)).await.unwrap();
    store.create_schema().await.unwrap();
    let counters = store.repo::<Counter>();
    counters.create_many((0..100).map(|row| counter(format!("{row:03}"), ""))).await.unwrap();
    counters
}

/// The cursors that are open on this database, and how many rows each has given.
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

async fn until_none_is_open(scratch: &Scratch) {
    let begun = Instant::now();
    while !cursors(scratch).await.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "a cursor stays open");
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
        // No more rows are here than were asked for.
        assert_eq!(cursors(&scratch).await, [i64::from(BATCH)]);
        drop(stream);
        until_none_is_open(&scratch).await;
    });
}

#[test]
fn at_most_a_batch_is_here() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let counters = place(&scratch).await;
        let mut stream = counters.stream(Counter::query());
        let mut read = 0_i64;
        while let Some(item) = stream.next().await {
            item.unwrap();
            read += 1;
            if let [given] = cursors(&scratch).await[..] {
                assert!((0..=i64::from(BATCH)).contains(&(given - read)), "{given} were given when {read} were read");
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
        // As after a restart.
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
        assert!(stream.next().await.is_none());
    });
}

#[test]
fn what_the_address_asks_of_reads_does_not_hinder_batches() {
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
