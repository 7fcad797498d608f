//! One case of a suite, and its run.

use std::fmt::{self, Debug};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::outcome::{Outcome, Stop, panic_message};
use crate::slow_cases::{PATIENCE, print_slow_case, report_if_slow};

/// The result of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The check passed.
    Passed,
    /// The case does not apply to these types, for this reason.
    Skipped(String),
    /// The check failed, with this message.
    Failed(String),
}

/// One case: a name and a check.
pub struct Case {
    name: String,
    seed: u64,
    check: Box<dyn Fn() -> Outcome + Send + Sync>,
}

impl Case {
    pub(crate) fn new(name: String, seed: u64, check: impl Fn() -> Outcome + Send + Sync + 'static) -> Self {
        Self { name, seed, check: Box::new(check) }
    }

    /// `blogging::member::retrieve by email on mem`
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The seed of its values.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Runs the case on a new store. A panic in the back end or in a strategy is a failure. A case that has been running for five
    /// seconds prints its name to standard error, once.
    pub fn run(&self) -> Verdict {
        self.run_and_report(PATIENCE, print_slow_case)
    }

    /// Runs the case, and reports it if it takes longer than `patience`.
    fn run_and_report(&self, patience: Duration, report: impl FnOnce(&str) + Send) -> Verdict {
        let run = || catch_unwind(AssertUnwindSafe(|| (self.check)()));
        match report_if_slow(patience, || report(&self.name), run) {
            Ok(Ok(())) => Verdict::Passed,
            Ok(Err(Stop::Skipped(reason))) => Verdict::Skipped(reason),
            Ok(Err(Stop::Failed(message) | Stop::Undecodable { message, .. })) => Verdict::Failed(message),
            Err(panic) => Verdict::Failed(format!("panic: {}", panic_message(&*panic))),
        }
    }
}

impl Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    #[test]
    fn a_slow_case_reports_its_name() {
        let (reported, wait) = channel();
        let wait = Mutex::new(wait);
        // The case passes once its name was reported, and not before.
        let case = Case::new("blogging::member::create on mem".to_owned(), 1, move || {
            let name: String = wait.lock().map_err(Stop::failed)?.recv().map_err(Stop::failed)?;
            if name == "blogging::member::create on mem" { Ok(()) } else { Err(Stop::failed(name)) }
        });
        let verdict = case.run_and_report(Duration::from_millis(1), move |name| {
            let _ = reported.send(name.to_owned());
        });
        assert_eq!(verdict, Verdict::Passed);
    }
}
