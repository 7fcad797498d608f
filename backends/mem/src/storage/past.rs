//! The part of a table's past that transactions still need: the changes since the oldest moment that one of them sees.

use std::collections::VecDeque;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::storage::row::StoredRow;

/// The rows before and after each change of one write.
pub(crate) type Changes = SmallVec<[(Option<Arc<StoredRow>>, Option<Arc<StoredRow>>); 1]>;

/// The moments of a table that transactions see, and the changes since.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The number of writes that the table has seen, which is its present moment.
    writes: u64,
    /// The moments that are seen, each as often as there are transactions that see it.
    moments: Vec<u64>,
    /// The last writes: at least all since the oldest of the moments, and none if there are no moments.
    changes: VecDeque<Changes>,
}

impl Past {
    /// The present moment.
    pub(crate) fn now(&self) -> u64 {
        self.writes
    }

    /// Notes a write.
    pub(crate) fn note<'a>(
        &mut self,
        changes: impl Iterator<Item = (Option<&'a Arc<StoredRow>>, Option<&'a Arc<StoredRow>>)>,
    ) {
        self.writes += 1;
        if !self.moments.is_empty() {
            self.changes.push_back(changes.map(|(old, new)| (old.cloned(), new.cloned())).collect());
        }
    }

    /// Keeps the writes from the present moment on.
    pub(crate) fn hold(&mut self) -> u64 {
        self.moments.push(self.writes);
        self.writes
    }

    /// Releases a moment. Returns what need no longer be kept, to be dropped outside the lock.
    pub(crate) fn release(&mut self, moment: u64) -> Vec<Changes> {
        if let Some(position) = self.moments.iter().position(|held| *held == moment) {
            self.moments.swap_remove(position);
        }
        let oldest = self.moments.iter().min().copied().unwrap_or(self.writes);
        let forgotten = self.changes.len() - self.since(oldest).len();
        self.changes.drain(..forgotten).collect()
    }

    /// The writes since a moment that is kept, in their order.
    pub(crate) fn since(&self, moment: u64) -> impl ExactSizeIterator<Item = &Changes> {
        let writes = usize::try_from(self.writes.saturating_sub(moment)).unwrap_or(usize::MAX);
        self.changes.range(self.changes.len().saturating_sub(writes)..)
    }
}
