//! Changes by query on MongoDB: Longevity against the driver used by hand with as few commands, and with a command per row.
//!
//! `LONGEVITY_ROWS` says how many rows, 40,000 if it is not set; `LONGEVITY_ROUNDS` how many rounds. With more than 100,000 rows
//! a command per row is left out, for it takes too long.
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::process::ExitCode;
use std::time::Instant;

use longevity::prelude::*;
use longevity_benches::model::{Blogging, Member, User, user};
use longevity_benches::mongo::Mongo;
use longevity_benches::rounds::{Clock, measuring, print};
use longevity_mongod::Server;

/// Above so many, a command per row is left out.
const ONE_BY_ONE: u64 = 100_000;
/// So many rows are created at once.
const BATCH: usize = 10_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn main() -> ExitCode {
    if longevity_mongod::left_out() {
        println!("LEFT OUT, as LONGEVITY_WITHOUT=mongodb asks for");
        return ExitCode::SUCCESS;
    }
    let rows = if measuring() { number("LONGEVITY_ROWS").unwrap_or(40_000) } else { 1_000 };
    let rounds = if measuring() { number("LONGEVITY_ROUNDS").unwrap_or(3) } else { 1 };
    let one_by_one = rows <= ONE_BY_ONE;
    println!("{rows} rows of one transaction; medians of {rounds} rounds\n");
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
    let store = Longevity::<Blogging, _>::open(longevity::Mongo::connect(server.uri_of(name))).await.unwrap();
    store.create_schema().await.unwrap();
    let (users, members) = (store.repo::<User>(), store.repo::<Member>());
    let by_hand = Mongo::open(server.uri(), name).await;
    // Members alone: each has the key and the index that are the variant's, too.
    let all: Vec<_> = (0..).map(user).filter(|user| matches!(user, User::Member(_))).take(rows as usize).collect();
    for batch in all.chunks(BATCH) {
        users.create_many(batch.iter().cloned()).await.unwrap();
    }
    let [mut a, mut b, mut c] = [Clock::default(), Clock::default(), Clock::default()];
    let adopt = |member: &mut Member| member.num_cats += 1;
    let time = |clock: &mut Clock, name, start: Instant| clock.add(name, rows, start.elapsed());

    let before = members.aggregate(Member::query().all(), Member::props().num_cats.sum()).await.unwrap();
    // Once to warm up.
    by_hand.change_members(adopt).await;
    let start = Instant::now();
    assert_eq!(by_hand.change_members(adopt).await, rows);
    time(&mut a, "update by query", start);
    let start = Instant::now();
    let patch = Member::props().num_cats.increment(1);
    assert_eq!(members.update_where(Member::query().all(), patch).await.unwrap(), rows);
    time(&mut b, "update by query", start);
    let mut times = 3;
    if one_by_one {
        let start = Instant::now();
        assert_eq!(by_hand.change_members_one_by_one(adopt).await, rows);
        time(&mut c, "update by query", start);
        times += 1;
    }
    let after = members.aggregate(Member::query().all(), Member::props().num_cats.sum()).await.unwrap();
    assert_eq!(after, before + times * i128::from(rows), "not every row was changed each time");

    let start = Instant::now();
    assert_eq!(members.delete_where(Member::query().all()).await.unwrap(), rows);
    time(&mut b, "delete by query", start);
    for batch in all.chunks(BATCH) {
        users.create_many(batch.iter().cloned()).await.unwrap();
    }
    let start = Instant::now();
    assert_eq!(by_hand.delete_members().await, rows);
    time(&mut a, "delete by query", start);
    if one_by_one {
        for batch in all.chunks(BATCH) {
            users.create_many(batch.iter().cloned()).await.unwrap();
        }
        let start = Instant::now();
        assert_eq!(by_hand.delete_members_one_by_one().await, rows);
        time(&mut c, "delete by query", start);
    }
    [a, b, c]
}
