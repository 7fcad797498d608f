//! Values of every type that a property can have. A filter encodes a value in the same way as it is stored.

mod asking;
mod nested;
mod operators;
mod questions;
mod scalars;
