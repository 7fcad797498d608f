//! The conformance suite of queries over the whole matrix, on the in-memory back end and on SQLite, through both facades. There
//! is one named test for each handwritten query, and one for the random queries of each type, whose number `LONGEVITY_QUERIES`
//! sets.

use std::process::ExitCode;

use longevity::testkit::Harness;
use longevity::{Mem, Sqlite};
use longevity_tests::matrix::{queries, queries_natively};
use longevity_tests::query_specs;
use longevity_tests::stores::Store;

fn main() -> ExitCode {
    let random = query_specs::queries(120);
    let mut harness = Harness::new();
    harness.add(queries(Store::Mem, random)).add(queries(Store::SqliteInMemory, random));
    harness.add(queries_natively("mem", random, Mem::new, Mem::new));
    harness.add(queries_natively("sqlite", random, Sqlite::in_memory, Sqlite::in_memory));
    harness.run()
}
