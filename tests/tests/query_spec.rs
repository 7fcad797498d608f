//! The conformance suite of queries over the whole matrix, on the in-memory back end and on SQLite, through both facades:
//! one named test for each query that was written by hand, and for the random queries of each type. As many of these as
//! `LONGEVITY_QUERIES` says.

use std::process::ExitCode;

use longevity::testkit::{Harness, QuerySpec, SpecModel};
use longevity::{Mem, Sqlite};
use longevity_tests::query_specs::{Add, add_all, queries};

struct OnMemoryAndSqlite(Harness);

impl Add for OnMemoryAndSqlite {
    fn add<M: SpecModel>(&mut self, spec: QuerySpec<M>) {
        let spec = spec.rows(60).generated(queries(120));
        self.0.add(spec.cases(Mem::new));
        self.0.add(spec.cases(Sqlite::in_memory));
    }
}

fn main() -> ExitCode {
    let mut on = OnMemoryAndSqlite(Harness::new());
    add_all(&mut on);
    on.0.run()
}
