//! Random histories over memory and a real MongoDB, also when every few operations form a transaction, and random queries over
//! rows in memory, on SQLite and on MongoDB: all agree. The test `agreement` checks SQLite's histories against memory's.

use std::process::ExitCode;

use longevity::testkit::Facade::{Async, Blocking, Transactions};
use longevity::testkit::Harness;
use longevity_tests::matrix::{Agreed, Sides, add_agreements, agree_on_traffic};
use longevity_tests::mongo::{AT_ONCE, left_out};
use longevity_tests::query_specs::{queries, steps};
use longevity_tests::stores::Store::{Mem, Mongo, SqliteInMemory};

const HISTORIES: Sides = &[(Mem, Blocking), (Mongo, Blocking), (Mongo, Transactions)];
const QUERIES: Sides = &[(Mem, Blocking), (Mongo, Blocking), (SqliteInMemory, Blocking), (Mongo, Async)];

fn main() -> ExitCode {
    if let Some(left_out) = left_out("random histories and queries on MongoDB") {
        return left_out;
    }
    let mut harness = Harness::new();
    harness.at_once(AT_ONCE);
    add_agreements(&mut harness, "histories", Agreed::Histories { histories: 10, steps: 150 }, HISTORIES);
    // `LONGEVITY_QUERIES` sets the number of queries.
    add_agreements(&mut harness, "queries", Agreed::Queries { rows: 80, queries: queries(200) }, QUERIES);
    // There is one history, and `LONGEVITY_STEPS` sets its length: each step checks more rows than the one before.
    let long = Agreed::Histories { histories: 1, steps: steps(2_000) };
    harness.check("a long history of Traffic", move || agree_on_traffic(long, HISTORIES));
    harness.run()
}
