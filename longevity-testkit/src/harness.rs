//! A test binary of named cases, which can be filtered, listed, and run in parallel, as with the built-in harness.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Conclusion, Failed, Trial};

use crate::case::{Case, Verdict};

/// Collects the cases of any number of models, and runs those that the command line selects.
#[derive(Default)]
pub struct Harness {
    trials: Vec<Trial>,
    at_once: Option<usize>,
}

impl Harness {
    /// A harness without cases.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds cases.
    pub fn add(&mut self, cases: impl IntoIterator<Item = Case>) -> &mut Self {
        self.trials.extend(cases.into_iter().map(trial));
        self
    }

    /// Adds a check of your own, which fails by a panic.
    ///
    /// ```
    /// use longevity::testkit::{Agreement, Harness};
    ///
    #[doc = include_str!("../doc/model.txt")]
    /// let mut harness = Harness::new();
    /// harness.check("histories of Blogging", || {
    ///     Agreement::<Blogging>::new().histories(2).steps(20).run(Mem::new, Mem::new).assert_agreed();
    /// });
    /// # let _ = || -> std::process::ExitCode {
    /// harness.run()
    /// # };
    /// ```
    pub fn check(&mut self, name: impl Into<String>, check: impl FnOnce() + Send + 'static) -> &mut Self {
        let check = move || {
            check();
            Ok(())
        };
        self.trials.push(Trial::test(name, check));
        self
    }

    /// The number of cases that run at once, unless the command line sets it (`--test-threads`). By default, one per core. More
    /// help if cases wait for a server.
    pub fn at_once(&mut self, cases: usize) -> &mut Self {
        self.at_once = Some(cases);
        self
    }

    /// Runs the cases that the command line selects.
    pub fn run(self) -> ExitCode {
        self.run_with(Arguments::from_args()).exit_code()
    }

    fn run_with(self, mut arguments: Arguments) -> Conclusion {
        arguments.test_threads = arguments.test_threads.or(self.at_once);
        libtest_mimic::run(&arguments, self.trials)
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

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_check_that_panics_fails_alone() {
        let mut harness = Harness::new();
        harness.check("holds", || {}).check("does not hold", || panic!("on purpose"));
        let conclusion = harness.run_with(Arguments::default());
        assert_eq!((conclusion.num_passed, conclusion.num_failed), (1, 1));
    }

    #[test]
    fn the_configured_number_of_cases_runs_at_once() {
        // Each waits for all others, so the test would never end if fewer ran at once.
        static ALL: Barrier = Barrier::new(5);
        static PASSED: AtomicUsize = AtomicUsize::new(0);
        let mut harness = Harness::new();
        harness.at_once(5);
        for number in 0..5 {
            harness.check(format!("{number}"), || {
                ALL.wait();
                PASSED.fetch_add(1, Ordering::Relaxed);
            });
        }
        assert!(!harness.run_with(Arguments::default()).has_failed());
        assert_eq!(PASSED.load(Ordering::Relaxed), 5);
    }
}
