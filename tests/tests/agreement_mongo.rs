//! Random histories, and random queries over rows: memory, SQLite and a real MongoDB agree.

use longevity::testkit::{Agreement, Facade, SpecModel};
use longevity::{Mem, Sqlite};
use longevity_tests::models::constrained::configure_agreement;
use longevity_tests::models::poly_keys::Traffic;
use longevity_tests::mongo::{in_a_database, left_out};
use longevity_tests::query_specs::queries;

fn agrees<M: SpecModel>() {
    agrees_for(Agreement::<M>::new(), 10, 150);
}

fn agrees_for<M: SpecModel>(agreement: Agreement<M>, histories: usize, steps: usize) {
    if left_out("random histories on MongoDB").is_some() {
        return;
    }
    let agreement = agreement.histories(histories).steps(steps).also(Sqlite::in_memory);
    agreement.run(Mem::new, in_a_database()).assert_agreed();
}

longevity_tests::histories!(agrees);

#[test]
fn rules_of_types() {
    agrees_for(configure_agreement(Agreement::new()), 10, 150);
}

#[test]
fn queries_of_types_with_rules() {
    agrees_on_queries_of(configure_agreement(Agreement::new()));
}

/// In one history, as many as `LONGEVITY_STEPS` says: each looks at more rows than the one before.
#[test]
fn a_long_history() {
    let steps = std::env::var("LONGEVITY_STEPS").ok().map(|steps| steps.parse().unwrap());
    agrees_for(Agreement::<Traffic>::new(), 1, steps.unwrap_or(2_000));
}

/// Over rows of each type of the model, random queries in each way, through both facades: as many as `LONGEVITY_QUERIES`
/// says.
fn agrees_on_queries<M: SpecModel>() {
    agrees_on_queries_of(Agreement::<M>::new());
}

fn agrees_on_queries_of<M: SpecModel>(agreement: Agreement<M>) {
    if left_out("random queries on MongoDB").is_some() {
        return;
    }
    let agreement = agreement.rows(80).queries(queries(200)).also(Sqlite::in_memory);
    let agreement = agreement.facade(Facade::Async).also(in_a_database()).facade(Facade::Blocking);
    agreement.run_queries(Mem::new, in_a_database()).assert_agreed();
}

longevity_tests::queries!(agrees_on_queries);
