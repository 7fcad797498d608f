//! Longevity against code for this one model, written by hand on a SQLite file.
//!
//! The file has `synchronous = NORMAL`, because waiting for the disk would hide everything else. `group_commit` measures that.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::process::ExitCode;

use longevity::Durability;
use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity_benches::model::{Blogging, Email, Member, User, Username, user};
use longevity_benches::rounds::{Clock, Contender, compare};
use longevity_benches::sqlite::{Sqlite, State, Synchronous};
use longevity_benches::work::{digest, email, picks, username};

const BATCHES: u64 = 30;
const BATCH: u64 = 1_000;
const ROWS: u64 = BATCHES * BATCH;
const SINGLES: u64 = 3_000;
const READS: u64 = 20_000;
const QUERIES: u64 = 2_000;
const UPDATES: u64 = 5_000;
const DELETES: u64 = 3_000;

fn main() -> ExitCode {
    println!("{ROWS} rows; blocking facade; medians of 9 rounds, the contenders in turn\n");
    let file = |path: &Path| longevity::Sqlite::file(path).durability(Durability::Normal).cache_kib(64 * 1024);
    let sqlite = WithLongevity { name: "longevity", open: file };
    match compare(&[&ByHand, &sqlite], 9) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The data that a round works on.
struct Work {
    batches: Vec<Vec<User>>,
    singles: Vec<User>,
    names: Vec<Username>,
    emails: Vec<Email>,
}

impl Work {
    fn new() -> Self {
        let users: Vec<User> = (0..ROWS).map(user).collect();
        Self {
            batches: users.chunks(BATCH as usize).map(<[_]>::to_vec).collect(),
            singles: (ROWS..ROWS + SINGLES).map(user).collect(),
            names: users.iter().map(|user| username(user).clone()).collect(),
            emails: picks(READS, ROWS).filter_map(|pick| email(&users[pick as usize]).cloned()).collect(),
        }
    }
}

struct ByHand;

impl Contender for ByHand {
    fn name(&self) -> &'static str {
        "by hand"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let Work { batches, singles, names, emails } = Work::new();
        let directory = tempfile::tempdir().unwrap();
        let store = Sqlite::create_file(&directory.path().join("by-hand.db"), Synchronous::Normal);
        let mut hasher = DefaultHasher::new();
        let mut read = |states: &[State]| states.iter().for_each(|state| digest(&mut hasher, &state.user));

        clock.phase("create, batches of 1,000", ROWS, || {
            for batch in batches {
                store.create_many(batch).unwrap();
            }
        });
        clock.phase("create", SINGLES, || {
            for user in singles {
                store.create(user).unwrap();
            }
        });
        let found = clock.phase("retrieve by poly key", READS, || {
            picks(READS, ROWS).map(|pick| store.get(&names[pick as usize]).unwrap()).collect::<Vec<_>>()
        });
        read(&found);
        let found = clock.phase("retrieve by derived key", emails.len() as u64, || {
            emails.iter().map(|email| store.get_by_email(email).unwrap()).collect::<Vec<_>>()
        });
        read(&found);
        let found = clock.phase("derived query, 20 rows", QUERIES, || {
            (0..QUERIES).map(|pick| store.with_cats((pick % 2_000) as i64)).collect::<Vec<_>>()
        });
        found.iter().for_each(|states| read(states));
        clock.phase("read, modify, write", UPDATES, || {
            for pick in picks(UPDATES, ROWS) {
                let mut state = store.get(&names[pick as usize]).unwrap();
                if let User::Member(member) = &mut state.user {
                    member.num_cats += 1;
                }
                store.update(state).unwrap();
            }
        });
        let all = clock.phase("scan, per row", ROWS + SINGLES, || store.all());
        assert_eq!(all.len() as u64, ROWS + SINGLES);
        let states: Vec<_> = picks(DELETES, ROWS).map(|pick| store.get(&names[pick as usize]).unwrap()).collect();
        read(&states);
        clock.phase("delete", DELETES, || {
            for state in states {
                store.delete(state).unwrap();
            }
        });
        assert_eq!(store.all().len() as u64, ROWS + SINGLES - DELETES);
        hasher.finish()
    }
}

struct WithLongevity<F> {
    name: &'static str,
    open: F,
}

impl<B: Backend, F: Fn(&Path) -> B> Contender for WithLongevity<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let Work { batches, singles, names, emails } = Work::new();
        let directory = tempfile::tempdir().unwrap();
        let backend = (self.open)(&directory.path().join("longevity.db"));
        let store = Longevity::<Blogging, _>::open(backend).unwrap();
        store.create_schema().unwrap();
        let (users, members) = (store.repo::<User>(), store.repo::<Member>());
        let m = Member::props();
        let mut hasher = DefaultHasher::new();

        clock.phase("create, batches of 1,000", ROWS, || {
            for batch in batches {
                users.create_many(batch).unwrap();
            }
        });
        clock.phase("create", SINGLES, || {
            for user in singles {
                users.create(user).unwrap();
            }
        });
        let found = clock.phase("retrieve by poly key", READS, || {
            picks(READS, ROWS).map(|pick| users.retrieve(&names[pick as usize]).unwrap().unwrap()).collect::<Vec<_>>()
        });
        found.iter().for_each(|state| digest(&mut hasher, state));
        let found = clock.phase("retrieve by derived key", emails.len() as u64, || {
            emails.iter().map(|email| members.retrieve(email).unwrap().unwrap()).collect::<Vec<_>>()
        });
        found.into_iter().for_each(|state| digest(&mut hasher, &User::Member(state.into_value())));
        let found = clock.phase("derived query, 20 rows", QUERIES, || {
            let query = |cats: i64| {
                let query = Member::query().filter(m.num_cats.ge(cats));
                members.find(query.order_by(m.num_cats.asc()).order_by(m.username.asc()).limit(20)).unwrap()
            };
            (0..QUERIES).map(|pick| query((pick % 2_000) as i64)).collect::<Vec<_>>()
        });
        found.into_iter().flatten().for_each(|state| digest(&mut hasher, &User::Member(state.into_value())));
        clock.phase("read, modify, write", UPDATES, || {
            for pick in picks(UPDATES, ROWS) {
                let state = users.retrieve(&names[pick as usize]).unwrap().unwrap();
                let changed = state.modify(|user| {
                    if let User::Member(member) = user {
                        member.num_cats += 1;
                    }
                });
                users.update(changed).unwrap();
            }
        });
        let all = clock.phase("scan, per row", ROWS + SINGLES, || users.find(User::query().all()).unwrap());
        assert_eq!(all.len() as u64, ROWS + SINGLES);
        let states: Vec<_> =
            picks(DELETES, ROWS).map(|pick| users.retrieve(&names[pick as usize]).unwrap().unwrap()).collect();
        states.iter().for_each(|state| digest(&mut hasher, state));
        clock.phase("delete", DELETES, || {
            for state in states {
                users.delete(state).unwrap();
            }
        });
        assert_eq!(users.count(User::query().all()).unwrap(), ROWS + SINGLES - DELETES);
        hasher.finish()
    }
}
