//! Durable writes: rows that one caller and 32 callers at once create, each of which waits until its row is on the disk.
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use longevity::backend::Backend;
use longevity::prelude::*;
use longevity_benches::model::{Blogging, User, user};
use longevity_benches::rounds::{Clock, Contender, compare};
use longevity_benches::sqlite::{Sqlite, Synchronous};
use longevity_benches::work::{digest, username};

const ALONE: u64 = 1_000;
const CALLERS: u64 = 32;
/// Of each caller.
const TOGETHER: u64 = 100;
const ROWS: u64 = ALONE + CALLERS * TOGETHER;

fn main() -> ExitCode {
    println!("synchronous = FULL; medians of 9 rounds, the contenders in turn\n");
    // Memory does the same without a file: what Longevity and the runtime themselves cost.
    let memory = WithLongevity { name: "longevity, mem", open: |_: &Path| Mem::new() };
    match compare(&[&ByHand, &memory], 9) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The users that one of the 32 creates.
fn share(caller: u64) -> Vec<User> {
    let first = ALONE + caller * TOGETHER;
    (first..first + TOGETHER).map(user).collect()
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
        let mut hasher = DefaultHasher::new();
        for number in 0..ROWS {
            let found = runtime.block_on(async { users.retrieve(username(&user(number))).await });
            digest(&mut hasher, &found.unwrap().unwrap());
        }
        hasher.finish()
    }
}
