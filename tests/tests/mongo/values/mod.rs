//! Values: what a filter sends is encoded as what was stored, for every type that a property may have.

mod asking;
mod nested;
mod operators;
mod questions;
mod scalars;
