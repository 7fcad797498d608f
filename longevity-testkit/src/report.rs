//! The result of a run of a suite.

use std::fmt;

use crate::case::{Case, Verdict};

/// One case of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseReport {
    /// `blogging::member::retrieve by email on mem`
    pub name: String,
    /// Its result.
    pub verdict: Verdict,
}

impl CaseReport {
    /// Runs the case.
    pub(crate) fn of(case: Case) -> Self {
        Self { name: case.name().to_owned(), verdict: case.run() }
    }
}

/// The result of every case.
#[derive(Clone, Debug)]
#[must_use = "a report fails no test until it is asserted"]
pub struct Report {
    /// The cases, in the order of the run.
    pub cases: Vec<CaseReport>,
    /// The seed that repeats the run.
    pub seed: u64,
}

impl Report {
    /// The names and the messages of the cases that failed.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cases.iter().filter_map(|case| match &case.verdict {
            Verdict::Failed(message) => Some((case.name.as_str(), message.as_str())),
            _ => None,
        })
    }

    /// The names of the cases that were skipped, and why.
    pub fn skipped(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cases.iter().filter_map(|case| match &case.verdict {
            Verdict::Skipped(reason) => Some((case.name.as_str(), reason.as_str())),
            _ => None,
        })
    }

    /// Whether no case failed.
    pub fn has_passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// Panics with the names and the messages of the cases that failed. Prints the names of skipped cases to standard error.
    #[track_caller]
    pub fn assert_passed(&self) {
        for (name, reason) in self.skipped() {
            eprintln!("skipped: {name}: {reason}");
        }
        assert!(!self.cases.is_empty(), "no case was run: the model has no types, or the filter selects no case");
        assert!(self.has_passed(), "{self}");
    }
}

/// The failed cases, one per line, and the seed.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failed().count();
        writeln!(f, "{failed} of {} cases failed; repeat with LONGEVITY_SEED={}", self.cases.len(), self.seed)?;
        for (name, message) in self.failed() {
            writeln!(f, "  {name}\n    {message}")?;
        }
        Ok(())
    }
}
