//! Changes by query on MongoDB: Longevity against the driver used by hand, with as few commands as possible and with a command
//! per row.
//!
//! `LONGEVITY_ROWS` is the number of rows, 40,000 if it is not set, and `LONGEVITY_ROUNDS` is the number of rounds. More than
//! 100,000 rows are changed in 256 ranges of user names, with a transaction for each, because the server ends a transaction after
//! a minute. A command per row would take too long for so many rows and is left out.
#![expect(clippy::unwrap_used, reason = "a benchmark panics at the first unexpected result")]

use std::process::ExitCode;
use std::time::Instant;

use longevity::prelude::*;
use longevity::query::Query;
use longevity_benches::model::{Blogging, Member, User, Username, user};
use longevity_benches::mongo::Mongo;
use longevity_benches::mongo_changes::Range;
use longevity_benches::rounds::{Clock, measuring, print};
use longevity_mongod::Server;

/// Up to this number, rows are changed in one transaction, and also by a command per row.
const AT_ONCE: u64 = 100_000;
/// The number of rows that are created at once.
const BATCH: usize = 10_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn main() -> ExitCode {
    if longevity_mongod::left_out() {
        println!("LEFT OUT because of LONGEVITY_WITHOUT=mongodb");
        return ExitCode::SUCCESS;
    }
    let rows = if measuring() { number("LONGEVITY_ROWS").unwrap_or(40_000) } else { 1_000 };
    let rounds = if measuring() { number("LONGEVITY_ROUNDS").unwrap_or(3) } else { 1 };
    let one_by_one = rows <= AT_ONCE;
    println!("{rows} rows in {} transactions; medians of {rounds} rounds\n", ranges(rows).len());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::start().unwrap();
    let names: &[&str] =
        if one_by_one { &["by hand", "longevity", "command per row"] } else { &["by hand", "longevity"] };
    let mut all = vec![Vec::new(); names.len()];
    for round in 0..rounds {
        let name = format!("changes_{}_{round}", std::process::id());
        let clocks = runtime.block_on(work(&server, &name, rows, one_by_one));
        all.iter_mut().zip(clocks).for_each(|(all, clock)| all.push(clock));
    }
    print(names, &all);
    ExitCode::SUCCESS
}

/// All contenders change the same rows, one after the other.
async fn work(server: &Server, name: &str, rows: u64, one_by_one: bool) -> [Clock; 3] {
    let store = Longevity::<Blogging, _>::open(longevity::Mongo::new(server.uri_of(name))).await.unwrap();
    store.create_schema().await.unwrap();
    let (users, members) = (store.repo::<User>(), store.repo::<Member>());
    let by_hand = Mongo::open(server.uri(), name).await;
    // All users are members, which also have the key and the index of their variant.
    let all: Vec<_> = (0..).map(user).filter(|user| matches!(user, User::Member(_))).take(rows as usize).collect();
    for batch in all.chunks(BATCH) {
        users.create_many(batch.iter().cloned()).await.unwrap();
    }
    let [mut a, mut b, mut c] = [Clock::default(), Clock::default(), Clock::default()];
    let adopt = |member: &mut Member| member.num_cats += 1;
    let time = |clock: &mut Clock, name, start: Instant| clock.add(name, rows, start.elapsed());

    let ranges = &ranges(rows)[..];
    let before = members.aggregate(Member::query().all(), Member::props().num_cats.sum()).await.unwrap();
    let change_by_hand = async || sum(ranges, async |range| by_hand.change_members(range, adopt).await).await;
    // The first change is a warm-up.
    change_by_hand().await;
    let start = Instant::now();
    assert_eq!(change_by_hand().await, rows);
    time(&mut a, "update by query", start);
    let start = Instant::now();
    let patch = || Member::props().num_cats.increment(1);
    let changed = sum(ranges, async |range| members.update_where(query(range), patch()).await.unwrap()).await;
    assert_eq!(changed, rows);
    time(&mut b, "update by query", start);
    let mut times = 3;
    if one_by_one {
        let start = Instant::now();
        assert_eq!(by_hand.change_members_one_by_one(&ranges[0], adopt).await, rows);
        time(&mut c, "update by query", start);
        times += 1;
    }
    let after = members.aggregate(Member::query().all(), Member::props().num_cats.sum()).await.unwrap();
    assert_eq!(after, before + times * i128::from(rows), "not every row was changed each time");

    let start = Instant::now();
    assert_eq!(sum(ranges, async |range| members.delete_where(query(range)).await.unwrap()).await, rows);
    time(&mut b, "delete by query", start);
    for batch in all.chunks(BATCH) {
        users.create_many(batch.iter().cloned()).await.unwrap();
    }
    let start = Instant::now();
    assert_eq!(sum(ranges, async |range| by_hand.delete_members(range).await).await, rows);
    time(&mut a, "delete by query", start);
    if one_by_one {
        for batch in all.chunks(BATCH) {
            users.create_many(batch.iter().cloned()).await.unwrap();
        }
        let start = Instant::now();
        assert_eq!(by_hand.delete_members_one_by_one(&ranges[0]).await, rows);
        time(&mut c, "delete by query", start);
    }
    [a, b, c]
}

/// The ranges of user names, which are changed one after the other. The digits of the names are distributed evenly.
fn ranges(rows: u64) -> Vec<Range> {
    if rows <= AT_ONCE {
        return vec![("user-".into(), "user.".into())];
    }
    // The end of the last range begins with a letter after the hexadecimal digits.
    let bound = |digits| if digits < 256 { format!("user-{digits:02x}") } else { "user-g".to_owned() };
    (0..256).map(|digits| (bound(digits), bound(digits + 1))).collect()
}

fn query((from, to): &Range) -> Query<Member> {
    let username = User::props().username;
    Member::query().filter(username.ge(Username(from.clone())) & username.lt(Username(to.clone())))
}

async fn sum(ranges: &[Range], rows_of: impl AsyncFn(&Range) -> u64) -> u64 {
    let mut rows = 0;
    for range in ranges {
        rows += rows_of(range).await;
    }
    rows
}
