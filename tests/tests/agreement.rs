//! Random histories, and random queries over rows: memory and SQLite agree with themselves and with each other, through
//! whichever facade.

use longevity::testkit::{Agreement, Facade, Fixture, SpecModel, with_guard};
use longevity::{Durability, Mem, Sqlite};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::constrained::{Constrained, configure_agreement};
use longevity_tests::models::poly_keys::Traffic;
use longevity_tests::query_specs::queries;

fn in_a_file() -> impl Fixture<Backend = Sqlite> {
    with_guard(|| {
        let directory = tempfile::tempdir()?;
        // What is compared does not depend on the disk.
        let sqlite = Sqlite::file(directory.path().join("store.db")).durability(Durability::Normal);
        Ok::<_, std::io::Error>((sqlite, directory))
    })
}

fn agrees<M: SpecModel>() {
    agrees_by(Agreement::<M>::new);
}

fn agrees_by<M: SpecModel>(new: fn() -> Agreement<M>) {
    let agreement = new().histories(20).steps(150).also(Mem::new).facade(Facade::Async);
    agreement.run(Mem::new, Mem::new).assert_agreed();
    let agreement = new().histories(10).steps(150).also(Sqlite::in_memory);
    agreement.run(Mem::new, in_a_file()).assert_agreed();
}

longevity_tests::histories!(agrees);

fn ruled() -> Agreement<Constrained> {
    configure_agreement(Agreement::new())
}

#[test]
fn rules_of_types() {
    agrees_by(ruled);
}

#[test]
fn queries_of_types_with_rules() {
    agrees_on_queries_by(ruled);
}

/// Ten thousand steps in one history.
fn agrees_for_long<M: SpecModel>() {
    let agreement = Agreement::<M>::new().histories(1).steps(10_000).also(Mem::new);
    agreement.run(Mem::new, in_a_file()).assert_agreed();
}

#[test]
fn a_long_history() {
    agrees_for_long::<Traffic>();
}

#[test]
fn another_long_history() {
    agrees_for_long::<Blogging>();
}

/// Over rows of each type of the model, random queries in each way; of SQLite through both facades. As many as
/// `LONGEVITY_QUERIES` says.
fn agrees_on_queries<M: SpecModel>() {
    agrees_on_queries_by(Agreement::<M>::new);
}

fn agrees_on_queries_by<M: SpecModel>(new: fn() -> Agreement<M>) {
    let agreement = new().rows(80).queries(queries(400)).facade(Facade::Async).also(Sqlite::in_memory);
    agreement.facade(Facade::Blocking).run_queries(Mem::new, Sqlite::in_memory).assert_agreed();
}

longevity_tests::queries!(agrees_on_queries);
