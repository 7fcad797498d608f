//! Random queries over any type, and the check of their results. The queries use every condition that a property can have. They
//! compare with values of rows, with values next to those, and with values that break stores.
//!
//! From the bottom up: plain queries and their naive evaluation; operands and random filters; the same queries built with the
//! operators that users call; the check of a repository's results.

mod any_value;
mod build;
mod changes;
mod check;
mod check_results;
mod compare;
mod display;
mod expected;
mod hostile_values;
mod naive;
mod neighbours;
mod plain_query;
mod properties;
mod random_filters;
mod random_operands;
mod random_queries;
mod row_ids;
mod scopes;
mod simplify;
mod typed_props;
mod written;

pub(crate) use changes::{Change, ChangeKind};
pub(crate) use check::{Checks, check_query};
pub(crate) use check_results::{groups_of, pages_of};
pub(crate) use naive::PlainRow;
pub(crate) use plain_query::{Condition, Join, JoinForm, Place, PlainFilter, PlainOrder, PlainQuery};
pub(crate) use properties::{Kind, Property, properties};
pub(crate) use random_queries::RandomQueries;
pub(crate) use row_ids::with_row_ids;
pub use scopes::Scope;
pub(crate) use simplify::{simpler, simplest};
pub(crate) use written::check_as_evaluated;
