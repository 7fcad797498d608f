//! The in-memory back end against hash maps, a B-tree index and one lock that are written by hand for this one model.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::hash::{DefaultHasher, Hasher};
use std::process::ExitCode;
use std::sync::RwLock;

use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity_benches::by_hand::Tables;
use longevity_benches::model::{Blogging, Email, Member, User, Username, user};
use longevity_benches::rounds::{Clock, Contender, compare};
use longevity_benches::work::{digest, email, picks, username};

const ROWS: u64 = 50_000;
const READS: u64 = 50_000;
const QUERIES: u64 = 2_000;
const UPDATES: u64 = 10_000;

fn main() -> ExitCode {
    println!("{ROWS} rows; blocking facade; medians of 9 rounds, the contenders in turn\n");
    match compare(&[&ByHand, &WithLongevity], 9) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

struct ByHand;

impl Contender for ByHand {
    fn name(&self) -> &'static str {
        "by hand"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let users: Vec<User> = (0..ROWS).map(user).collect();
        let names: Vec<Username> = users.iter().map(|user| username(user).clone()).collect();
        let emails: Vec<Email> = picks(READS, ROWS).filter_map(|pick| email(&users[pick as usize]).cloned()).collect();
        let tables = RwLock::new(Tables::default());
        let mut hasher = DefaultHasher::new();

        clock.phase("create", ROWS, || {
            for user in users {
                tables.write().unwrap().create(user).unwrap();
            }
        });
        let found = clock.phase("retrieve by poly key", READS, || {
            picks(READS, ROWS)
                .map(|pick| tables.read().unwrap().get(&names[pick as usize]).unwrap())
                .collect::<Vec<_>>()
        });
        found.iter().for_each(|state| digest(&mut hasher, &state.user));
        let found = clock.phase("retrieve by derived key", emails.len() as u64, || {
            emails.iter().map(|email| tables.read().unwrap().get_by_email(email).unwrap()).collect::<Vec<_>>()
        });
        found.iter().for_each(|state| digest(&mut hasher, &state.user));
        let found = clock.phase("derived query, 20 rows", QUERIES, || {
            let query = |cats: i64| {
                let tables = tables.read().unwrap();
                tables
                    .by_cats
                    .range((cats, Username(String::new()), 0)..)
                    .take(20)
                    .map(|((_, _, id), ())| tables.rows[id].1.clone())
                    .collect::<Vec<_>>()
            };
            (0..QUERIES).map(|pick| query((pick % 2_000) as i64)).collect::<Vec<_>>()
        });
        found.iter().flatten().for_each(|user| digest(&mut hasher, user));
        clock.phase("read, modify, write", UPDATES, || {
            for pick in picks(UPDATES, ROWS) {
                let mut state = tables.read().unwrap().get(&names[pick as usize]).unwrap();
                if let User::Member(member) = &mut state.user {
                    member.num_cats += 1;
                }
                tables.write().unwrap().update(state).unwrap();
            }
        });
        let all = clock.phase("scan, per row", ROWS, || {
            tables.read().unwrap().rows.values().map(|(_, user)| user.clone()).collect::<Vec<_>>()
        });
        assert_eq!(all.len() as u64, ROWS);
        let states: Vec<_> = names.iter().map(|name| tables.read().unwrap().get(name).unwrap()).collect();
        states.iter().for_each(|state| digest(&mut hasher, &state.user));
        clock.phase("delete", ROWS, || {
            for state in states {
                tables.write().unwrap().delete(state).unwrap();
            }
        });
        assert!(tables.read().unwrap().rows.is_empty());
        hasher.finish()
    }
}

struct WithLongevity;

impl Contender for WithLongevity {
    fn name(&self) -> &'static str {
        "longevity"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let values: Vec<User> = (0..ROWS).map(user).collect();
        let names: Vec<Username> = values.iter().map(|user| username(user).clone()).collect();
        let emails: Vec<Email> = picks(READS, ROWS).filter_map(|pick| email(&values[pick as usize]).cloned()).collect();
        let store = Longevity::<Blogging, _>::open(Mem::new()).unwrap();
        store.create_schema().unwrap();
        let (users, members) = (store.repo::<User>(), store.repo::<Member>());
        let m = Member::props();
        let mut hasher = DefaultHasher::new();

        clock.phase("create", ROWS, || {
            for user in values {
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
        let all = clock.phase("scan, per row", ROWS, || users.find(User::query().all()).unwrap());
        assert_eq!(all.len() as u64, ROWS);
        let states: Vec<_> = names.iter().map(|name| users.retrieve(name).unwrap().unwrap()).collect();
        states.iter().for_each(|state| digest(&mut hasher, state));
        clock.phase("delete", ROWS, || {
            for state in states {
                users.delete(state).unwrap();
            }
        });
        assert_eq!(users.count(User::query().all()).unwrap(), 0);
        hasher.finish()
    }
}
