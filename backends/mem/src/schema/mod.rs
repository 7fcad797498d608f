//! The indexes of a table.
//!
//! * `create` creates what a model needs.
//! * `entry` is the place of a row in an index.
//! * `layout` has the list of the indexes, and a row's entries in them.
//! * `undeclared` finds and drops the keys of other versions of the model.

pub(crate) mod create;
pub(crate) mod entry;
pub(crate) mod layout;
pub(crate) mod undeclared;
