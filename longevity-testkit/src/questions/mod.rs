//! Random queries over any type: every question that its properties can be asked, about values that rows have, about their
//! neighbours, and about what breaks stores.

mod anything;
mod asked;
mod build;
mod changes;
mod compare;
mod expected;
mod filters;
mod generator;
mod given;
mod ids;
mod judge;
mod levels;
mod meaning;
mod near;
mod operands;
mod properties;
mod results;
mod scopes;
mod simpler;
mod traps;
mod words;

pub(crate) use asked::{Asked, By, Join, JoinForm, Place, Question, What};
pub(crate) use changes::{Change, How};
pub(crate) use generator::Questions;
pub(crate) use given::agree_as_evaluated;
pub(crate) use ids::with_ids;
pub(crate) use judge::Plain;
pub(crate) use meaning::{Ways, agree};
pub(crate) use properties::{Kind, Property, properties};
pub(crate) use results::{groups_of, pages_of};
pub use scopes::Scope;
pub(crate) use simpler::{simpler, simplest};
