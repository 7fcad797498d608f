//! Transactions: the server session that the commands of an operation share, and how it ends.
//!
//! - [`commit`]: commits, and repeats a commit while its outcome is unknown.
//! - [`detach_on_drop`]: work that a task finishes if its future is dropped.
//! - [`executor`]: runs the commands of an operation, alone or in a transaction.
//! - [`kill_session`]: ends the server's work for a caller that is gone.
//! - [`open_transaction`]: an open transaction, batch or snapshot.
//! - [`queue`]: runs the commands of a session one after the other.
//! - [`session`]: the public transaction, [`MongoTransaction`](session::MongoTransaction), on top of queries and writes.

pub(crate) mod commit;
pub(crate) mod detach_on_drop;
pub(crate) mod executor;
pub(crate) mod kill_session;
pub(crate) mod open_transaction;
pub(crate) mod queue;
pub(crate) mod session;
