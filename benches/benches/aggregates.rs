//! Counts and other aggregates, which need no whole rows: on SQLite against its own functions over its own columns, and in memory
//! against a B-tree that holds only the values that are asked for.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::ExitCode;

use longevity::backend::Backend;
use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity::query::count;
use longevity_benches::model::{Blogging, Member, User, Username, user};
use longevity_benches::rounds::{Clock, Contender, compare};
use rusqlite::Connection;

const ROWS: u64 = 50_000;
/// How often each question is asked.
const TIMES: u64 = 10;
const COUNTS: u64 = 200;
/// About 700 of the members have this many cats or more.
const MANY_CATS: i64 = 2_450;

fn main() -> ExitCode {
    println!("{ROWS} rows; blocking facade; medians of 9 rounds, the contenders in turn\n\nSQLite");
    let compared = compare(&[&SqliteByHand, &OnSqlite], 9).and_then(|()| {
        println!("\nmemory");
        compare(&[&MemoryByHand, &InMemory], 9)
    });
    match compared {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn filled<B: Backend>(backend: B) -> Longevity<Blogging, B> {
    let store = Longevity::<Blogging, _>::open(backend).unwrap();
    store.create_schema().unwrap();
    store.repo::<User>().create_many((0..ROWS).map(user)).unwrap();
    store
}

/// The counts, for both back ends.
fn counts<B: Backend>(store: &Longevity<Blogging, B>, clock: &mut Clock, hasher: &mut DefaultHasher) {
    let (users, members, m) = (store.repo::<User>(), store.repo::<Member>(), Member::props());
    let mut each = |name, times, ask: &dyn Fn(i64) -> u64| {
        clock.phase(name, times, || (0..times as i64).map(ask).collect::<Vec<_>>()).hash(hasher);
    };
    each("count, all", COUNTS, &|_| users.count(User::query().all()).unwrap());
    each("count, one type", TIMES, &|_| members.count(Member::query().all()).unwrap());
    each("count, range of an index", COUNTS, &|cats| {
        members.count(Member::query().filter(m.num_cats.ge(MANY_CATS - cats))).unwrap()
    });
    each("exists, range of an index", COUNTS, &|cats| {
        u64::from(members.exists(Member::query().filter(m.num_cats.ge(MANY_CATS - cats))).unwrap())
    });
}

struct SqliteByHand;

impl Contender for SqliteByHand {
    fn name(&self) -> &'static str {
        "by hand"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let _store = filled(Sqlite::file(&path));
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "cache_size", -65_536).unwrap();
        let mut hasher = DefaultHasher::new();
        let number = |sql: &str, from: i64| -> i64 {
            let mut statement = connection.prepare_cached(sql).unwrap();
            let given = if statement.parameter_count() == 1 { vec![from] } else { Vec::new() };
            statement.query_row(rusqlite::params_from_iter(given), |row| row.get(0)).unwrap()
        };
        let member = "FROM \"User\" WHERE \"_type\" = 'Member'";
        let is_member = "FROM \"User\" WHERE \"_type\" || '' = 'Member'";
        let ranged = format!("{member} AND \"Member.num_cats\" >= ?1");
        let mut each = |name, times, sql: &str| {
            let all = |cats| number(sql, MANY_CATS - cats) as u64;
            clock.phase(name, times, || (0..times as i64).map(all).collect::<Vec<_>>()).hash(&mut hasher);
        };
        each("count, all", COUNTS, "SELECT count(*) FROM \"User\"");
        each("count, one type", TIMES, &format!("SELECT count(*) {is_member}"));
        each("count, range of an index", COUNTS, &format!("SELECT count(*) {ranged}"));
        each("exists, range of an index", COUNTS, &format!("SELECT EXISTS (SELECT 1 {ranged})"));
        each("aggregates, count alone", TIMES, "SELECT count(*) FROM \"User\"");
        each("aggregates, sum", TIMES, &format!("SELECT sum(\"Member.num_cats\") {member}"));
        each("aggregates, sum of a range", TIMES, &format!("SELECT sum(\"Member.num_cats\") {ranged}"));
        let rows = |sql: &str| -> Vec<(i64, u64)> {
            let mut statement = connection.prepare_cached(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let grouped = format!("SELECT \"Member.num_cats\", count(*) {member} GROUP BY 1 ORDER BY 1");
        clock.phase("group, count", TIMES, || (0..TIMES).map(|_| rows(&grouped)).collect::<Vec<_>>()).hash(&mut hasher);
        let names = || -> Vec<String> {
            let mut statement =
                connection.prepare_cached("SELECT \"username\" FROM \"User\" ORDER BY \"_id\"").unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        clock.phase("project, a key", TIMES, || (0..TIMES).map(|_| names()).collect::<Vec<_>>()).hash(&mut hasher);
        hasher.finish()
    }
}

struct OnSqlite;

impl Contender for OnSqlite {
    fn name(&self) -> &'static str {
        "longevity"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let directory = tempfile::tempdir().unwrap();
        let store = filled(Sqlite::file(directory.path().join("store.db")));
        let mut hasher = DefaultHasher::new();
        counts(&store, clock, &mut hasher);
        let (users, members, m) = (store.repo::<User>(), store.repo::<Member>(), Member::props());
        let ranged = |cats| Member::query().filter(m.num_cats.ge(MANY_CATS - cats));
        let mut each = |name, ask: &dyn Fn(i64) -> u64| {
            clock.phase(name, TIMES, || (0..TIMES as i64).map(ask).collect::<Vec<_>>()).hash(&mut hasher);
        };
        each("aggregates, count alone", &|_| users.aggregate(User::query().all(), count()).unwrap());
        each("aggregates, sum", &|_| members.aggregate(Member::query().all(), m.num_cats.sum()).unwrap() as u64);
        each("aggregates, sum of a range", &|cats| members.aggregate(ranged(cats), m.num_cats.sum()).unwrap() as u64);
        let groups = || members.group(Member::query().all(), &m.num_cats, count()).unwrap();
        clock.phase("group, count", TIMES, || (0..TIMES).map(|_| groups()).collect::<Vec<_>>()).hash(&mut hasher);
        let names = || users.project(User::query().all(), &User::props().username).unwrap();
        clock.phase("project, a key", TIMES, || (0..TIMES).map(|_| names()).collect::<Vec<_>>()).hash(&mut hasher);
        hasher.finish()
    }
}

struct MemoryByHand;

impl Contender for MemoryByHand {
    fn name(&self) -> &'static str {
        "by hand"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let members = (0..ROWS).map(user).filter_map(|user| match user {
            User::Member(member) => Some((member.num_cats, member.username)),
            User::Commenter(_) => None,
        });
        let by_cats: BTreeMap<(i64, Username), ()> = members.map(|member| (member, ())).collect();
        let mut hasher = DefaultHasher::new();
        let range = |cats: i64| by_cats.range((MANY_CATS - cats, Username(String::new()))..);
        let mut each = |name, times, ask: &dyn Fn(i64) -> u64| {
            clock.phase(name, times, || (0..times as i64).map(ask).collect::<Vec<_>>()).hash(&mut hasher);
        };
        each("count, all", COUNTS, &|_| ROWS);
        each("count, one type", TIMES, &|_| by_cats.len() as u64);
        each("count, range of an index", COUNTS, &|cats| range(cats).count() as u64);
        each("exists, range of an index", COUNTS, &|cats| u64::from(range(cats).next().is_some()));
        hasher.finish()
    }
}

struct InMemory;

impl Contender for InMemory {
    fn name(&self) -> &'static str {
        "longevity"
    }

    fn round(&self, clock: &mut Clock) -> u64 {
        let mut hasher = DefaultHasher::new();
        counts(&filled(Mem::new()), clock, &mut hasher);
        hasher.finish()
    }
}
