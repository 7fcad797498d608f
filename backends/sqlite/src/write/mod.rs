//! Writes: what each does on a connection.

/// Jobs, each in a transaction of its own or several in one.
pub(crate) mod job;
/// Replacing a row.
pub(crate) mod replace;
/// A connection that writes rows.
pub(crate) mod row_writer;
/// Rows that swap the values of their keys.
pub(crate) mod swapped_keys;
/// The rows that a new row refers to.
pub(crate) mod targets;
