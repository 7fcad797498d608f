//! The reads of a transaction from a table, except those by a key.

use longevity_core::backend::{Predicate, Prepared};

/// The number of queries that are recorded one by one. After more, the whole table counts as read.
const QUERIES: usize = 256;

/// What was read.
#[derive(Default)]
pub(crate) struct Reads {
    /// Rows that satisfy one of these predicates.
    predicates: Vec<Prepared>,
    /// Everything.
    all: bool,
}

impl Reads {
    pub(crate) fn note(&mut self, predicate: &Predicate) {
        if self.all {
            return;
        }
        // Its lists are sorted, as those of the others are.
        let asked = Prepared::new(predicate.clone());
        if self.predicates.iter().any(|known| known.predicate() == asked.predicate()) {
            return;
        }
        if self.predicates.len() == QUERIES || *predicate == Predicate::True {
            self.note_all();
        } else {
            self.predicates.push(asked);
        }
    }

    pub(crate) fn note_all(&mut self) {
        self.all = true;
        self.predicates.clear();
    }

    pub(crate) fn is_all(&self) -> bool {
        self.all
    }

    pub(crate) fn predicates(&self) -> impl Iterator<Item = &Prepared> {
        self.predicates.iter()
    }
}
