//! Random histories, and random queries over rows: memory and SQLite agree with themselves and with each other, through every
//! facade, and also when every few operations form a transaction.

use std::process::ExitCode;

use longevity::testkit::Facade::{Async, Blocking, Transactions};
use longevity::testkit::Harness;
use longevity_tests::matrix::{Agreed, Sides, add_agreements, agree_on_blogging, agree_on_traffic};
use longevity_tests::query_specs::{queries, steps};
use longevity_tests::stores::Store::{Mem, SqliteInMemory, SqliteUnsynced};

const MEMORY: Sides = &[(Mem, Async), (Mem, Async), (Mem, Transactions)];
const ALL: Sides = &[(Mem, Blocking), (SqliteUnsynced, Blocking), (SqliteInMemory, Transactions)];
const LONG: Sides = &[(Mem, Blocking), (SqliteUnsynced, Blocking), (SqliteUnsynced, Transactions)];
const QUERIES: Sides = &[(Mem, Blocking), (SqliteInMemory, Blocking), (SqliteInMemory, Async)];

fn main() -> ExitCode {
    let mut harness = Harness::new();
    add_agreements(&mut harness, "histories in memory", Agreed::Histories { histories: 20, steps: 150 }, MEMORY);
    add_agreements(&mut harness, "histories", Agreed::Histories { histories: 10, steps: 150 }, ALL);
    // `LONGEVITY_QUERIES` sets the number of queries, and `LONGEVITY_STEPS` the length of the histories.
    add_agreements(&mut harness, "queries", Agreed::Queries { rows: 80, queries: queries(400) }, QUERIES);
    let long = Agreed::Histories { histories: 1, steps: steps(10_000) };
    harness.check("a long history of Traffic", move || agree_on_traffic(long, LONG));
    harness.check("a long history of Blogging", move || agree_on_blogging(long, LONG));
    harness.run()
}
