//! Says which case is running, where it takes so long that somebody wonders.

use std::io::{Write, stderr};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How long a case runs before its name is told.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Runs, and tells once if it has not ended after so long.
pub(crate) fn telling<R>(patience: Duration, tell: impl FnOnce() + Send, run: impl FnOnce() -> R) -> R {
    let (running, ended) = channel::<()>();
    thread::scope(|scope| {
        let watch = move || {
            if ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                tell();
            }
        };
        // Where there is no room for another thread, nothing is told.
        let _watching = thread::Builder::new().spawn_scoped(scope, watch);
        // Dropped at the end, in a panic too, which ends the watch.
        let _running = running;
        run()
    })
}

/// Says on standard error that a case is running. By its handle, as what a macro prints is kept back until the test fails.
pub(crate) fn tell_running(case: &str) {
    // Nobody is to be told where it is closed.
    let _ = writeln!(stderr(), "running for more than {} s: {case}", PATIENCE.as_secs());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_told_once() {
        let (told, wait) = channel();
        // It ends when it was told of, and not before.
        let ended = telling(Duration::from_millis(1), move || told.send("told").unwrap(), || wait.recv().unwrap());
        assert_eq!(ended, "told");
        assert!(wait.recv().is_err());
    }

    #[test]
    fn what_ends_soon_is_not_told() {
        let mut told = false;
        assert_eq!(telling(Duration::from_secs(600), || told = true, || 5), 5);
        assert!(!told);
    }

    #[test]
    fn a_panic_ends_the_watch() {
        let run = || telling(Duration::from_secs(600), || (), || panic!("of the case"));
        assert!(std::panic::catch_unwind(run).is_err());
    }
}
