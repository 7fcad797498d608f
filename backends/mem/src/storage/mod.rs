//! The rows and index entries of a table.
//!
//! * `index` is one index.
//! * `pages` holds the rows by their ids.
//! * `past` keeps the changes that open transactions still need.
//! * `row` is a row.
//! * `source` is the place that a query reads from: a table, or a transaction's view of one.
//! * `state` is the data that the lock of a table guards.
//! * `store` is that lock.

pub(crate) mod index;
pub(crate) mod pages;
pub(crate) mod past;
pub(crate) mod row;
pub(crate) mod source;
pub(crate) mod state;
pub(crate) mod store;
