//! The optimistic lock with concurrent callers on a real server.

use std::sync::Arc;

use longevity::PersistentType;
use longevity_tests::mongo::Scratch;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::model::{Counter, Faults, Name, counter};
use crate::place::{in_a_runtime, store};

const CALLERS: i64 = 8;
const UPDATES: i64 = 100;

#[test]
fn updates_in_a_race_are_all_done_once() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let store = store::<Faults>(scratch.uri()).await;
        store.repo().create(counter("ann", "")).await.unwrap();
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let counters = store.repo::<Counter>();
            callers.spawn(async move {
                let (mut done, mut conflicts) = (0, 0);
                while done < UPDATES {
                    let state = counters.retrieve_one(&Name("ann".into())).await.unwrap();
                    match counters.update(state.modify(|counter| counter.marks.push(caller * UPDATES + done))).await {
                        Ok(_) => done += 1,
                        Err(refused) if refused.is_write_conflict() => conflicts += 1,
                        Err(refused) => panic!("{refused:?}"),
                    }
                }
                conflicts
            });
        }
        let conflicts: i64 = callers.join_all().await.into_iter().sum();
        let state = store.repo::<Counter>().retrieve_one(&Name("ann".into())).await.unwrap();
        let mut marks = state.marks.clone();
        marks.sort_unstable();
        assert_eq!(marks, (0..CALLERS * UPDATES).collect::<Vec<_>>());
        assert_eq!(state.row_version(), u64::try_from(CALLERS * UPDATES).unwrap());
        println!("{CALLERS} callers, {UPDATES} updates each: {conflicts} conflicts");
        assert!(conflicts > 0, "there were no conflicts");
    });
}

#[test]
fn either_an_update_or_a_deletion_wins() {
    in_a_runtime(|| async {
        let scratch = Scratch::new().unwrap();
        let store = store::<Faults>(scratch.uri()).await;
        let counters = store.repo::<Counter>();
        let (mut updated, mut deleted) = (0, 0);
        for round in 0..100 {
            let name = format!("row-{round}");
            let state = counters.create(counter(name.clone(), "")).await.unwrap();
            let barrier = Arc::new(Barrier::new(2));
            let update = tokio::spawn({
                let (counters, state, barrier) = (counters.clone(), state.clone(), Arc::clone(&barrier));
                async move {
                    barrier.wait().await;
                    counters.update(state.modify(|counter| counter.marks.push(1))).await
                }
            });
            let delete = tokio::spawn({
                let counters = counters.clone();
                async move {
                    barrier.wait().await;
                    counters.delete(state).await
                }
            });
            let stored = async || counters.retrieve(&Name(name.clone())).await.unwrap();
            match (update.await.unwrap(), delete.await.unwrap()) {
                (Ok(_), Err(refused)) => {
                    assert!(refused.is_write_conflict(), "{refused:?}");
                    assert_eq!(stored().await.unwrap().marks, [1]);
                    updated += 1;
                }
                (Err(refused), Ok(_)) => {
                    assert!(refused.is_not_found(), "{refused:?}");
                    assert!(stored().await.is_none());
                    deleted += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        println!("an update won {updated} times, and a deletion {deleted} times");
        assert_eq!(counters.count(Counter::query()).await.unwrap(), updated);
    });
}
