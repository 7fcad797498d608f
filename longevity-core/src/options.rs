//! How a store behaves.

use std::time::Duration;

use crate::select::CursorKey;

/// How a store behaves.
///
/// ```
#[doc = include_str!("../doc/open.txt")]
/// let options = Options::default().optimistic_locking(false).timestamps(true);
/// let store = Longevity::<Blogging, _>::open_with(Mem::new(), options).await?;
/// store.create_schema().await?;
/// let ann = store.repo::<Member>().create(member("ann", 2)).await?;
/// assert!(ann.created_at().is_some());
#[doc = include_str!("../doc/close.txt")]
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub(crate) optimistic_locking: bool,
    pub(crate) timestamps: bool,
    pub(crate) cursor_key: Option<CursorKey>,
    pub(crate) require_indexes: bool,
    pub(crate) transaction_tries: usize,
    pub(crate) transaction_time: Duration,
}

impl Default for Options {
    /// Optimistic locking on, timestamps off, a cursor key of this process alone; a transaction is tried for ten seconds, at most a
    /// thousand times.
    fn default() -> Self {
        Self {
            optimistic_locking: true,
            timestamps: false,
            cursor_key: None,
            require_indexes: false,
            transaction_tries: 1000,
            transaction_time: Duration::from_secs(10),
        }
    }
}

impl Options {
    /// Whether an update or a delete fails when the row was changed since it was read. Without, the last writer wins;
    /// that a row is gone is an error either way.
    pub fn optimistic_locking(mut self, on: bool) -> Self {
        self.optimistic_locking = on;
        self
    }

    /// Whether rows keep when they were created and last written.
    pub fn timestamps(mut self, on: bool) -> Self {
        self.timestamps = on;
        self
    }

    /// Whether a query that no index serves is an error, [`Error::NotIndexed`](crate::Error::NotIndexed); off if not set. For
    /// tests: each query is explained before it is run. A query for all rows of its type, in no order, needs no index.
    pub fn require_indexes(mut self, on: bool) -> Self {
        self.require_indexes = on;
        self
    }

    /// The secret with which the [cursors](crate::query::Cursor) of pages are sealed. Programs with the same one accept each
    /// other's, and their own after a restart; without, each process chooses one at random.
    pub fn cursor_key(mut self, key: [u8; 32]) -> Self {
        self.cursor_key = Some(CursorKey(key));
        self
    }

    /// How often a [transaction](crate::Longevity::transaction) is tried at most, the first time included, if others are in its way;
    /// at least once.
    pub fn transaction_tries(mut self, tries: usize) -> Self {
        self.transaction_tries = tries;
        self
    }

    /// For how long a transaction is tried again, if others are in its way. No try is broken off.
    pub fn transaction_time(mut self, time: Duration) -> Self {
        self.transaction_time = time;
        self
    }
}
