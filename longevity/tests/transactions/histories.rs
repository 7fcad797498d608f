//! Several threads run transactions and single operations at the same time. Afterwards, their history is checked: is there a
//! serial order that explains everything that was seen, and in which no operation comes before another that had ended when it
//! began?
//!
//! Each write appends a unique stamp to a row's notes, so a reader of a row sees all its writes in their order.
//! `LONGEVITY_HISTORIES` sets the number of histories on each back end, and `LONGEVITY_SEED` repeats a run.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use longevity::Transaction;
use longevity::backend::Backend;
use longevity::prelude::*;

use crate::bank::{Account, Bank, Door, Number, Store, Vault};
use crate::chance::{self, Chance};

on_each_back_end!(histories_have_an_order_that_explains_them);

const THREADS: u64 = 4;
const OPERATIONS: usize = 20;
const ACCOUNTS: usize = 4;

/// What a transaction, or a single operation, read and wrote.
#[derive(Clone, Debug, Default)]
struct Record {
    /// The stamps that each account had when it was read, except this record's own.
    reads: Vec<(u32, Vec<String>)>,
    writes: Vec<(u32, String)>,
    began: u64,
    ended: u64,
}

/// The time that all threads share. Each reading of it advances it.
struct Clock(AtomicU64);

impl Clock {
    fn now(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// One thread's part of a history.
struct Actor<'a, B: Backend> {
    bank: &'a Store<B>,
    clock: &'a Clock,
    name: String,
    stamps: u64,
    chance: Chance,
    records: Vec<Record>,
    /// The stamps of undone writes.
    undone: Vec<String>,
}

/// What is done in a step.
#[derive(Clone, Copy, Debug)]
enum Step {
    Read(u32),
    ReadAll,
    Append(u32),
    /// Appends to an account in a nested transaction, which then fails.
    AppendAndUndo(u32),
    /// Lets others run.
    Pause,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Commit,
    Fail,
    Panic,
    Drop,
}

/// The error of a script that has to fail.
#[derive(Debug)]
enum Failed {
    OnPurpose(Vec<String>),
    Store(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl Record {
    fn read(&mut self, number: u32, notes: &[String]) {
        let own: BTreeSet<_> = self.writes.iter().map(|(_, stamp)| stamp).collect();
        let others = notes.iter().filter(|stamp| !own.contains(stamp)).cloned().collect();
        self.reads.push((number, others));
    }
}

impl<B: Backend> Actor<'_, B> {
    fn stamp(&mut self) -> String {
        self.stamps += 1;
        format!("{}.{}", self.name, self.stamps)
    }

    fn step(&mut self) -> Step {
        let number = self.chance.below(ACCOUNTS) as u32;
        match self.chance.below(10) {
            0..3 => Step::Read(number),
            3 => Step::ReadAll,
            4..8 => Step::Append(number),
            8 => Step::AppendAndUndo(number),
            _ => Step::Pause,
        }
    }

    async fn act(&mut self) {
        let mut left = OPERATIONS;
        while left > 0 {
            let steps = self.chance.below(5).min(left);
            left -= steps.max(1);
            match steps {
                0 => self.alone().await,
                _ => self.together(steps).await,
            }
        }
    }

    /// A single operation outside of transactions.
    async fn alone(&mut self) {
        let rows = Rows { accounts: self.bank.repo(), vaults: self.bank.repo() };
        let number = self.chance.below(ACCOUNTS) as u32;
        let mut record = Record { began: self.clock.now(), ..Record::default() };
        if self.chance.is_one_in(2) {
            record.read(number, &rows.notes(number).await.unwrap().unwrap_or_default());
        } else {
            let stamp = self.stamp();
            record.writes.push((number, stamp.clone()));
            match rows.push(number, &stamp).await.unwrap() {
                Some(notes) => record.read(number, &notes),
                None => match rows.create(number, &stamp).await {
                    Ok(()) => record.reads.push((number, Vec::new())),
                    Err(error) if error.is_duplicate_key() => record.writes.clear(),
                    Err(error) => panic!("{error}"),
                },
            }
        }
        record.ended = self.clock.now();
        self.records.push(record);
    }

    /// Several steps in a transaction.
    async fn together(&mut self, steps: usize) {
        let steps: Vec<_> = (0..steps).map(|_| (self.step(), self.stamp())).collect();
        let end =
            *self.chance.of(&[End::Commit, End::Commit, End::Commit, End::Commit, End::Fail, End::Panic, End::Drop]);
        let began = self.clock.now();
        if end == End::Drop {
            let tx = self.bank.begin().await.unwrap();
            let mut record = Record::default();
            // The transaction may have lost a conflict; it will not be committed anyway.
            _ = script(nests(self.bank), &tx, &steps, &mut record).await;
            self.undone.extend(record.writes.into_iter().map(|(_, stamp)| stamp));
            return;
        }
        let done = self.bank.transaction(async |tx| {
            let mut record = Record { began, ..Record::default() };
            script(nests(self.bank), &tx, &steps, &mut record).await?;
            let stamps = || record.writes.iter().map(|(_, stamp)| stamp.clone()).collect::<Vec<_>>();
            match end {
                End::Fail => Err(Failed::OnPurpose(stamps())),
                // Unlike `panic!`, this prints nothing.
                End::Panic => resume_unwind(Box::new(stamps())),
                End::Commit | End::Drop => Ok(record),
            }
        });
        match AssertUnwindSafe(done).catch_unwind().await {
            Ok(Ok(record)) => self.records.push(Record { ended: self.clock.now(), ..record }),
            Ok(Err(Failed::OnPurpose(stamps))) => self.undone.extend(stamps),
            Ok(Err(Failed::Store(error))) => panic!("{error}"),
            Err(panic) => match panic.downcast::<Vec<String>>() {
                Ok(stamps) => self.undone.extend(*stamps),
                Err(panic) => resume_unwind(panic),
            },
        }
    }
}

/// The accounts. Half of them are vaults, in a table of their own.
struct Rows<B: Backend> {
    accounts: Repo<Account, B>,
    vaults: Repo<Vault, B>,
}

impl<B: Backend> Rows<B> {
    fn is_vault(number: u32) -> bool {
        number as usize >= ACCOUNTS / 2
    }

    async fn notes(&self, number: u32) -> Result<Option<Vec<String>>, Error> {
        Ok(match Self::is_vault(number) {
            true => self.vaults.retrieve(&Door(number)).await?.map(|state| state.notes.clone()),
            false => self.accounts.retrieve(&Number(number)).await?.map(|state| state.notes.clone()),
        })
    }

    async fn all_notes(&self) -> Result<BTreeMap<u32, Vec<String>>, Error> {
        // These read by an index, and by a scan.
        let accounts = self.accounts.find(Account::query().filter(Account::props().balance.ge(1))).await?;
        let vaults = self.vaults.find(Vault::query().filter(!Vault::props().notes.is_empty())).await?;
        let accounts = accounts.iter().map(|state| (state.number.0, state.notes.clone()));
        Ok(accounts.chain(vaults.iter().map(|state| (state.door.0, state.notes.clone()))).collect())
    }

    async fn create(&self, number: u32, stamp: &str) -> Result<(), Error> {
        let notes = vec![stamp.to_owned()];
        match Self::is_vault(number) {
            true => self.vaults.create(Vault { door: Door(number), notes }).await.map(drop),
            false => self.accounts.create(Account { number: Number(number), balance: 1, notes }).await.map(drop),
        }
    }

    /// Appends a stamp in one operation; returns all the stamps of the row after it.
    async fn push(&self, number: u32, stamp: &str) -> Result<Option<Vec<String>>, Error> {
        let (a, v) = (Account::props().notes.push(stamp), Vault::props().notes.push(stamp));
        Ok(match Self::is_vault(number) {
            true => self.vaults.patch_by(&Door(number), v).await?.map(|state| state.notes.clone()),
            false => self.accounts.patch_by(&Number(number), a).await?.map(|state| state.notes.clone()),
        })
    }

    /// Appends a stamp in two operations; returns the stamps of the row before it.
    async fn read_and_write(&self, number: u32, stamp: &str) -> Result<Option<Vec<String>>, Error> {
        let before = self.notes(number).await?;
        if before.is_none() {
            return Ok(None);
        }
        match Self::is_vault(number) {
            true => {
                let state = self.vaults.retrieve_one(&Door(number)).await?;
                self.vaults.update(state.modify(|it| it.notes.push(stamp.to_owned()))).await?;
            }
            false => {
                let state = self.accounts.retrieve_one(&Number(number)).await?;
                self.accounts.update(state.modify(|it| it.notes.push(stamp.to_owned()))).await?;
            }
        }
        Ok(before)
    }

    async fn clear(&self) {
        self.accounts.delete_where(Account::query().all()).await.unwrap();
        self.vaults.delete_where(Vault::query().all()).await.unwrap();
    }
}

async fn script<B: Backend>(
    nests: bool,
    tx: &Transaction<Bank, B>,
    steps: &[(Step, String)],
    record: &mut Record,
) -> Result<(), Error> {
    let rows = Rows { accounts: tx.repo(), vaults: tx.repo() };
    for (step, stamp) in steps {
        match *step {
            Step::Read(number) => record.read(number, &rows.notes(number).await?.unwrap_or_default()),
            Step::ReadAll => {
                let all = rows.all_notes().await?;
                for number in 0..ACCOUNTS as u32 {
                    record.read(number, all.get(&number).map_or(&[], Vec::as_slice));
                }
            }
            Step::Append(number) => append(&rows, number, stamp, record).await?,
            Step::AppendAndUndo(number) if nests => {
                let mut undone = record.clone();
                let nested = tx.transaction(async |tx| {
                    let rows = Rows { accounts: tx.repo(), vaults: tx.repo() };
                    append(&rows, number, stamp, &mut undone).await?;
                    Err::<(), _>(Error::InvalidCursor { problem: "none" })
                });
                assert!(nested.await.is_err());
                // The reads of the nested transaction count, its writes do not.
                record.reads = undone.reads;
            }
            Step::AppendAndUndo(_) | Step::Pause => tokio::task::yield_now().await,
        }
    }
    Ok(())
}

/// Whether transactions of the back end can be nested.
fn nests<B: Backend>(bank: &Store<B>) -> bool {
    bank.backend().capabilities().savepoints
}

async fn append<B: Backend>(rows: &Rows<B>, number: u32, stamp: &str, record: &mut Record) -> Result<(), Error> {
    match rows.read_and_write(number, stamp).await? {
        Some(before) => record.read(number, &before),
        None => {
            record.reads.push((number, Vec::new()));
            rows.create(number, stamp).await?;
        }
    }
    record.writes.push((number, stamp.to_owned()));
    Ok(())
}

/// The isolation that a history is checked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Isolation {
    /// Everything behaves as if done one after the other.
    Serializable,
    /// Each transaction saw one moment, and no other wrote the same rows between that moment and its end. Rows that it only read
    /// may have been overwritten.
    Snapshot,
}

impl Isolation {
    fn of<B: Backend>(bank: &Store<B>) -> Self {
        if bank.backend().name() == "mongo" { Self::Snapshot } else { Self::Serializable }
    }
}

/// A transaction in the search for cycles, and whether it is reached as one that overwrote what another saw.
type Node = (usize, bool);

/// Fails with a description of the contradiction if the history does not have this isolation.
///
/// The order of the transactions must have no cycle. Under snapshots, a cycle is allowed if it contains two consecutive
/// transactions each of which did not see what the next one wrote: <https://doi.org/10.1145/1071610.1071615>.
fn check(
    isolation: Isolation,
    records: &[Record],
    last: &BTreeMap<u32, Vec<String>>,
    undone: &[String],
) -> Result<(), String> {
    let written: BTreeSet<_> = records.iter().flat_map(|record| &record.writes).map(|(_, stamp)| stamp).collect();
    let kept: BTreeSet<_> = last.values().flatten().collect();
    if written != kept {
        return Err(format!("written: {written:?}, kept: {kept:?}"));
    }
    if let Some(stamp) = undone.iter().find(|stamp| kept.contains(stamp)) {
        return Err(format!("{stamp} was undone, but is there"));
    }
    let writer = |number: u32, at: usize| {
        let stamp = last.get(&number)?.get(at)?;
        records.iter().position(|record| record.writes.iter().any(|(_, own)| own == stamp))
    };
    let mut before = vec![BTreeSet::new(); records.len()];
    // The transactions that saw what this one overwrote, and did not see its write.
    let mut unseen_by = vec![BTreeSet::new(); records.len()];
    for (at, record) in records.iter().enumerate() {
        for (number, stamps) in &record.reads {
            let all = last.get(number).map_or(&[][..], Vec::as_slice);
            if !all.starts_with(stamps) {
                return Err(format!("{record:?} saw {stamps:?} on {number}, which was {all:?}"));
            }
            // A reader comes after the writer of the last stamp it saw, and before the writer of the next one.
            let seen = stamps.len().checked_sub(1).and_then(|last| writer(*number, last));
            before[at].extend(seen.filter(|writer| *writer != at));
            if let Some(next) = writer(*number, stamps.len()).filter(|writer| *writer != at) {
                unseen_by[next].insert(at);
            }
        }
        before[at].extend((0..records.len()).filter(|other| records[*other].ended < record.began));
    }
    for (number, stamps) in last {
        for at in 1..stamps.len() {
            if let (Some(first), Some(second)) = (writer(*number, at - 1), writer(*number, at))
                && first != second
            {
                before[second].insert(first);
            }
        }
    }
    let earlier = |(at, is_unseen): Node| -> BTreeSet<Node> {
        match isolation {
            Isolation::Serializable => before[at].union(&unseen_by[at]).map(|other| (*other, false)).collect(),
            Isolation::Snapshot if is_unseen => unseen_by[at].iter().map(|other| (*other, false)).collect(),
            Isolation::Snapshot => before[at].iter().flat_map(|other| [(*other, false), (*other, true)]).collect(),
        }
    };
    // Takes away the transactions that have none before them, again and again: what is left contains a cycle.
    let mut left: BTreeMap<Node, BTreeSet<Node>> =
        (0..records.len()).flat_map(|at| [(at, false), (at, true)]).map(|node| (node, earlier(node))).collect();
    while !left.is_empty() {
        let is_first = |earlier: &BTreeSet<Node>| earlier.iter().all(|node| !left.contains_key(node));
        let first: Vec<_> = left.iter().filter(|(_, earlier)| is_first(earlier)).map(|(node, _)| *node).collect();
        if first.is_empty() {
            let cycle: Vec<_> = left.iter().map(|(node, earlier)| (&records[node.0], node, earlier)).collect();
            return Err(format!("each of these comes before another one of them: {cycle:#?}"));
        }
        left.retain(|node, _| !first.contains(node));
    }
    Ok(())
}

async fn histories_have_an_order_that_explains_them<B: Backend>(bank: &Store<B>) {
    let variable = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let histories = variable("LONGEVITY_HISTORIES").unwrap_or(60);
    let seed = variable("LONGEVITY_SEED").unwrap_or_else(chance::seed);
    let (mut records_seen, mut undone_seen) = (0, 0);
    for history in 0..histories {
        let clock = std::sync::Arc::new(Clock(AtomicU64::new(0)));
        let actors: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (bank, clock) = (bank.clone(), std::sync::Arc::clone(&clock));
                tokio::spawn(async move {
                    let chance = Chance::new(seed.wrapping_add(history), thread);
                    let name = format!("{thread}");
                    let (records, undone) = (Vec::new(), Vec::new());
                    let mut actor = Actor { bank: &bank, clock: &clock, name, stamps: 0, chance, records, undone };
                    actor.act().await;
                    (actor.records, actor.undone)
                })
            })
            .collect();
        let (mut records, mut undone) = (Vec::new(), Vec::new());
        for actor in actors {
            let (own, given_up) = actor.await.unwrap();
            records.extend(own);
            undone.extend(given_up);
        }
        let rows = Rows { accounts: bank.repo(), vaults: bank.repo() };
        let last = rows.all_notes().await.unwrap();
        if let Err(problem) = check(Isolation::of(bank), &records, &last, &undone) {
            panic!("on {}, LONGEVITY_SEED={} may reproduce it: {problem}", B::NAME, seed.wrapping_add(history));
        }
        records_seen += records.len();
        undone_seen += undone.len();
        rows.clear().await;
    }
    println!(
        "{}: {histories} histories with {records_seen} transactions, {undone_seen} writes undone; LONGEVITY_SEED={seed}",
        B::NAME
    );
}

/// Anomalies are found in histories that have them.
#[test]
fn histories_without_an_order_are_detected() {
    let record = |reads: &[(u32, &[&str])], writes: &[(u32, &str)], began, ended| Record {
        reads: reads
            .iter()
            .map(|(number, stamps)| (*number, stamps.iter().map(|s| (*s).to_owned()).collect()))
            .collect(),
        writes: writes.iter().map(|(number, stamp)| (*number, (*stamp).to_owned())).collect(),
        began,
        ended,
    };
    let last = |rows: &[(u32, &[&str])]| -> BTreeMap<u32, Vec<String>> {
        rows.iter().map(|(number, stamps)| (*number, stamps.iter().map(|s| (*s).to_owned()).collect())).collect()
    };
    let one_after_the_other = [record(&[(1, &[])], &[(1, "a")], 0, 1), record(&[(1, &["a"])], &[(1, "b")], 2, 3)];
    let both = [Isolation::Serializable, Isolation::Snapshot];
    let is_found = |records: &[Record], rows: &[(u32, &[&str])], undone: &[String]| {
        both.map(|isolation| check(isolation, records, &last(rows), undone).is_err())
    };
    assert_eq!(is_found(&one_after_the_other, &[(1, &["a", "b"])], &[]), [false, false]);
    let lost = [record(&[(1, &[])], &[(1, "a")], 0, 3), record(&[(1, &[])], &[(1, "b")], 1, 2)];
    assert_eq!(is_found(&lost, &[(1, &["b"])], &[]), [true, true]);
    assert_eq!(is_found(&lost, &[(1, &["a", "b"])], &[]), [true, true]);
    let skew = [record(&[(1, &[]), (2, &[])], &[(1, "a")], 0, 3), record(&[(1, &[]), (2, &[])], &[(2, "b")], 1, 2)];
    assert_eq!(is_found(&skew, &[(1, &["a"]), (2, &["b"])], &[]), [true, false]);
    let dirty = [record(&[(1, &["x"])], &[], 0, 1)];
    assert_eq!(is_found(&dirty, &[], &["x".to_owned()]), [true, true]);
    assert_eq!(is_found(&[], &[(1, &["x"])], &["x".to_owned()]), [true, true]);
    // Two rows were written at once; one was read before the write and one after it.
    let torn =
        [record(&[(1, &[]), (2, &[])], &[(1, "a"), (2, "a")], 0, 3), record(&[(1, &[]), (2, &["a"])], &[], 1, 2)];
    assert_eq!(is_found(&torn, &[(1, &["a"]), (2, &["a"])], &[]), [true, true]);
    // It read what had been overwritten before it began.
    let late = [record(&[(1, &[])], &[(1, "a")], 0, 1), record(&[(1, &[])], &[], 2, 3)];
    assert_eq!(is_found(&late, &[(1, &["a"])], &[]), [true, true]);
}
