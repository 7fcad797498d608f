//! Random histories: memory, SQLite and a real MongoDB agree.

use longevity::testkit::{Agreement, SpecModel};
use longevity::{Mem, Sqlite};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::collections::Collections;
use longevity_tests::models::components::Components;
use longevity_tests::models::indexes::Indexes;
use longevity_tests::models::keys::Library;
use longevity_tests::models::poly::Office;
use longevity_tests::models::poly_inline::Drawing;
use longevity_tests::models::poly_keys::Traffic;
use longevity_tests::models::primary_keys::PrimaryKeys;
use longevity_tests::models::renames::Renames;
use longevity_tests::mongo::{in_a_database, left_out};

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

/// In one history, as many as `LONGEVITY_STEPS` says: each looks at more rows than the one before.
#[test]
fn a_long_history() {
    let steps = std::env::var("LONGEVITY_STEPS").ok().map(|steps| steps.parse().unwrap());
    agrees_for::<Traffic>(1, steps.unwrap_or(2_000));
}
