//! How many tasks share one commit, or one synchronization, and how long the first of them waits for the others.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The greatest number of times that a task yields while fewer tasks are waiting than shared the last turn.
const YIELDS: u8 = 32;
/// After this number of turns without company, a task assumes that it is alone. From then on it yields only once in this number of
/// turns, to see whether it still is.
const LOOK: usize = 16;
/// No task waits for more than this number of tasks.
const CROWD: usize = 64;

/// What the last turns were like. The counts may be off by one, which does no harm.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    /// How many tasks shared the last turn.
    last: AtomicUsize,
    /// How many turns in a row had one task alone.
    alone: AtomicUsize,
}

impl Gathering {
    /// Whether a task that has yielded this often continues, because as many tasks are waiting as shared the last turn, or
    /// because it has waited long enough. A task that was alone for a long time does not yield at all.
    pub(crate) fn is_complete(&self, yields: u8, there: impl FnOnce() -> usize) -> bool {
        if yields == 0 {
            let alone = self.alone.load(Ordering::Relaxed);
            return alone >= LOOK && !alone.is_multiple_of(LOOK);
        }
        yields >= YIELDS || there() >= self.last.load(Ordering::Relaxed).min(CROWD)
    }

    /// Notes how many tasks shared a turn.
    pub(crate) fn note(&self, shared: usize) {
        self.last.store(shared, Ordering::Relaxed);
        let alone = if shared > 1 { 0 } else { self.alone.load(Ordering::Relaxed).wrapping_add(1) };
        self.alone.store(alone, Ordering::Relaxed);
    }

    /// Whether a task that has yielded this often has yielded enough.
    pub(crate) fn has_yielded_enough(yields: u8) -> bool {
        yields >= YIELDS
    }
}
