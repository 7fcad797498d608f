//! A matrix of domain models: together they contain every kind of type, property, key and index. The suites of every back end run
//! over it.

pub mod databases;
pub mod evolution;
pub mod injection;
pub mod matrix;
pub mod models;
pub mod mongo;
pub mod plans;
pub mod query_specs;
pub mod stores;
