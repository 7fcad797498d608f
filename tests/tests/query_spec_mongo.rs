//! The conformance suite of queries over the whole matrix, on a real MongoDB, through both facades. There is one named test for
//! each handwritten query, and one for the random queries of each type, whose number `LONGEVITY_QUERIES` sets.

use std::process::ExitCode;

use longevity::testkit::Harness;
use longevity_tests::databases::natively;
use longevity_tests::matrix::{queries, queries_natively};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::poly::Office;
use longevity_tests::mongo::{AT_ONCE, left_out};
use longevity_tests::query_specs;
use longevity_tests::stores::Store;

fn main() -> ExitCode {
    if let Some(left_out) = left_out("the conformance suite of queries on MongoDB") {
        return left_out;
    }
    let random = query_specs::queries(60);
    let mut harness = Harness::new();
    harness.at_once(AT_ONCE);
    harness.add(queries(Store::Mongo, random)).add(queries_natively(
        "mongo",
        random,
        natively::<Blogging>(),
        natively::<Office>(),
    ));
    harness.run()
}
