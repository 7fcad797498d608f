//! Random histories, run step by step on several back ends side by side. The back ends must agree in every result, in every
//! error, and in the state at the end.

mod key_moves;
mod observation;
mod open;
mod oracle;
mod plans;
mod random_history;
mod replay;
mod report;
mod runs;
mod sample_keys;
mod shrink;
mod side;
mod step;
mod table;

pub use report::{AgreementReport, Disagreement};
pub use runs::Agreement;
