//! Waits for a condition by checking it repeatedly, and collects what to show if it is not met.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::Error;

/// The time between two looks at a file.
const PAUSE: Duration = Duration::from_millis(3);

/// Checks until there is a result or the limit has passed. `folder` is the member's, for the error.
pub(crate) fn until<T>(
    what: &str,
    limit: Duration,
    folder: &Path,
    mut look: impl FnMut() -> Result<Option<T>, Error>,
) -> Result<T, Error> {
    let start = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if start.elapsed() > limit {
            return Err(Error::TimeLimit { what: what.to_owned(), limit, log: ends(folder) });
        }
        std::thread::sleep(PAUSE);
    }
}

/// The last lines of what a member printed and of its log.
pub(crate) fn ends(folder: &Path) -> String {
    [end(&folder.join("output"), 10), end(&folder.join("log"), 20)].concat()
}

fn end(file: &Path, lines: usize) -> String {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].iter().map(|line| format!("  {line}\n")).collect()
}
