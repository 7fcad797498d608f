//! A test binary of named cases: filterable, listed, and run in parallel, as the built-in harness does.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::report::Verdict;
use crate::spec::Case;

/// Collects the cases of any number of models, and runs those that the command line asks for.
#[derive(Default)]
pub struct Harness {
    trials: Vec<Trial>,
}

impl Harness {
    /// Without any cases.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds cases.
    pub fn add(&mut self, cases: impl IntoIterator<Item = Case>) -> &mut Self {
        self.trials.extend(cases.into_iter().map(trial));
        self
    }

    /// Runs the cases that the command line asks for.
    pub fn run(self) -> ExitCode {
        libtest_mimic::run(&Arguments::from_args(), self.trials).exit_code()
    }
}

impl std::fmt::Debug for Harness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Harness").field("cases", &self.trials.len()).finish()
    }
}

fn trial(case: Case) -> Trial {
    Trial::ignorable_test(case.name().to_owned(), move || match case.run() {
        Verdict::Passed => Ok(Completion::Completed),
        Verdict::Skipped(reason) => Ok(Completion::ignored_with(reason)),
        Verdict::Failed(message) => Err(Failed::from(format!("{message}\nrepeat with LONGEVITY_SEED={}", case.seed()))),
    })
}
