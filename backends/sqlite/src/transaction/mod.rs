//! Transactions.

/// The state of an open transaction, and how it ends.
pub(crate) mod open;
/// A transaction and its operations.
pub(crate) mod session;
/// The rows of a snapshot, read on demand.
pub(crate) mod snapshot_rows;
