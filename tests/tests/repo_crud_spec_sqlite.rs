//! The conformance suite over the whole matrix, on SQLite, in a file and in memory, through both facades: one named test
//! for each type, operation and key.

use std::process::ExitCode;

use longevity::Sqlite;
use longevity::testkit::Harness;
use longevity_tests::matrix::{operations, operations_natively};
use longevity_tests::stores::Store;

fn main() -> ExitCode {
    let mut harness = Harness::new();
    // Each case spends some of its time waiting for the disk.
    harness.at_once(4);
    harness.add(operations(Store::SqliteInAFile)).add(operations(Store::SqliteInMemory));
    harness.add(operations_natively("sqlite", true, Sqlite::in_memory, Sqlite::in_memory));
    harness.run()
}
