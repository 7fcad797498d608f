//! Changes of rows.
//!
//! * `apply` makes them in a table, all or none.
//! * `change` is one change, with the index entries before and after it.

pub(crate) mod apply;
pub(crate) mod change;
