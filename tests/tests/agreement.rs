//! Random histories, and random queries over rows: memory and SQLite agree with themselves and with each other, through
//! whichever facade.

use longevity::testkit::{Agreement, Facade, Fixture, SpecModel, with_guard};
use longevity::{Durability, Mem, Sqlite};
use longevity_tests::models::basics::Basics;
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::collections::Collections;
use longevity_tests::models::components::Components;
use longevity_tests::models::generics::Generics;
use longevity_tests::models::indexes::Indexes;
use longevity_tests::models::keys::Library;
use longevity_tests::models::keywords::Keywords;
use longevity_tests::models::modules::Household;
use longevity_tests::models::poly::Office;
use longevity_tests::models::poly_inline::Drawing;
use longevity_tests::models::poly_keys::Traffic;
use longevity_tests::models::primary_keys::PrimaryKeys;
use longevity_tests::models::queries::Storage;
use longevity_tests::models::renames::Renames;
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
    let agreement = Agreement::<M>::new().histories(20).steps(150).also(Mem::new).facade(Facade::Async);
    agreement.run(Mem::new, Mem::new).assert_agreed();
    let agreement = Agreement::<M>::new().histories(10).steps(150).also(Sqlite::in_memory);
    agreement.run(Mem::new, in_a_file()).assert_agreed();
}

#[test]
fn plain_poly_and_derived_types() {
    agrees::<Blogging>();
}

#[test]
fn several_keys_that_hold_components() {
    agrees::<Library>();
}

#[test]
fn inline_variants() {
    agrees::<Drawing>();
}

#[test]
fn keys_of_poly_and_derived_types() {
    agrees::<Traffic>();
}

#[test]
fn primary_keys() {
    agrees::<PrimaryKeys>();
}

#[test]
fn renamed_fields() {
    agrees::<Renames>();
}

#[test]
fn collections() {
    agrees::<Collections>();
}

#[test]
fn components() {
    agrees::<Components>();
}

#[test]
fn indexes_of_several_properties() {
    agrees::<Indexes>();
}

#[test]
fn aliases() {
    agrees::<Office>();
}

#[test]
fn variants_and_entries() {
    agrees::<Storage>();
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
    let agreement = Agreement::<M>::new().rows(80).queries(queries(400)).facade(Facade::Async).also(Sqlite::in_memory);
    agreement.facade(Facade::Blocking).run_queries(Mem::new, Sqlite::in_memory).assert_agreed();
}

#[test]
fn queries_of_plain_poly_and_derived_types() {
    agrees_on_queries::<Blogging>();
}

#[test]
fn queries_of_basic_types() {
    agrees_on_queries::<Basics>();
}

#[test]
fn queries_of_collections() {
    agrees_on_queries::<Collections>();
}

#[test]
fn queries_of_components() {
    agrees_on_queries::<Components>();
}

#[test]
fn queries_of_variants_and_entries() {
    agrees_on_queries::<Storage>();
}

#[test]
fn queries_of_indexes() {
    agrees_on_queries::<Indexes>();
}

#[test]
fn queries_of_keys() {
    agrees_on_queries::<Library>();
}

#[test]
fn queries_of_keys_of_poly_types() {
    agrees_on_queries::<Traffic>();
}

#[test]
fn queries_of_keywords() {
    agrees_on_queries::<Keywords>();
}

#[test]
fn queries_of_aliases() {
    agrees_on_queries::<Office>();
}

#[test]
fn queries_of_inline_variants() {
    agrees_on_queries::<Drawing>();
}

#[test]
fn queries_of_primary_keys() {
    agrees_on_queries::<PrimaryKeys>();
}

#[test]
fn queries_of_renamed_fields() {
    agrees_on_queries::<Renames>();
}

#[test]
fn queries_of_generic_types() {
    agrees_on_queries::<Generics>();
}

#[test]
fn queries_of_types_in_modules() {
    agrees_on_queries::<Household>();
}
