//! A load on a store, and a journal of the writes that were acknowledged or left open.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use longevity::{Error, Longevity, Mongo, PState, PersistentType, Repo};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::model::{Big, Counter, Faults, Name, Title, counter};
use crate::place::is_retryable;

/// The number of rows in a batch.
pub(crate) const BATCH: usize = 5;
/// The time limit for each step of a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What callers were told.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Rows whose creation was acknowledged, possibly only when it was repeated.
    pub(crate) created: BTreeSet<String>,
    /// Rows that were deleted later.
    pub(crate) deleted: BTreeSet<String>,
    pub(crate) batches: BTreeSet<String>,
    pub(crate) open_batches: BTreeSet<String>,
    /// Pairs of rows of two types that one transaction created, with a mark on a counter.
    pub(crate) pairs: BTreeSet<String>,
    pub(crate) open_pairs: BTreeSet<String>,
    /// Transactions with which others conflicted for too long.
    pub(crate) conflicts: usize,
    /// The marks of updates.
    pub(crate) marks: BTreeSet<i64>,
    pub(crate) open_marks: BTreeSet<i64>,
    /// Errors that are neither retryable nor expected.
    pub(crate) wrong: Vec<String>,
    pub(crate) retryable: usize,
    pub(crate) reads: usize,
    /// The times at which each acknowledged write began and ended.
    acknowledged: Vec<(Instant, Instant)>,
}

/// Callers that repeat their operations until they are stopped.
pub(crate) struct Load {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

struct Shared {
    store: Longevity<Faults, Mongo>,
    counters: Repo<Counter, Mongo>,
    label: String,
    journal: Mutex<Journal>,
    acknowledged: watch::Sender<usize>,
    stop: AtomicBool,
}

/// The counters that the callers update concurrently.
pub(crate) fn shared_counters(label: &str) -> [String; 2] {
    [0, 1].map(|number| format!("{label}-shared-{number}"))
}

impl Load {
    pub(crate) async fn start(store: &Longevity<Faults, Mongo>, label: &str) -> Self {
        let counters = store.repo::<Counter>();
        for name in shared_counters(label) {
            counters.create(counter(name, "shared")).await.unwrap();
        }
        let shared = Arc::new(Shared {
            store: store.clone(),
            counters,
            label: label.to_owned(),
            journal: Mutex::default(),
            acknowledged: watch::Sender::new(0),
            stop: AtomicBool::new(false),
        });
        let mut tasks = JoinSet::new();
        for caller in 0..2 {
            tasks.spawn(creates(Arc::clone(&shared), caller));
            tasks.spawn(batches(Arc::clone(&shared), caller));
            tasks.spawn(deletes(Arc::clone(&shared), caller));
            tasks.spawn(pairs(Arc::clone(&shared), caller));
            tasks.spawn(reads(Arc::clone(&shared)));
        }
        for caller in 0..4 {
            tasks.spawn(updates(Arc::clone(&shared), caller));
        }
        tasks.spawn(streams(Arc::clone(&shared)));
        Self { shared, tasks }
    }

    /// Waits until this many more writes are acknowledged.
    pub(crate) async fn acknowledged(&self, more: usize) {
        let mut count = self.shared.acknowledged.subscribe();
        let wanted = *count.borrow() + more;
        let reached = tokio::time::timeout(PATIENCE, count.wait_for(|count| *count >= wanted)).await;
        reached.unwrap_or_else(|_| panic!("fewer than {more} writes: {:?}", self.shared.journal)).unwrap();
    }

    /// Waits until this many writes that began after an instant are acknowledged.
    pub(crate) async fn acknowledged_since(&self, since: Instant, wanted: usize) {
        let begun = || {
            let journal = self.shared.journal.lock().unwrap();
            journal.acknowledged.iter().filter(|(begun, _)| *begun > since).count()
        };
        while begun() < wanted {
            self.acknowledged(1).await;
        }
    }

    pub(crate) async fn stop(self) -> Journal {
        self.shared.stop.store(true, Ordering::Relaxed);
        let joined = tokio::time::timeout(PATIENCE, self.tasks.join_all()).await;
        joined.unwrap_or_else(|_| panic!("an operation does not end: {:?}", self.shared.journal));
        std::mem::take(&mut self.shared.journal.lock().unwrap())
    }
}

impl Journal {
    /// The time from a moment to the first acknowledgement of a write that began after it.
    pub(crate) fn recovery(&self, since: Instant) -> Duration {
        let after = self.acknowledged.iter().filter(|(begun, _)| *begun > since);
        after.map(|(_, ended)| *ended - since).min().unwrap()
    }

    /// The longest time that an acknowledged write took.
    pub(crate) fn slowest(&self) -> Duration {
        self.acknowledged.iter().map(|(begun, ended)| *ended - *begun).max().unwrap()
    }
}

impl Shared {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn note<R>(&self, note: impl FnOnce(&mut Journal) -> R) {
        note(&mut self.journal.lock().unwrap());
    }

    fn acknowledge<R>(&self, begun: Instant, note: impl FnOnce(&mut Journal) -> R) {
        let mut journal = self.journal.lock().unwrap();
        journal.acknowledged.push((begun, Instant::now()));
        note(&mut journal);
        drop(journal);
        self.acknowledged.send_modify(|count| *count += 1);
    }

    /// Whether the operation can be repeated. Any other error is recorded for the end of the test, and stops all callers.
    fn may_repeat(&self, what: &str, error: &Error) -> bool {
        let retryable = is_retryable(error);
        self.note(|journal| match retryable {
            true => journal.retryable += 1,
            false => journal.wrong.push(format!("{what}: {error:?}")),
        });
        if !retryable {
            self.stop.store(true, Ordering::Relaxed);
        }
        retryable
    }

    /// Creates a row, and repeats this until the row exists.
    async fn create(&self, name: &str) -> Option<PState<Counter>> {
        let mut open = false;
        loop {
            let begun = Instant::now();
            match self.counters.create(counter(name, "")).await {
                Ok(state) => {
                    self.acknowledge(begun, |journal| journal.created.insert(name.to_owned()));
                    return Some(state);
                }
                // An earlier attempt succeeded.
                Err(error) if open && error.is_duplicate_key() => {
                    match self.counters.retrieve_one(&Name(name.into())).await {
                        Ok(state) => {
                            self.note(|journal| journal.created.insert(name.to_owned()));
                            return Some(state);
                        }
                        Err(error) if self.may_repeat("retrieve what was created", &error) => {}
                        Err(_) => return None,
                    }
                }
                Err(error) if self.may_repeat("create", &error) => open = true,
                Err(_) => return None,
            }
        }
    }

    /// Deletes a row, and repeats this until the row is gone.
    async fn delete(&self, name: &str, mut state: PState<Counter>) {
        let mut open = false;
        loop {
            let begun = Instant::now();
            match self.counters.delete(state).await {
                Ok(_) => {
                    return self.acknowledge(begun, |journal| journal.deleted.insert(name.to_owned()));
                }
                Err(refused) => {
                    let (error, same) = refused.into_parts();
                    state = same;
                    if open && error.is_not_found() {
                        return self.note(|journal| journal.deleted.insert(name.to_owned()));
                    }
                    if !self.may_repeat("delete", &error) {
                        return;
                    }
                    open = true;
                }
            }
        }
    }
}

async fn creates(shared: Arc<Shared>, caller: usize) {
    for number in 0.. {
        if !shared.goes_on() {
            return;
        }
        shared.create(&format!("{}-created-{caller}-{number}", shared.label)).await;
    }
}

async fn batches(shared: Arc<Shared>, caller: usize) {
    for number in 0.. {
        if !shared.goes_on() {
            return;
        }
        let batch = format!("{}-batch-{caller}-{number}", shared.label);
        let rows = (0..BATCH).map(|row| counter(format!("{batch}-{row}"), batch.clone()));
        let begun = Instant::now();
        match shared.counters.create_many(rows).await {
            Ok(_) => shared.acknowledge(begun, |journal| journal.batches.insert(batch)),
            Err(error) if shared.may_repeat("create_many", &error) => {
                shared.note(|journal| journal.open_batches.insert(batch));
            }
            Err(_) => return,
        }
    }
}

async fn pairs(shared: Arc<Shared>, caller: usize) {
    let marked = Name(shared_counters(&shared.label)[0].clone());
    for number in 0.. {
        if !shared.goes_on() {
            return;
        }
        let name = format!("{}-pair-{caller}-{number}", shared.label);
        let mark = i64::try_from((100 + caller) * 1_000_000 + number).unwrap();
        let begun = Instant::now();
        let pair = shared.store.transaction(async |tx| {
            tx.repo::<Counter>().create(counter(name.clone(), "pair")).await?;
            let state = tx.repo::<Counter>().retrieve_one(&marked).await?;
            tx.repo::<Counter>().update(state.modify(|counter| counter.marks.push(mark))).await?;
            let title = Title(name.clone());
            tx.repo::<Big>().create(Big { title, text: String::new(), nest: None }).await.map(drop)
        });
        match pair.await {
            Ok(()) => shared.acknowledge(begun, |journal| {
                journal.marks.insert(mark);
                journal.pairs.insert(name)
            }),
            // Others conflicted for too long, and nothing was done.
            Err(Error::TransactionConflict { .. }) => shared.note(|journal| journal.conflicts += 1),
            Err(error) if shared.may_repeat("a transaction", &error) => shared.note(|journal| {
                if matches!(error, Error::OutcomeUnknown { .. }) {
                    journal.open_marks.insert(mark);
                    journal.open_pairs.insert(name);
                }
            }),
            Err(_) => return,
        }
    }
}

async fn updates(shared: Arc<Shared>, caller: usize) {
    let names = shared_counters(&shared.label).map(Name);
    for number in 0.. {
        if !shared.goes_on() {
            return;
        }
        let mark = i64::try_from(caller * 1_000_000 + number).unwrap();
        let state = match shared.counters.retrieve_one(&names[number % names.len()]).await {
            Ok(state) => state,
            Err(error) if shared.may_repeat("retrieve_one", &error) => continue,
            Err(_) => return,
        };
        let begun = Instant::now();
        match shared.counters.update(state.modify(|counter| counter.marks.push(mark))).await {
            Ok(_) => shared.acknowledge(begun, |journal| journal.marks.insert(mark)),
            // Another caller was faster.
            Err(refused) if refused.is_write_conflict() => {}
            Err(refused) if shared.may_repeat("update", refused.error()) => {
                shared.note(|journal| journal.open_marks.insert(mark));
            }
            Err(_) => return,
        }
    }
}

async fn deletes(shared: Arc<Shared>, caller: usize) {
    for number in 0.. {
        if !shared.goes_on() {
            return;
        }
        let name = format!("{}-deleted-{caller}-{number}", shared.label);
        let Some(state) = shared.create(&name).await else { return };
        shared.delete(&name, state).await;
    }
}

async fn reads(shared: Arc<Shared>) {
    let name = Name(shared_counters(&shared.label)[0].clone());
    while shared.goes_on() {
        match shared.counters.retrieve(&name).await {
            Ok(found) => shared.note(|journal| {
                journal.reads += 1;
                if found.is_none() {
                    journal.wrong.push("a row that always existed is missing".to_owned());
                }
            }),
            Err(error) if shared.may_repeat("retrieve", &error) => {}
            Err(_) => return,
        }
    }
}

async fn streams(shared: Arc<Shared>) {
    while shared.goes_on() {
        let mut stream = shared.counters.stream(Counter::query());
        while let Some(item) = stream.next().await {
            match item {
                Ok(_) => {}
                Err(error) if shared.may_repeat("stream", &error) => break,
                Err(_) => return,
            }
        }
    }
}
