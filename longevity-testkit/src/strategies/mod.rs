//! Generated values of every type that can be stored.

mod budget;
mod collections;
pub mod combine;
mod generators;
mod missing;
mod nodes;
mod parts;
mod scalars;
mod text;

pub use generators::{Generate, Generators, StrategySource};
#[doc(hidden)]
pub use missing::{DerivedOfSuite, Field, FromOverride, FromType, RootOfSuite, WithoutSuite};
