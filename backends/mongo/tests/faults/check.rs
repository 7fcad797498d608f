//! Compares the content of a database with what callers were told.

use std::collections::{BTreeMap, BTreeSet};

use longevity::{Longevity, Mongo, PersistentType};

use crate::load::{BATCH, Journal, shared_counters};
use crate::model::{Big, Counter, Faults};

/// No acknowledged write is lost, none is done twice, and every error that a caller got was retryable.
pub(crate) async fn check(store: &Longevity<Faults, Mongo>, label: &str, journal: &Journal) {
    assert!(journal.wrong.is_empty(), "{:#?}", journal.wrong);
    let all = store.repo::<Counter>().find(Counter::query()).await.unwrap();
    let mut names = BTreeMap::<String, usize>::new();
    let mut batches = BTreeMap::<String, usize>::new();
    for state in all.iter().filter(|state| state.name.0.starts_with(label)) {
        *names.entry(state.name.0.clone()).or_default() += 1;
        *batches.entry(state.batch.clone()).or_default() += 1;
    }

    assert!(names.values().all(|times| *times == 1), "a row exists twice");
    for name in &journal.created {
        let is_there = names.contains_key(name);
        assert_eq!(is_there, !journal.deleted.contains(name), "{name} was created, and then deleted or not");
    }
    let created = |name: &&String| name.contains("-created-") || name.contains("-deleted-");
    for name in names.keys().filter(created) {
        assert!(journal.created.contains(name), "{name} exists, but no caller was told");
    }

    for batch in &journal.batches {
        assert_eq!(batches.get(batch), Some(&BATCH), "{batch} was acknowledged");
    }
    for (batch, rows) in batches.iter().filter(|(batch, _)| batch.contains("-batch-")) {
        assert_eq!(*rows, BATCH, "only a part of {batch} exists");
        assert!(
            journal.batches.contains(batch) || journal.open_batches.contains(batch),
            "{batch} exists, but no caller was told"
        );
    }

    let is_pair = |name: &&String| name.starts_with(label) && name.contains("-pair-");
    let pairs: BTreeSet<_> = names.keys().filter(is_pair).cloned().collect();
    let bigs = store.repo::<Big>().find(Big::query()).await.unwrap();
    let others: BTreeSet<_> = bigs.iter().map(|state| &state.title.0).filter(is_pair).cloned().collect();
    assert_eq!(pairs, others, "only half of a transaction was done");
    let lost: Vec<_> = journal.pairs.difference(&pairs).collect();
    assert!(lost.is_empty(), "acknowledged transactions are lost: {lost:?}");
    let told: BTreeSet<_> = journal.pairs.union(&journal.open_pairs).cloned().collect();
    let more: Vec<_> = pairs.difference(&told).collect();
    assert!(more.is_empty(), "transactions that no caller was told of: {more:?}");

    let mut marks = BTreeSet::new();
    for name in shared_counters(label) {
        let counter = all.iter().find(|state| state.name.0 == name).unwrap();
        assert_eq!(counter.row_version(), u64::try_from(counter.marks.len()).unwrap(), "a version for each update");
        assert!(counter.marks.iter().all(|mark| marks.insert(*mark)), "an update was done twice");
    }
    let lost: Vec<_> = journal.marks.difference(&marks).collect();
    assert!(lost.is_empty(), "acknowledged updates are lost: {lost:?}");
    let told: BTreeSet<_> = journal.marks.union(&journal.open_marks).copied().collect();
    let more: Vec<_> = marks.difference(&told).collect();
    assert!(more.is_empty(), "updates that no caller was told of: {more:?}");
}
