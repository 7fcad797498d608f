//! A primary that is killed, and servers that hang, under load. No acknowledged write is lost, and none is done twice.

use std::time::{Duration, Instant};

use longevity_mongod::ReplicaSet;

use crate::check::check;
use crate::load::{Journal, Load, PATIENCE};
use crate::model::Faults;
use crate::place::{heal, in_a_runtime, store, three};

/// How long a server hangs.
const HANGS: Duration = Duration::from_secs(10);

fn report(what: &str, journal: &Journal, since: Instant) {
    println!(
        "{what}: recovered in {:.2?}; {} marks, {} rows created, {} deleted, {} batches, {} transactions and {} given up, \
         {} reads; {} retryable errors, {} updates and {} batches left open; the slowest write took {:.2?}",
        journal.recovery(since),
        journal.marks.len(),
        journal.created.len(),
        journal.deleted.len(),
        journal.batches.len(),
        journal.pairs.len(),
        journal.conflicts,
        journal.reads,
        journal.retryable,
        journal.open_marks.len(),
        journal.open_batches.len(),
        journal.slowest(),
    );
}

/// Checks again when all members have caught up, and again from another primary.
async fn check_again(set: &ReplicaSet, label: &str, journal: &Journal) {
    heal(set);
    let same = store(set.uri_of("faults")).await;
    check(&same, label, journal).await;
    let before = set.primary().unwrap();
    set.members()[before].kill().unwrap();
    assert_ne!(set.wait_for_primary(PATIENCE).unwrap(), before);
    check(&same, label, journal).await;
}

#[test]
fn a_primary_is_killed_under_load() {
    in_a_runtime(|| async {
        let set = three();
        let store = store(set.uri_of("faults")).await;
        let load = Load::start(&store, "killed").await;
        load.acknowledged(200).await;
        let primary = set.primary().unwrap();
        let killed = Instant::now();
        set.members()[primary].kill().unwrap();
        load.acknowledged_since(killed, 200).await;
        set.members()[primary].start_again().unwrap();
        load.acknowledged(200).await;
        let journal = load.stop().await;
        report("the primary was killed", &journal, killed);
        check(&store, "killed", &journal).await;
        check_again(&set, "killed", &journal).await;
    });
}

#[test]
fn a_primary_hangs_under_load() {
    in_a_runtime(|| async {
        let set = three();
        let store = store(set.uri_of("faults")).await;
        let load = Load::start(&store, "hung").await;
        load.acknowledged(200).await;
        let primary = set.primary().unwrap();
        let paused = Instant::now();
        set.members()[primary].pause().unwrap();
        // A new caller finds the new primary. Operations that have begun wait, because the driver does not give up a
        // connection.
        assert_ne!(set.wait_for_primary(PATIENCE).unwrap(), primary);
        crate::place::store::<Faults>(set.uri_of("faults")).await;
        println!("the primary hangs: a new store is open after {:.2?}", paused.elapsed());
        assert!(paused.elapsed() < HANGS);
        tokio::time::sleep_until((paused + HANGS).into()).await;
        set.members()[primary].resume().unwrap();
        load.acknowledged_since(paused, 200).await;
        let journal = load.stop().await;
        report("the primary hung", &journal, paused);
        check(&store, "hung", &journal).await;
        check_again(&set, "hung", &journal).await;
    });
}

#[test]
fn a_secondary_hangs_and_no_caller_notices() {
    in_a_runtime(|| async {
        let set = three();
        let store = store(set.uri_of("faults")).await;
        let load = Load::start(&store, "secondary").await;
        load.acknowledged(50).await;
        let secondary = (set.primary().unwrap() + 1) % 3;
        let paused = Instant::now();
        set.members()[secondary].pause().unwrap();
        load.acknowledged_since(paused, 300).await;
        set.members()[secondary].resume().unwrap();
        load.acknowledged(50).await;
        let journal = load.stop().await;
        report("a secondary hung", &journal, paused);
        assert_eq!(journal.retryable, 0);
        check(&store, "secondary", &journal).await;
    });
}
