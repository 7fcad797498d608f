//! Which database, and how it is used.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use longevity_core::{Error, ErrorKind};

use crate::connection::database::Database;

/// A SQLite database: one file, or a private one in memory. Clones share it.
///
/// Nothing is opened before the store is. The file is created if it does not exist.
///
/// ```
/// use std::time::Duration;
/// use longevity_sqlite::{Durability, Sqlite};
///
/// let careful = Sqlite::file("blog.db");
/// let quick = Sqlite::file("blog.db").durability(Durability::Normal).busy_timeout(Duration::from_secs(30));
/// let gone_at_the_end = Sqlite::in_memory();
/// ```
#[derive(Clone)]
pub struct Sqlite {
    pub(crate) settings: Settings,
    pub(crate) database: Arc<OnceLock<Arc<Database>>>,
}

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

/// What SQLite takes: it counts milliseconds.
const LONGEST_TIMEOUT: Duration = Duration::from_millis(i32::MAX.unsigned_abs() as u64);

/// When an acknowledged write is safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Against a crash of the program, of the system, and against a loss of power: the file is synchronized before each
    /// commit is acknowledged (`synchronous=FULL`).
    #[default]
    Full,
    /// Against a crash of the program. One of the system, or a loss of power, may undo the last commits, wholly and in
    /// order, and does not damage the file (`synchronous=NORMAL`). Several times faster for single writes.
    Normal,
}

impl Sqlite {
    /// The database in this file. `:memory:` is no file: see [`in_memory`](Self::in_memory).
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::at(Place::File(path.as_ref().to_owned()))
    }

    /// A private database in memory. It is gone with the last clone and the last store of it.
    pub fn in_memory() -> Self {
        Self::at(Place::Memory)
    }

    /// The database that a text names: `sqlite:blog.db`, `sqlite:/var/lib/blog.db` (or `sqlite:///var/lib/blog.db`), or
    /// `sqlite::memory:`; the prefix may be left out where there is no other `:` before the first `/`. There are no parameters:
    /// settings are this type's methods. What looks like the address of a server, or holds credentials, is refused, and not
    /// shown; [`file`](Self::file) takes any name.
    ///
    /// ```
    /// use longevity_sqlite::Sqlite;
    ///
    /// assert_eq!(format!("{:?}", Sqlite::from_uri("sqlite:blog.db")?), r#"Sqlite(File("blog.db"))"#);
    /// assert_eq!(format!("{:?}", Sqlite::from_uri("sqlite::memory:")?), "Sqlite(Memory)");
    /// assert!(Sqlite::from_uri("sqlite:").is_err());
    /// assert!(Sqlite::from_uri("sqlite://blog.db").is_err());
    /// assert!(Sqlite::from_uri("mongodb://localhost/blog").is_err());
    /// # Ok::<(), longevity_core::Error>(())
    /// ```
    pub fn from_uri(uri: &str) -> Result<Self, Error> {
        // Not the text: what looks like the address of a server may hold credentials.
        let refused = |problem: &str| Err(Error::Connection { kind: ErrorKind::Permanent, source: problem.into() });
        let path = match uri.strip_prefix("sqlite:") {
            Some(path) => path,
            None if has_a_scheme(uri) => {
                return refused(
                    "the address of a SQLite database begins with `sqlite:`, and with no other word and a colon: write \
                     `sqlite:blog.db`, or use `Sqlite::file` for a file with such a name",
                );
            }
            None => uri,
        };
        if path.contains("://") || path.split_once(':').is_some_and(|(_, behind)| behind.contains('@')) {
            return refused(
                "that is the address of a server, with a host or with credentials, and a SQLite database is a file: write \
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
            (":memory:", _) => Ok(Self::in_memory()),
            (path, None) => Ok(Self::file(path)),
            // The host between the second slash and the third is empty.
            (_, Some(path)) if path.starts_with('/') => Ok(Self::file(path)),
            (_, Some(_)) => refused(
                "a SQLite database has no host, which is what stands behind `sqlite://`: write `sqlite:blog.db` or \
                 `sqlite:///absolute/path`",
            ),
        }
    }

    fn at(place: Place) -> Self {
        let settings = Settings {
            place,
            durability: Durability::Full,
            busy_timeout: Duration::from_secs(5),
            cache_kib: 16 * 1024,
            max_size: None,
        };
        Self { settings, database: Arc::default() }
    }

    /// When an acknowledged write is safe; [`Durability::Full`] if not set.
    pub fn durability(self, durability: Durability) -> Self {
        self.with(|settings| settings.durability = durability)
    }

    /// How long an operation waits for another process's lock, or for the transactions of this one, before it fails with
    /// [`Error::Busy`]; 5 s if not set. A transaction may wait for both, one after the other: for as long each. SQLite counts milliseconds up
    /// to some 24 days: a longer timeout, as [`Duration::MAX`], is that long.
    pub fn busy_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.busy_timeout = timeout.min(LONGEST_TIMEOUT))
    }

    /// How much of the database each connection may keep in memory, in KiB; 16 MiB if not set. More than 2 TiB is 2 TiB.
    pub fn cache_kib(self, kib: u32) -> Self {
        self.with(|settings| settings.cache_kib = kib)
    }

    /// The size, in bytes, that the database may grow to; what would exceed it fails with [`SqliteError::Full`]. Not limited
    /// if not set.
    ///
    /// [`SqliteError::Full`]: crate::SqliteError::Full
    pub fn max_size(self, bytes: u64) -> Self {
        self.with(|settings| settings.max_size = Some(bytes))
    }

    /// Another database: this one's, if it is open, keeps its settings.
    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self.database = Arc::default();
        self
    }
}

/// Whether a word and a colon stand before the path. A single letter before `:/` or `:\` is a drive, `:memory:` no file.
fn has_a_scheme(uri: &str) -> bool {
    let Some((word, behind)) = uri.split_once(':') else { return false };
    let is_drive = word.len() == 1
        && word.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && behind.starts_with(['/', '\\'])
        && !behind.starts_with("//");
    !word.contains(['/', '\\']) && !is_drive && uri != ":memory:"
}

/// The place.
impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sqlite").field(&self.settings.place).finish()
    }
}
