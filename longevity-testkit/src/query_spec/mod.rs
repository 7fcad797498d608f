//! The conformance suite of queries: what a back end finds is checked against what a query means.

mod check;
mod check_joins;
mod joins;
mod list;
mod rows;
mod spec;
mod written;

pub use rows::Rows;
pub use spec::QuerySpec;
#[doc(hidden)]
pub use spec::configured_queries;
