//! The conformance suite of longevity: it proves for any domain model on any back end that what is stored comes back,
//! that keys are unique, that no derived repository sees a sibling, and that nothing is silently not written.
//!
//! Users reach it through the `testkit` feature of the `longevity` crate. One line runs everything:
//!
//! ```text
//! longevity::repo_crud_spec!(Blogging, Mem::new());
//! ```
//!
//! * [`RepoCrudSpec`] is the suite, [`Report`] what a run of it gives, [`Fixture`] where its stores come from.
//! * [`QuerySpec`] holds queries, written by hand and random, to what they mean, over generated [`Rows`].
//! * [`Agreement`] runs random histories and random queries on several back ends side by side.
//! * [`crash`] kills writers of a durable back end and examines what is left.
//! * [`Facade`] says whether it works through the blocking facade or the asynchronous one, on a runtime.
//! * [`Generate`] and [`Generators`] make values; the derives implement the former.
//! * [`contract`] is how the suite meets the types of a model without naming them; generated code implements it.
//! * [`decorate`] wraps a back end to count, break or forbid what it does.

#![allow(
    clippy::panic,
    clippy::type_complexity,
    reason = "a test library: it panics where a test cannot go on, and its types are erased function by function"
)]

mod agreement;
mod case;
mod cases;
pub mod contract;
pub mod crash;
pub mod decorate;
mod facade;
mod fixture;
mod harness;
mod keys;
mod macros;
mod naming;
mod outcome;
mod plan;
mod pool;
mod query_spec;
mod questions;
mod random;
mod refused;
mod report;
mod settings;
mod spec;
pub mod strategies;
mod telling;
mod untyped;
mod values;
mod views;

pub use agreement::{Agreement, AgreementReport, Disagreement};
pub use case::{Case, Verdict};
pub use contract::{KeyVisitor, SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
pub use facade::{Facade, Through};
pub use fixture::{Fixture, with_guard};
pub use harness::Harness;
#[doc(hidden)]
pub use query_spec::configured_queries;
pub use query_spec::{QuerySpec, Rows};
#[doc(hidden)]
pub use questions::Scope;
pub use report::{CaseReport, Report};
pub use spec::RepoCrudSpec;

#[doc(hidden)]
pub use spec::configured;
pub use strategies::{Generate, Generators, StrategySource};

/// The strategies that a user overrides with come from this version of proptest.
pub use proptest;

#[doc(hidden)]
pub use proptest::strategy::BoxedStrategy;
#[doc(hidden)]
pub use strategies::combine::{draw, drawn, just, map, one_of};
