//! The conformance suite of queries over the whole matrix, on the in-memory back end and on SQLite, through both facades:
//! one named test for each query that was written by hand, and for the random queries of each type. As many of these as
//! `LONGEVITY_QUERIES` says.

use std::process::ExitCode;

use longevity::testkit::{Harness, QuerySpec, SpecModel};
use longevity::{Mem, Sqlite};
use longevity_tests::models::{
    generics::Generics, indexes::Indexes, keywords::Keywords, modules::Household, poly::Office, poly_inline::Drawing,
    poly_keys::Traffic, primary_keys::PrimaryKeys, renames::Renames,
};
use longevity_tests::query_specs::{basics, blogging, collections, components, keys, queries, storage};

fn add<M: SpecModel>(harness: &mut Harness, spec: QuerySpec<M>) {
    let spec = spec.rows(60).generated(queries(120));
    harness.add(spec.cases(Mem::new));
    harness.add(spec.cases(Sqlite::in_memory));
}

fn main() -> ExitCode {
    let harness = &mut Harness::new();
    add(harness, basics());
    add(harness, blogging());
    add(harness, collections());
    add(harness, components());
    add(harness, keys());
    add(harness, storage());
    add(harness, QuerySpec::<Drawing>::new());
    add(harness, QuerySpec::<Generics>::new());
    add(harness, QuerySpec::<Household>::new());
    add(harness, QuerySpec::<Indexes>::new());
    add(harness, QuerySpec::<Keywords>::new());
    add(harness, QuerySpec::<Office>::new());
    add(harness, QuerySpec::<PrimaryKeys>::new());
    add(harness, QuerySpec::<Renames>::new());
    add(harness, QuerySpec::<Traffic>::new());
    std::mem::take(harness).run()
}
