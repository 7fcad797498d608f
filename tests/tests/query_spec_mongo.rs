//! The conformance suite of queries over the whole matrix, on a real MongoDB, through both facades: one named test for each
//! query that was written by hand, and for the random queries of each type. As many of these as `LONGEVITY_QUERIES` says.

use std::process::ExitCode;

use longevity::testkit::{Harness, QuerySpec, SpecModel};
use longevity_tests::mongo::{in_a_database, left_out};
use longevity_tests::query_specs::{Add, add_all, queries};

struct OnMongo(Harness);

impl Add for OnMongo {
    fn add<M: SpecModel>(&mut self, spec: QuerySpec<M>) {
        self.0.add(spec.rows(60).generated(queries(60)).cases(in_a_database()));
    }
}

fn main() -> ExitCode {
    if let Some(left_out) = left_out("the conformance suite of queries on MongoDB") {
        return left_out;
    }
    let mut on = OnMongo(Harness::new());
    add_all(&mut on);
    on.0.run()
}
