//! A wide domain model, as health records have: 25 derived types, 150 components, 85 enums, generated as source text.
//!
//! The same types are written with serde alone and with longevity, so that builds can be compared (`cargo xtask wide build`) and
//! the conformance suite is run over a model as large as users have (`cargo xtask wide suite`). Nothing is random but by a fixed
//! seed: the text is the same on every machine.

mod chance;
mod model;
mod names;
mod program;
mod source;

pub use model::{Field, Form, Model, Of, Scalar, Size, Sum, Type, Variant};
pub use program::{longevity_program, serde_program};
pub use source::{Flavour, source};
