//! A wide domain model like that of health records, generated as source text. It has 25 derived types, 150 components and 85
//! enums.
//!
//! The same types are written with serde alone and with longevity, so that `cargo xtask wide build` can compare their builds, and
//! `cargo xtask wide suite` can run the conformance suite over a model as large as users have. All random choices have a fixed
//! seed, so the text is the same on every machine.

mod chance;
mod model;
mod names;
mod program;
mod source;

pub use model::{Field, Form, Model, Of, Scalar, Size, Sum, Type, Variant};
pub use program::{longevity_program, serde_program};
pub use source::{Flavour, source};
