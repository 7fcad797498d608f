//! How long a task waits for the connection.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What the watcher knows of a task that waits.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    deadline: OnceLock<Instant>,
    /// Whether it had its turn and was not polled.
    is_passed_over: AtomicBool,
}

impl Wait {
    /// Sets the deadline, unless it has one.
    pub(crate) fn until(&self, deadline: Instant) {
        self.deadline.get_or_init(|| deadline);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.get().copied()
    }

    pub(crate) fn is_passed_over(&self) -> bool {
        self.is_passed_over.load(Ordering::Acquire)
    }

    pub(crate) fn pass_over(&self) {
        self.is_passed_over.store(true, Ordering::Release);
    }

    /// Notes that the task was polled, so it is not passed over any more.
    pub(crate) fn polled(&self) {
        self.is_passed_over.store(false, Ordering::Release);
    }
}
