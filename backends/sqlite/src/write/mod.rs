//! Writes: what each does on a connection.

/// Jobs, alone and several in one transaction.
pub(crate) mod job;
/// Replacing a row.
pub(crate) mod replace;
/// Rows that swap the values of their keys.
pub(crate) mod swapped_keys;
