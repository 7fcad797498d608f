//! Outside input that reaches a filter as a value stays a value: in memory and on SQLite.

use longevity::{Mem, Sqlite};
use longevity_tests::injection::values_stay_values;

#[test]
fn values_stay_values_in_memory() {
    values_stay_values(Mem::new());
}

#[test]
fn values_stay_values_on_sqlite() {
    values_stay_values(Sqlite::in_memory());
}
