//! How many share what is done for all of them at once, and how long the first one waits for the others.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How often a task yields at most, until as many are there as were the last time.
const YIELDS: u8 = 32;
/// A task that had so many turns to itself takes itself to be alone, and yields once in so many.
const LOOK: usize = 16;
/// No task waits for more than so many.
const CROWD: usize = 64;

/// What the last turns were like. The counts may be off by one, which does no harm.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// How many shared the last turn.
    last: AtomicUsize,
    /// How many turns in a row had one alone.
    alone: AtomicUsize,
}

impl Crowd {
    /// Whether a task that has yielded so often goes on: as many are there as were the last time, or it cannot be helped. A task
    /// that was alone for long does not yield at all.
    pub(crate) fn is_gathered(&self, yields: u8, there: impl FnOnce() -> usize) -> bool {
        if yields == 0 {
            let alone = self.alone.load(Ordering::Relaxed);
            return alone >= LOOK && !alone.is_multiple_of(LOOK);
        }
        yields >= YIELDS || there() >= self.last.load(Ordering::Relaxed).min(CROWD)
    }

    /// Notes how many shared a turn.
    pub(crate) fn note(&self, shared: usize) {
        self.last.store(shared, Ordering::Relaxed);
        let alone = if shared > 1 { 0 } else { self.alone.load(Ordering::Relaxed).wrapping_add(1) };
        self.alone.store(alone, Ordering::Relaxed);
    }

    /// Whether a task that has yielded so often has yielded enough.
    pub(crate) fn is_enough(yields: u8) -> bool {
        yields >= YIELDS
    }
}
