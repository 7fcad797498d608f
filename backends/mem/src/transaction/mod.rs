//! Transactions and snapshots.
//!
//! * `fork` is a table as one transaction sees it.
//! * `moment` is a table at one moment.
//! * `reads` records what a transaction has read.
//! * `session` is the transaction.

pub(crate) mod fork;
pub(crate) mod moment;
pub(crate) mod reads;
pub(crate) mod session;
