//! Shorter histories that still fail.
//!
//! Proptest's shrinking removes one element at a time and knows nothing about steps. This first removes everything after the
//! failing step, then ever smaller parts, and then simplifies the steps.

use super::step::{History, Step};

/// How many histories are tried.
const TRIES: usize = 5_000;

/// The shortest failing history found. `fails` returns the position of the failing step.
pub(super) fn shrink(history: History, fails: impl FnMut(&History) -> Option<usize>) -> History {
    let mut shrinking = Shrinking { history, fails, tries: TRIES };
    // Remove the steps after the failure.
    shrinking.take(shrinking.history.clone());
    // Repeat until nothing changes: a simpler step may not need others any more.
    while shrinking.parts() | shrinking.simpler() {}
    shrinking.history
}

struct Shrinking<F> {
    history: History,
    fails: F,
    tries: usize,
}

impl<F: FnMut(&History) -> Option<usize>> Shrinking<F> {
    /// Takes the candidate if it fails too.
    fn take(&mut self, mut candidate: History) -> bool {
        if self.tries == 0 {
            return false;
        }
        self.tries -= 1;
        let Some(position) = (self.fails)(&candidate) else { return false };
        candidate.steps.truncate(position + 1);
        self.history = candidate;
        true
    }

    fn with_steps(&self, steps: Vec<Step>) -> History {
        History { steps, ..self.history }
    }

    /// Removes parts: halves, quarters, single steps.
    fn parts(&mut self) -> bool {
        let mut shorter = false;
        let mut size = self.history.steps.len().div_ceil(2);
        while size > 0 {
            // This begins at the end, because later steps depend on earlier ones.
            let mut end = self.history.steps.len();
            while end > 0 {
                let start = end.saturating_sub(size);
                let steps = &self.history.steps;
                let left = steps[..start].iter().chain(&steps[end..]).cloned().collect();
                shorter |= self.take(self.with_steps(left));
                end = start.min(self.history.steps.len());
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
        shorter
    }

    /// Tries simpler steps and options.
    fn simpler(&mut self) -> bool {
        let mut simpler = false;
        let options: [fn(&mut History); 2] =
            [|history| history.optimistic_locking = true, |history| history.timestamps = false];
        for option in options {
            let mut candidate = self.history.clone();
            option(&mut candidate);
            simpler |= candidate != self.history && self.take(candidate);
        }
        let mut position = 0;
        while position < self.history.steps.len() {
            let candidates = self.history.steps[position].simpler().into_iter();
            let taken = candidates.map(|step| {
                let mut steps = self.history.steps.clone();
                steps[position] = step;
                self.with_steps(steps)
            });
            let taken = taken.collect::<Vec<_>>().into_iter().any(|candidate| self.take(candidate));
            simpler |= taken;
            // The new step may become even simpler.
            position += usize::from(!taken);
        }
        simpler
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::{Operation, StateChoice, ValueChoice};
    use super::*;

    #[test]
    fn irrelevant_steps_are_removed() {
        let step = |index| Step { table: 0, view: 0, operation: Operation::Delete(StateChoice { any: false, index }) };
        let history = History { optimistic_locking: false, timestamps: true, steps: (0..500).map(step).collect() };
        // Fails if 20 comes, and later 300.
        let fails = |history: &History| {
            let first = history.steps.iter().position(|other| *other == step(20))?;
            let second = history.steps[first..].iter().position(|other| *other == step(300))?;
            Some(first + second)
        };
        let shrunk = shrink(history, fails);
        assert_eq!(shrunk.steps, [step(20), step(300)]);
        assert!(shrunk.optimistic_locking && !shrunk.timestamps);
    }

    #[test]
    fn steps_become_simpler() {
        let create =
            |sample, key| Step { table: 0, view: 0, operation: Operation::Create(ValueChoice { sample, key }) };
        let many = Step {
            operation: Operation::CreateMany(vec![
                ValueChoice { sample: 7, key: Some((1, 1)) },
                ValueChoice { sample: 9, key: None },
            ]),
            ..create(0, None)
        };
        let history = History { optimistic_locking: true, timestamps: false, steps: vec![many] };
        let fails = |history: &History| (!history.steps.is_empty()).then_some(0);
        assert_eq!(shrink(history, fails).steps, [create(0, None)]);
    }
}
