//! Transactions: in memory against tables written by hand, whose one lock is held for the whole transaction, and on a SQLite file
//! against `BEGIN IMMEDIATE` .. `COMMIT` by hand.
//!
//! The file has `synchronous = NORMAL`, because waiting for the disk would hide everything else. `group_commit` measures that.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::process::ExitCode;
use std::sync::RwLock;

use longevity::Durability;
use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity_benches::by_hand::{State, Tables};
use longevity_benches::model::{Blogging, User, Username, user};
use longevity_benches::rounds::{Clock, Contender, compare, measuring};
use longevity_benches::sqlite::{Sqlite, State as Row, Synchronous};
use longevity_benches::work::{digest, picks, username};

const ROWS: u64 = 50_000;
const TRANSACTIONS: u64 = 20_000;
const BATCHES: u64 = 100;
const BATCH: u64 = 100;

fn main() -> ExitCode {
    println!("{ROWS} rows; blocking facade; medians of 9 rounds, the contenders in turn\n\nmemory");
    let memory = WithLongevity { open: |_: &Path| Mem::new() };
    let file = |path: &Path| longevity::Sqlite::file(path).durability(Durability::Normal).cache_kib(64 * 1024);
    let sqlite = WithLongevity { open: file };
    let compared = compare(&[&MemoryByHand, &memory], 9).and_then(|()| {
        println!("\nSQLite, a file");
        compare(&[&SqliteByHand, &sqlite], 9)
    });
    match compared {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The number of transactions, which is small if nothing is measured.
fn transactions() -> u64 {
    if measuring() { TRANSACTIONS } else { 200 }
}

fn change(user: &mut User, cats: i64) {
    if let User::Member(member) = user {
        member.num_cats += cats;
    }
}

/// The names of the two users of each transaction, who always differ.
fn pairs(names: &[Username]) -> impl Iterator<Item = [&Username; 2]> {
    let half = names.len() as u64 / 2;
    picks(transactions(), half).map(move |pick| [&names[pick as usize], &names[(pick + half) as usize]])
}

fn newcomers() -> impl Iterator<Item = Vec<User>> {
    let batches = if measuring() { BATCHES } else { 1 };
    (0..batches).map(|batch| (0..BATCH).map(|number| user(ROWS + batch * BATCH + number)).collect())
}

struct MemoryByHand;

impl Contender for MemoryByHand {
    fn name(&self) -> &'static str {
        "by hand"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let users: Vec<User> = (0..ROWS).map(user).collect();
        let names: Vec<Username> = users.iter().map(|user| username(user).clone()).collect();
        let tables = RwLock::new(Tables::default());
        users.into_iter().for_each(|user| drop(tables.write().unwrap().create(user).unwrap()));
        clock.phase("two reads, two updates", transactions(), || {
            for [from, to] in pairs(&names) {
                let mut tables = tables.write().unwrap();
                let (mut from, mut to) = (tables.get(from).unwrap(), tables.get(to).unwrap());
                change(&mut from.user, -1);
                change(&mut to.user, 1);
                tables.update(from).unwrap();
                tables.update(to).unwrap();
            }
        });
        let mut states: Vec<Option<[State; 2]>> = {
            let tables = tables.read().unwrap();
            let pair = |at: usize| [at, at + names.len() / 2].map(|at| tables.get(&names[at]).unwrap());
            (0..names.len() / 2).map(|at| Some(pair(at))).collect()
        };
        clock.phase("two updates", transactions(), || {
            for pick in picks(transactions(), ROWS / 2) {
                let [mut from, mut to] = states[pick as usize].take().unwrap();
                change(&mut from.user, -1);
                change(&mut to.user, 1);
                let mut tables = tables.write().unwrap();
                states[pick as usize] = Some([tables.update(from).unwrap(), tables.update(to).unwrap()]);
            }
        });
        for batch in newcomers() {
            clock.phase("100 creates, per row", BATCH, || {
                let mut tables = tables.write().unwrap();
                batch.into_iter().for_each(|user| drop(tables.create(user).unwrap()));
            });
        }
        let mut hasher = DefaultHasher::new();
        let tables = tables.read().unwrap();
        names.iter().for_each(|name| digest(&mut hasher, &tables.get(name).unwrap().user));
        hasher.write_usize(tables.rows.len());
        hasher.finish()
    }
}

struct SqliteByHand;

impl Contender for SqliteByHand {
    fn name(&self) -> &'static str {
        "by hand"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let users: Vec<User> = (0..ROWS).map(user).collect();
        let names: Vec<Username> = users.iter().map(|user| username(user).clone()).collect();
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::create_file(&directory.path().join("by-hand.db"), Synchronous::Normal);
        users.chunks(1_000).for_each(|users| drop(store.create_many(users.to_vec()).unwrap()));
        clock.phase("two reads, two updates", transactions(), || {
            for [from, to] in pairs(&names) {
                let moved = store.transaction(|tx| {
                    let (mut from, mut to) = (tx.get(from).unwrap(), tx.get(to).unwrap());
                    change(&mut from.user, -1);
                    change(&mut to.user, 1);
                    tx.update(from)?;
                    tx.update(to)
                });
                moved.unwrap();
            }
        });
        let mut states: Vec<Option<[Row; 2]>> = {
            let pair = |at: usize| [at, at + names.len() / 2].map(|at| store.get(&names[at]).unwrap());
            (0..names.len() / 2).map(|at| Some(pair(at))).collect()
        };
        clock.phase("two updates", transactions(), || {
            for pick in picks(transactions(), ROWS / 2) {
                let [mut from, mut to] = states[pick as usize].take().unwrap();
                change(&mut from.user, -1);
                change(&mut to.user, 1);
                let changed = store.transaction(|tx| Ok([tx.update(from)?, tx.update(to)?]));
                states[pick as usize] = Some(changed.unwrap());
            }
        });
        for batch in newcomers() {
            clock.phase("100 creates, per row", BATCH, || {
                let created = store.transaction(|tx| batch.into_iter().try_for_each(|user| tx.create(user).map(drop)));
                created.unwrap();
            });
        }
        let mut hasher = DefaultHasher::new();
        names.iter().for_each(|name| digest(&mut hasher, &store.get(name).unwrap().user));
        hasher.write_usize(store.all().len());
        hasher.finish()
    }
}

struct WithLongevity<F> {
    open: F,
}

impl<B: Backend, F: Fn(&Path) -> B> Contender for WithLongevity<F> {
    fn name(&self) -> &'static str {
        "longevity"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let values: Vec<User> = (0..ROWS).map(user).collect();
        let names: Vec<Username> = values.iter().map(|user| username(user).clone()).collect();
        let directory = tempfile::tempdir().unwrap();
        let store = Longevity::<Blogging, _>::open((self.open)(&directory.path().join("longevity.db"))).unwrap();
        store.create_schema().unwrap();
        let users = store.repo::<User>();
        values.chunks(1_000).for_each(|values| drop(users.create_many(values.to_vec()).unwrap()));
        clock.phase("two reads, two updates", transactions(), || {
            for [from, to] in pairs(&names) {
                let moved = store.transaction(|tx| {
                    let users = tx.repo::<User>();
                    let (from, to) = (users.retrieve_one(from)?, users.retrieve_one(to)?);
                    users.update(from.modify(|user| change(user, -1)))?;
                    users.update(to.modify(|user| change(user, 1)))?;
                    Ok::<_, Error>(())
                });
                moved.unwrap();
            }
        });
        let mut states: Vec<Option<[PState<User>; 2]>> = {
            let pair = |at: usize| [at, at + names.len() / 2].map(|at| users.retrieve(&names[at]).unwrap().unwrap());
            (0..names.len() / 2).map(|at| Some(pair(at))).collect()
        };
        clock.phase("two updates", transactions(), || {
            for pick in picks(transactions(), ROWS / 2) {
                let [from, to] = states[pick as usize].take().unwrap();
                let tx = store.begin().unwrap();
                let users = tx.repo::<User>();
                let from = users.update(from.modify(|user| change(user, -1))).unwrap();
                let to = users.update(to.modify(|user| change(user, 1))).unwrap();
                tx.commit().unwrap();
                states[pick as usize] = Some([from, to]);
            }
        });
        for batch in newcomers() {
            clock.phase("100 creates, per row", BATCH, || {
                let tx = store.begin().unwrap();
                let users = tx.repo::<User>();
                batch.into_iter().for_each(|user| drop(users.create(user).unwrap()));
                tx.commit().unwrap();
            });
        }
        let mut hasher = DefaultHasher::new();
        names.iter().for_each(|name| digest(&mut hasher, &users.retrieve(name).unwrap().unwrap()));
        hasher.write_usize(users.count(User::query().all()).unwrap() as usize);
        hasher.finish()
    }
}
