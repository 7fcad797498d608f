//! The conformance suite over the whole matrix, on a real MongoDB, through both facades, and in transactions: one
//! named test for each type, operation and key.

use std::process::ExitCode;

use longevity::testkit::Harness;
use longevity_tests::databases::natively;
use longevity_tests::matrix::{operations, operations_natively};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::poly::Office;
use longevity_tests::mongo::{AT_ONCE, left_out};
use longevity_tests::stores::Store;

fn main() -> ExitCode {
    if let Some(left_out) = left_out("the conformance suite on MongoDB") {
        return left_out;
    }
    let mut harness = Harness::new();
    harness.at_once(AT_ONCE);
    harness.add(operations(Store::Mongo)).add(operations_natively(
        "mongo",
        true,
        natively::<Blogging>(),
        natively::<Office>(),
    ));
    harness.run()
}
