//! The long runs. Tests that take their length from the environment run in release mode, long enough to find errors that a usual
//! run has too little time for.

use std::process::ExitCode;

use crate::run;

/// A long run: its purpose, its test with the filter, and its length.
struct Long {
    name: &'static str,
    package: &'static str,
    test: &'static str,
    variables: &'static [(&'static str, &'static str)],
}

const TESTS: &str = "longevity-tests";

const LONG: &[Long] = &[
    Long { name: "random inputs", package: TESTS, test: "fuzz", variables: &[("LONGEVITY_FUZZ_INPUTS", "10000000")] },
    Long {
        name: "random queries over each type",
        package: TESTS,
        test: "query_spec",
        variables: &[("LONGEVITY_QUERIES", "2000")],
    },
    Long {
        name: "random histories and queries, memory and SQLite",
        package: TESTS,
        test: "agreement",
        variables: &[("LONGEVITY_STEPS", "30000"), ("LONGEVITY_QUERIES", "10000")],
    },
    Long {
        name: "random histories and queries, MongoDB too",
        package: TESTS,
        test: "agreement_mongo",
        variables: &[("LONGEVITY_STEPS", "10000"), ("LONGEVITY_QUERIES", "2000")],
    },
    Long {
        name: "the suite over all models, in transactions too, in memory",
        package: TESTS,
        test: "repo_crud_spec",
        variables: &[("LONGEVITY_IN_TRANSACTIONS", "1")],
    },
    Long {
        name: "the suite over all models, in transactions too, on SQLite",
        package: TESTS,
        test: "repo_crud_spec_sqlite",
        variables: &[("LONGEVITY_IN_TRANSACTIONS", "1")],
    },
    Long {
        name: "the suite over all models, in transactions too, on MongoDB",
        package: TESTS,
        test: "repo_crud_spec_mongo",
        variables: &[("LONGEVITY_IN_TRANSACTIONS", "1")],
    },
    Long {
        name: "kills of writers on SQLite",
        package: "longevity-sqlite",
        test: "killed_writers",
        variables: &[("LONGEVITY_KILLS", "300")],
    },
    Long {
        name: "races against references with integrity",
        package: "longevity",
        test: "integrity",
        variables: &[("LONGEVITY_RACES", "10000"), ("LONGEVITY_KILLS", "300")],
    },
    Long {
        name: "histories of transactions, which have an order that explains them",
        package: "longevity",
        test: "transactions",
        variables: &[("LONGEVITY_HISTORIES", "20000")],
    },
];

/// Runs all long runs, or those of the named tests. A failure does not stop the others.
pub(crate) fn main(tests: &[String]) -> ExitCode {
    if let Some(unknown) = tests.iter().find(|test| LONG.iter().all(|long| long.test != **test)) {
        let known: Vec<_> = LONG.iter().map(|long| long.test).collect();
        eprintln!("there is no long run of {unknown}, but of {}", known.join(", "));
        return ExitCode::from(2);
    }
    let mut failed = false;
    for long in LONG.iter().filter(|long| tests.is_empty() || tests.iter().any(|test| test == long.test)) {
        let arguments = ["test", "--release", "--package", long.package, "--all-features", "--test", long.test];
        // The tests print their counts on standard output.
        let arguments = arguments.into_iter().chain(["--", "--nocapture"]);
        failed |= !run(long.name, arguments, long.variables);
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
