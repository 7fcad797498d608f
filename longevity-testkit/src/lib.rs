//! The conformance suite of longevity. For any domain model on any back end, it proves that stored values come back, that keys
//! are unique, that no derived repository sees a sibling, and that no write is lost silently.
//!
//! Users reach it through the `testkit` feature of the `longevity` crate. One line runs everything:
//!
//! ```text
//! longevity::repo_crud_spec!(Blogging, Mem::new());
//! ```
//!
//! * [`RepoCrudSpec`] is the suite, [`Report`] is the result of a run, and a [`Fixture`] supplies the stores.
//! * [`QuerySpec`] checks the results of queries, written by hand and random, over generated [`Rows`].
//! * [`Agreement`] runs random histories and random queries on several back ends side by side.
//! * [`crash`] kills writers of a durable back end and examines the store afterwards.
//! * [`Facade`] selects the blocking facade, the asynchronous one on a runtime, or transactions.
//! * [`Generate`] and [`Generators`] make values. The derives implement [`Generate`].
//! * [`contract`] shows the suite the types of a model. Generated code implements it.
//! * [`decorate`] wraps a back end to count, break or forbid its operations.

#![allow(
    clippy::panic,
    clippy::type_complexity,
    reason = "a test library: it panics where a test cannot continue, and its types are erased function by function"
)]

mod advice;
mod agreement;
mod case;
mod cases;
pub mod contract;
pub mod crash;
pub mod decorate;
mod facade;
mod fixture;
mod harness;
#[doc(hidden)]
pub mod key_vals;
mod keys;
mod macros;
mod naming;
mod outcome;
mod plan;
mod pool;
mod queries;
mod query_spec;
mod random;
mod references;
mod report;
mod settings;
mod slow_cases;
mod spec;
pub mod strategies;
mod untyped;
mod values;
mod views;

pub use agreement::{Agreement, AgreementReport, Disagreement};
pub use case::{Case, Verdict};
pub use contract::{KeyValVisitor, KeyVisitor, SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
pub use facade::{Facade, Through};
pub use fixture::{Fixture, with_guard};
pub use harness::Harness;
#[doc(hidden)]
pub use queries::Scope;
#[doc(hidden)]
pub use query_spec::configured_queries;
pub use query_spec::{QuerySpec, Rows};
pub use report::{CaseReport, Report};
pub use spec::RepoCrudSpec;

#[doc(hidden)]
pub use spec::configured;
pub use strategies::{Generate, Generators, StrategySource};

/// The version of proptest whose strategies a user can pass as overrides.
pub use proptest;

#[doc(hidden)]
pub use proptest::strategy::BoxedStrategy;
#[doc(hidden)]
pub use strategies::combine::{draw, drawn, just, map, one_of};
