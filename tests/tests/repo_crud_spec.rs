//! The conformance suite over the whole matrix, on the in-memory back end, through both facades: one named test for each
//! type, operation and key.

use std::process::ExitCode;

use longevity::Mem;
use longevity::testkit::Harness;
use longevity_tests::matrix::{operations, operations_natively};
use longevity_tests::stores::Store;

fn main() -> ExitCode {
    let mut harness = Harness::new();
    harness.add(operations(Store::Mem)).add(operations_natively("mem", true, Mem::new, Mem::new));
    harness.run()
}
