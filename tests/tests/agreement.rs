//! Random histories: a back end agrees with itself, through whichever facade.

use longevity::Mem;
use longevity::testkit::{Agreement, Facade, SpecModel};
use longevity_tests::models::blogging::Blogging;
use longevity_tests::models::keys::Library;
use longevity_tests::models::poly_inline::Drawing;
use longevity_tests::models::poly_keys::Traffic;
use longevity_tests::models::primary_keys::PrimaryKeys;
use longevity_tests::models::renames::Renames;

fn agrees<M: SpecModel>() {
    let agreement = Agreement::<M>::new().histories(20).steps(150).also(Mem::new).facade(Facade::Async);
    agreement.run(Mem::new, Mem::new).assert_agreed();
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

/// Ten thousand steps in one history.
#[test]
fn a_long_history() {
    Agreement::<Traffic>::new().histories(1).steps(10_000).run(Mem::new, Mem::new).assert_agreed();
}
