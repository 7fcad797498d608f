//! The indexes of a table.
//!
//! * `create` creates what a model needs.
//! * `layout` says which indexes there are, and a row's entries in them.
//! * `undeclared` finds and drops keys of another version of the model.

pub(crate) mod create;
pub(crate) mod layout;
pub(crate) mod undeclared;
