//! Options: how a store behaves.

use std::time::Duration;

use crate::select::CursorKey;

/// Options that say how a store behaves.
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
    /// Optimistic locking is on, timestamps are off, and the cursor key belongs to this process alone. A transaction is tried
    /// for ten seconds, at most a thousand times.
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
    /// Whether an update or a delete fails when the row was changed since it was read. If this is off, the last writer wins. A
    /// row that is gone is an error either way.
    pub fn optimistic_locking(mut self, on: bool) -> Self {
        self.optimistic_locking = on;
        self
    }

    /// Whether rows record when they were created and last written.
    pub fn timestamps(mut self, on: bool) -> Self {
        self.timestamps = on;
        self
    }

    /// Whether a query that no index serves is an error, [`Error::NotIndexed`](crate::Error::NotIndexed). Off by default. Meant
    /// for tests, as every query is explained before it is run. A query for all rows of its type, in no order, needs no index.
    pub fn require_indexes(mut self, on: bool) -> Self {
        self.require_indexes = on;
        self
    }

    /// The secret that seals the [cursors](crate::query::Cursor) of pages. Programs with the same secret accept each other's
    /// cursors, and their own after a restart. By default each process chooses a secret at random.
    pub fn cursor_key(mut self, key: [u8; 32]) -> Self {
        self.cursor_key = Some(CursorKey(key));
        self
    }

    /// How often a [transaction](crate::Longevity::transaction) is tried at most when others conflict with it. The first try
    /// counts, and there is always at least one.
    pub fn transaction_tries(mut self, tries: usize) -> Self {
        self.transaction_tries = tries;
        self
    }

    /// For how long a transaction is tried again when others conflict with it. No try is cut short.
    pub fn transaction_time(mut self, time: Duration) -> Self {
        self.transaction_time = time;
        self
    }
}
