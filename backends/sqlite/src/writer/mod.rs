//! The one connection that writes, and the tasks that wait for it.

/// How long a task waits.
pub(crate) mod deadline;
#[cfg(test)]
mod durability_tests;
/// How many share a commit, and how long the first one waits for the others.
pub(crate) mod group_commit;
/// The connection, leased to one task.
pub(crate) mod lease;
/// The tasks that wait, and whose turn it is.
pub(crate) mod queue;
/// Putting commits on the disk, several at once.
pub(crate) mod synchronization;
/// A write in the queue.
pub(crate) mod ticket;
/// The connection that writes.
pub(crate) mod write_connection;
