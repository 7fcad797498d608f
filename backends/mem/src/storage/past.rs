//! What transactions still have to know of a table's past: the changes since the oldest moment that one of them looks at.

use std::collections::VecDeque;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::storage::row::StoredRow;

/// The rows before and after each change of one write.
pub(crate) type Changes = SmallVec<[(Option<Arc<StoredRow>>, Option<Arc<StoredRow>>); 1]>;

/// The moments of a table that transactions look at, and what has changed since.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// How many writes the table has seen: its present moment.
    writes: u64,
    /// The moments that are looked at, each as often as it is.
    moments: Vec<u64>,
    /// The last writes: at least all since the oldest of the moments, and none if there are no moments.
    changes: VecDeque<Changes>,
}

impl Past {
    /// The present moment.
    pub(crate) fn now(&self) -> u64 {
        self.writes
    }

    /// Takes note of a write.
    pub(crate) fn note<'a>(
        &mut self,
        changes: impl Iterator<Item = (Option<&'a Arc<StoredRow>>, Option<&'a Arc<StoredRow>>)>,
    ) {
        self.writes += 1;
        if !self.moments.is_empty() {
            self.changes.push_back(changes.map(|(old, new)| (old.cloned(), new.cloned())).collect());
        }
    }

    /// From here on the writes since the present moment are kept.
    pub(crate) fn hold(&mut self) -> u64 {
        self.moments.push(self.writes);
        self.writes
    }

    /// Lets go of a moment. Gives what need not be kept any more, to be dropped outside the lock.
    pub(crate) fn release(&mut self, moment: u64) -> Vec<Changes> {
        if let Some(position) = self.moments.iter().position(|held| *held == moment) {
            self.moments.swap_remove(position);
        }
        let oldest = self.moments.iter().min().copied().unwrap_or(self.writes);
        let forgotten = self.changes.len() - self.since(oldest).len();
        self.changes.drain(..forgotten).collect()
    }

    /// The writes since a moment that is held, in their order.
    pub(crate) fn since(&self, moment: u64) -> impl ExactSizeIterator<Item = &Changes> {
        let writes = usize::try_from(self.writes.saturating_sub(moment)).unwrap_or(usize::MAX);
        self.changes.range(self.changes.len().saturating_sub(writes)..)
    }
}
