//! Without a majority, no write is acknowledged. Each write is a retryable error, within the time that the address allows.

use std::time::{Duration, Instant};

use longevity::{Longevity, Mongo, MongoError, PState, PersistentType};

use crate::load::PATIENCE;
use crate::model::{Counter, Faults, Name, counter};
use crate::place::{assert_retryable, heal, in_a_runtime, store, three};

/// Tries all writes. Each is a retryable error within its time limit.
async fn assert_none_is_acknowledged(
    store: &Longevity<Faults, Mongo>,
    label: &str,
    [one, other]: [PState<Counter>; 2],
    limit: Duration,
) {
    let counters = store.repo::<Counter>();
    let refused = |what: &str, begun: Instant, error: &longevity::Error| {
        println!("{label}: {what} is refused after {:.2?}: {error}", begun.elapsed());
        assert_retryable(error);
        assert!(begun.elapsed() < limit, "{what} took {:?}", begun.elapsed());
    };
    let begun = Instant::now();
    refused("update", begun, counters.update(one.modify(|one| one.marks.push(1))).await.unwrap_err().error());
    let begun = Instant::now();
    refused("delete", begun, counters.delete(other).await.unwrap_err().error());
    let begun = Instant::now();
    refused("create", begun, &counters.create(counter(format!("{label}-new"), label)).await.unwrap_err());
    let begun = Instant::now();
    let rows = (0..3).map(|row| counter(format!("{label}-many-{row}"), label));
    refused("create_many", begun, &counters.create_many(rows).await.unwrap_err());
}

/// Two rows to change.
async fn two(store: &Longevity<Faults, Mongo>, label: &str) -> [PState<Counter>; 2] {
    let rows = ["a", "b"].map(|name| counter(format!("{label}-{name}"), label));
    store.repo::<Counter>().create_many(rows).await.unwrap().try_into().unwrap()
}

#[test]
fn two_of_three_are_killed() {
    in_a_runtime(|| async {
        let set = three();
        let uri = format!("{}&serverSelectionTimeoutMS=1500&heartbeatFrequencyMS=500", set.uri_of("faults"));
        let store = store(uri).await;
        let counters = store.repo::<Counter>();
        let states = two(&store, "lonely").await;
        let primary = set.primary().unwrap();
        for other in (0..3).filter(|member| *member != primary) {
            set.members()[other].kill().unwrap();
        }
        // The primary has not noticed yet, and steps down while the first write waits for a second member.
        assert_none_is_acknowledged(&store, "lonely", states, Duration::from_secs(20)).await;
        let error = counters.create(counter("nobody", "")).await.unwrap_err();
        assert!(matches!(MongoError::of(&error), Some(MongoError::Unreachable { .. })), "{error:?}");
        heal(&set);
        assert_all_is_well(&store, "lonely").await;
    });
}

/// A refused write happened as a whole or not at all. Repeating it succeeds, or reports that it had happened.
async fn assert_all_is_well(store: &Longevity<Faults, Mongo>, label: &str) {
    let counters = store.repo::<Counter>();
    match counters.create(counter(format!("{label}-new"), label)).await {
        Ok(_) => {}
        Err(error) => assert!(error.is_duplicate_key(), "{error:?}"),
    }
    let many = || counters.find(Counter::query().filter(Counter::props().batch.eq(label)));
    let of_batch = many().await.unwrap().iter().filter(|state| state.name.0.contains("-many-")).count();
    assert!(of_batch == 0 || of_batch == 3, "only a part of a batch exists");
    counters.create(counter(format!("{label}-after"), label)).await.unwrap();
    assert!(counters.retrieve(&Name(format!("{label}-after"))).await.unwrap().is_some());
}

#[test]
fn a_majority_does_not_answer_in_time() {
    in_a_runtime(|| async {
        let set = three();
        let uri =
            format!("{}&wtimeoutMS=300&serverSelectionTimeoutMS=1500&heartbeatFrequencyMS=500", set.uri_of("faults"));
        let store = store(uri).await;
        let counters = store.repo::<Counter>();
        let states = two(&store, "late").await;
        let primary = set.primary().unwrap();
        for other in (0..3).filter(|member| *member != primary) {
            set.members()[other].pause().unwrap();
        }
        let begun = Instant::now();
        let error = counters.create(counter("late-first", "late")).await.unwrap_err();
        println!("late: create is refused after {:.2?}: {error}", begun.elapsed());
        // The write is neither lost nor acknowledged, and the error says so.
        assert!(matches!(MongoError::of(&error), Some(MongoError::InDoubt { .. })), "{error:?}");
        assert_none_is_acknowledged(&store, "late", states, Duration::from_secs(10)).await;
        heal(&set);
        set.wait_for_primary(PATIENCE).unwrap();
        assert_all_is_well(&store, "late").await;
    });
}
