//! The one connection that writes, and the tasks that wait for it.

/// A task that wants to lease the connection.
pub(crate) mod claim;
/// When a task stops waiting, and whether it missed its turn.
pub(crate) mod deadline;
#[cfg(test)]
mod durability_tests;
/// How long a task waits for others to share one commit with.
pub(crate) mod group_commit;
/// The connection, leased to one task.
pub(crate) mod lease;
/// A connection that waits for other processes.
pub(crate) mod patient_connection;
/// The tasks that wait for the connection, and whose turn it is.
pub(crate) mod queue;
/// A write on its way through the queue.
pub(crate) mod submission;
/// Putting commits on the disk, several at once.
pub(crate) mod synchronization;
/// A commit that waits until it is on the disk.
pub(crate) mod synchronized_commit;
/// A write in the queue, and its answer.
pub(crate) mod ticket;
/// The thread that enforces the time limits of waiting tasks.
pub(crate) mod watcher;
/// The connection that writes, and who has it.
pub(crate) mod write_connection;
