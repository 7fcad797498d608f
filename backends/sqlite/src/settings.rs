//! Settings: which database, and how it is used.

use std::path::PathBuf;
use std::time::Duration;

use longevity_core::{Error, ErrorKind};

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) place: Place,
    pub(crate) durability: Durability,
    pub(crate) busy_timeout: Duration,
    pub(crate) cache_kib: u32,
    pub(crate) max_size: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Memory,
}

/// The longest timeout that SQLite takes, which counts milliseconds in 32 bits.
pub(crate) const LONGEST_TIMEOUT: Duration = Duration::from_millis(i32::MAX.unsigned_abs() as u64);

/// What an acknowledged write is safe against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// It survives a crash of the program or of the system, and a loss of power: the file is synchronized before each commit is
    /// acknowledged (`synchronous=FULL`).
    #[default]
    Full,
    /// It survives a crash of the program. A crash of the system, or a loss of power, may undo the last commits, each of them
    /// wholly and the latest first, and does not damage the file (`synchronous=NORMAL`). Single writes are several times faster.
    Normal,
}

impl Place {
    /// The place that an address names: see [`Sqlite::from_uri`](crate::Sqlite::from_uri).
    pub(crate) fn from_uri(uri: &str) -> Result<Self, Error> {
        // The error does not show the address, because the address of a server may hold credentials.
        let refused = |problem: &str| Err(Error::Connection { kind: ErrorKind::Permanent, source: problem.into() });
        let path = match uri.strip_prefix("sqlite:") {
            Some(path) => path,
            None if has_a_scheme(uri) => {
                return refused(
                    "the address of a SQLite database begins with `sqlite:`, not with another scheme: write \
                     `sqlite:blog.db`, or use `Sqlite::file` for a file with such a name",
                );
            }
            None => uri,
        };
        if path.contains("://") || path.split_once(':').is_some_and(|(_, after)| after.contains('@')) {
            return refused(
                "this is the address of a server, with a host or with credentials, but a SQLite database is a file: write \
                 `sqlite:blog.db`, or use `Sqlite::file` for a file with such a name",
            );
        }
        if path.contains('?') {
            return refused(
                "the address of a SQLite database takes no parameters (`?`): use the methods of `Sqlite`, and \
                 `Sqlite::file` for a file with such a name",
            );
        }
        match (path, path.strip_prefix("//")) {
            ("", _) => refused("the address of a SQLite database names no file: write `sqlite:blog.db`"),
            (":memory:", _) => Ok(Self::Memory),
            (path, None) => Ok(Self::File(path.into())),
            // The host between the second slash and the third is empty.
            (_, Some(path)) if path.starts_with('/') => Ok(Self::File(path.into())),
            (_, Some(_)) => refused(
                "a host follows `sqlite://`, but a SQLite database has none: write `sqlite:blog.db` or \
                 `sqlite:///absolute/path`",
            ),
        }
    }
}

impl Settings {
    /// The settings that a database has if none are set.
    pub(crate) fn of(place: Place) -> Self {
        Self {
            place,
            durability: Durability::Full,
            busy_timeout: Duration::from_secs(5),
            cache_kib: 16 * 1024,
            max_size: None,
        }
    }
}

/// Whether the path follows a word and a colon. A single letter before `:/` or `:\` is a drive, and `:memory:` is not a scheme.
fn has_a_scheme(uri: &str) -> bool {
    let Some((word, after)) = uri.split_once(':') else { return false };
    let is_drive = word.len() == 1
        && word.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && after.starts_with(['/', '\\'])
        && !after.starts_with("//");
    !word.contains(['/', '\\']) && !is_drive && uri != ":memory:"
}
