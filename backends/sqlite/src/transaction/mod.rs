//! Transactions.

/// A transaction and its operations.
pub(crate) mod session;
