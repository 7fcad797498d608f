//! Random histories, run step by step on several back ends side by side: they must agree in every result, in every error,
//! and in the state at the end.

mod meant;
mod open;
mod random_history;
mod replay;
mod report;
mod runs;
mod seen;
mod shrink;
mod side;
mod step;
mod world;

pub use report::{AgreementReport, Disagreement};
pub use runs::Agreement;
