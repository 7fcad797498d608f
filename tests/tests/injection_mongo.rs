//! Outside input that reaches a filter as a value stays a value: on a real MongoDB.

use longevity_tests::injection::values_stay_values;
use longevity_tests::mongo::{Scratch, left_out};

#[test]
fn values_stay_values_on_mongodb() {
    if left_out("injections on MongoDB").is_some() {
        return;
    }
    let scratch = Scratch::new().unwrap();
    values_stay_values(scratch.mongo());
}
