//! Durable writes. One caller, or 32 callers at once, create rows, and each caller waits until its row is on the disk.
//! Transactions read a row and change it, and each waits until its change is on the disk.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use longevity::backend::Backend;
use longevity::prelude::*;
use longevity_benches::model::{Blogging, User, Username, user};
use longevity_benches::rounds::{Clock, Contender, compare};
use longevity_benches::sqlite::{Sqlite, Synchronous};
use longevity_benches::work::{digest, username};

const ALONE: u64 = 1_000;
const CALLERS: u64 = 32;
/// The number of rows that each caller creates.
const TOGETHER: u64 = 100;
/// The number of transactions of one caller, and of each of 32.
const CHANGES: u64 = 1_000;
const CHANGES_TOGETHER: u64 = 200;
const ROWS: u64 = ALONE + CALLERS * TOGETHER;

fn main() -> ExitCode {
    println!("synchronous = FULL; medians of 9 rounds, the contenders in turn\n");
    let sqlite = WithLongevity { name: "longevity", open: |path: &Path| longevity::Sqlite::file(path) };
    match compare(&[&ByHand, &sqlite], 9) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The users that one of the 32 callers creates.
fn share(caller: u64) -> Vec<User> {
    let first = ALONE + caller * TOGETHER;
    (first..first + TOGETHER).map(user).collect()
}

/// The users that only this caller changes, one after the other.
fn changed(caller: u64, changes: u64) -> impl Iterator<Item = Username> {
    let first = ALONE + caller * TOGETHER;
    (0..changes).map(move |change| username(&user(first + change % TOGETHER)).clone())
}

fn change(user: &mut User) {
    if let User::Member(member) = user {
        member.num_cats += 1;
    }
}

/// One connection behind a mutex, one transaction per row, a thread per caller.
struct ByHand;

impl Contender for ByHand {
    fn name(&self) -> &'static str {
        "by hand"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::create_file(&directory.path().join("by-hand.db"), Synchronous::Full);
        let alone: Vec<User> = (0..ALONE).map(user).collect();
        let shares: Vec<_> = (0..CALLERS).map(share).collect();
        let create = |users: Vec<User>| {
            for user in users {
                store.create(user).unwrap();
            }
        };
        clock.phase("create, one caller", ALONE, || create(alone));
        clock.phase("create, 32 callers", CALLERS * TOGETHER, || {
            thread::scope(|scope| {
                for share in shares {
                    scope.spawn(|| create(share));
                }
            });
        });
        let change = |names: Vec<Username>| {
            for name in names {
                let changed = store.transaction(|tx| {
                    let mut state = tx.get(&name).unwrap();
                    change(&mut state.user);
                    tx.update(state)
                });
                changed.unwrap();
            }
        };
        clock.phase("transaction, one caller", CHANGES, || change(changed(0, CHANGES).collect()));
        clock.phase("transaction, 32 callers", CALLERS * CHANGES_TOGETHER, || {
            thread::scope(|scope| {
                for caller in 0..CALLERS {
                    scope.spawn(move || change(changed(caller, CHANGES_TOGETHER).collect()));
                }
            });
        });
        let mut hasher = DefaultHasher::new();
        (0..ROWS).for_each(|number| digest(&mut hasher, &store.get(username(&user(number))).unwrap().user));
        hasher.finish()
    }
}

/// A task per caller, on a runtime with as many threads as there are cores.
struct WithLongevity<F> {
    name: &'static str,
    open: F,
}

impl<B: Backend, F: Fn(&Path) -> B> Contender for WithLongevity<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let backend = (self.open)(&directory.path().join("longevity.db"));
        let store = runtime.block_on(Longevity::<Blogging, _>::open(backend)).unwrap();
        runtime.block_on(store.create_schema()).unwrap();
        let users = store.repo::<User>();
        let alone: Vec<User> = (0..ALONE).map(user).collect();
        let shares: Vec<_> = (0..CALLERS).map(share).collect();
        let create = |share: Vec<User>| {
            let users = users.clone();
            runtime.spawn(async move {
                for user in share {
                    users.create(user).await.unwrap();
                }
            })
        };
        clock.phase("create, one caller", ALONE, || runtime.block_on(create(alone)).unwrap());
        clock.phase("create, 32 callers", CALLERS * TOGETHER, || {
            let callers: Vec<_> = shares.into_iter().map(create).collect();
            runtime.block_on(async {
                for caller in callers {
                    caller.await.unwrap();
                }
            });
        });
        let change = |names: Vec<Username>| {
            let store = store.clone();
            runtime.spawn(async move {
                for name in &names {
                    let changed = store.transaction(async |tx| {
                        let users = tx.repo::<User>();
                        let state = users.retrieve_one(name).await?;
                        users.update(state.modify(change)).await.map_err(Error::from)
                    });
                    changed.await.unwrap();
                }
            })
        };
        clock.phase("transaction, one caller", CHANGES, || {
            runtime.block_on(change(changed(0, CHANGES).collect())).unwrap();
        });
        clock.phase("transaction, 32 callers", CALLERS * CHANGES_TOGETHER, || {
            let callers: Vec<_> =
                (0..CALLERS).map(|caller| change(changed(caller, CHANGES_TOGETHER).collect())).collect();
            runtime.block_on(async {
                for caller in callers {
                    caller.await.unwrap();
                }
            });
        });
        let mut hasher = DefaultHasher::new();
        for number in 0..ROWS {
            let found = runtime.block_on(async { users.retrieve(username(&user(number))).await });
            digest(&mut hasher, &found.unwrap().unwrap());
        }
        hasher.finish()
    }
}
