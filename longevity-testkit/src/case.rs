//! One case of a suite, and its run.

use std::fmt::{self, Debug};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::outcome::{Outcome, Stop, panic_message};
use crate::telling::{PATIENCE, tell_running, telling};

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It held.
    Passed,
    /// It has no meaning for these types; says why.
    Skipped(String),
    /// It did not hold; says what happened instead.
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

    /// The seed that its values come from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Runs it on a new store. A panic, in the back end or in a strategy, is a failure. Its name is said on standard error, once,
    /// when it has been running for five seconds.
    pub fn run(&self) -> Verdict {
        self.run_telling(PATIENCE, tell_running)
    }

    /// The same, with this patience.
    fn run_telling(&self, patience: Duration, tell: impl FnOnce(&str) + Send) -> Verdict {
        let run = || catch_unwind(AssertUnwindSafe(|| (self.check)()));
        match telling(patience, || tell(&self.name), run) {
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
    fn a_case_that_takes_long_says_its_name() {
        let (told, wait) = channel();
        let wait = Mutex::new(wait);
        // It passes when its name was said, and not before.
        let case = Case::new("blogging::member::create on mem".to_owned(), 1, move || {
            let name: String = wait.lock().map_err(Stop::failed)?.recv().map_err(Stop::failed)?;
            if name == "blogging::member::create on mem" { Ok(()) } else { Err(Stop::failed(name)) }
        });
        let verdict = case.run_telling(Duration::from_millis(1), move |name| {
            let _ = told.send(name.to_owned());
        });
        assert_eq!(verdict, Verdict::Passed);
    }
}
