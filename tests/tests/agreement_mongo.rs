//! Random histories, and random queries over rows: memory, SQLite and a real MongoDB agree.

use longevity::testkit::{Agreement, Facade, SpecModel};
use longevity::{Mem, Sqlite};
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
use longevity_tests::mongo::{in_a_database, left_out};
use longevity_tests::query_specs::queries;

fn agrees<M: SpecModel>() {
    agrees_for::<M>(10, 150);
}

fn agrees_for<M: SpecModel>(histories: usize, steps: usize) {
    if left_out("random histories on MongoDB").is_some() {
        return;
    }
    let agreement = Agreement::<M>::new().histories(histories).steps(steps).also(Sqlite::in_memory);
    agreement.run(Mem::new, in_a_database()).assert_agreed();
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

/// In one history, as many as `LONGEVITY_STEPS` says: each looks at more rows than the one before.
#[test]
fn a_long_history() {
    let steps = std::env::var("LONGEVITY_STEPS").ok().map(|steps| steps.parse().unwrap());
    agrees_for::<Traffic>(1, steps.unwrap_or(2_000));
}

/// Over rows of each type of the model, random queries in each way, through both facades: as many as `LONGEVITY_QUERIES`
/// says.
fn agrees_on_queries<M: SpecModel>() {
    if left_out("random queries on MongoDB").is_some() {
        return;
    }
    let agreement = Agreement::<M>::new().rows(80).queries(queries(200)).also(Sqlite::in_memory);
    let agreement = agreement.facade(Facade::Async).also(in_a_database()).facade(Facade::Blocking);
    agreement.run_queries(Mem::new, in_a_database()).assert_agreed();
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
