//! Reports cases that take long, so that a run that seems to hang says where it is.

use std::io::{Write, stderr};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How long a case runs before its name is reported.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Runs `run`, and calls `report` once if it has not ended after `patience`.
pub(crate) fn report_if_slow<R>(patience: Duration, report: impl FnOnce() + Send, run: impl FnOnce() -> R) -> R {
    let (running, ended) = channel::<()>();
    thread::scope(|scope| {
        let watch = move || {
            if ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                report();
            }
        };
        // If no thread can be started, nothing is reported.
        let _watching = thread::Builder::new().spawn_scoped(scope, watch);
        // Dropping this ends the watch, after a panic too.
        let _running = running;
        run()
    })
}

/// Prints to standard error that a case is running. This writes to the handle, because output of `eprintln!` is captured until
/// the test fails.
pub(crate) fn print_slow_case(case: &str) {
    // Standard error may be closed.
    let _ = writeln!(stderr(), "running for more than {} s: {case}", PATIENCE.as_secs());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_run_is_reported_once() {
        let (reported, wait) = channel();
        // It ends once it was reported, and not before.
        let ended = report_if_slow(
            Duration::from_millis(1),
            move || reported.send("reported").unwrap(),
            || wait.recv().unwrap(),
        );
        assert_eq!(ended, "reported");
        assert!(wait.recv().is_err());
    }

    #[test]
    fn a_fast_run_is_not_reported() {
        let mut reported = false;
        assert_eq!(report_if_slow(Duration::from_secs(600), || reported = true, || 5), 5);
        assert!(!reported);
    }

    #[test]
    fn a_panic_ends_the_watch() {
        let run = || report_if_slow(Duration::from_secs(600), || (), || panic!("of the case"));
        assert!(std::panic::catch_unwind(run).is_err());
    }
}
