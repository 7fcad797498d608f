//! What a back end is asked for: rows of a predicate, in an order, in a window. It knows nothing of types; [`evaluate`] says what a
//! predicate means.

mod cursor;
mod evaluate;
mod place;
mod predicate;

use crate::value::Path;

pub use cursor::Cursor;
pub(crate) use cursor::{CursorKey, Way, query_of};
pub use evaluate::{Prepared, Subject, evaluate};
pub(crate) use place::{Place, rows_after};
pub use predicate::{Predicate, TextTest, scope_of};

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest first, absent values before all others.
    Ascending,
    /// Greatest first, absent values after all others.
    Descending,
}

/// An order as a back end sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// Where the value is.
    pub path: Path,
    /// Which end comes first.
    pub direction: Direction,
}

/// What a back end is asked to find.
///
/// Rows that the order leaves equal come in the order of their ids, so that two runs of one query agree.
///
/// `Select::of(predicate)` finds all rows of a predicate, by id.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// Which rows.
    pub predicate: Predicate,
    /// In which order; by id when empty.
    pub order: Vec<OrderBy>,
    /// Which end of the ids comes first among rows that the order leaves equal.
    pub ties: Direction,
    /// How many to skip.
    pub offset: u64,
    /// How many to give at most.
    pub limit: Option<u64>,
    /// The properties that will be read from the documents, if not all: a back end may leave out the rest of them.
    pub only: Option<Vec<Path>>,
}

impl Select {
    /// All rows of a predicate, by id.
    pub const fn of(predicate: Predicate) -> Self {
        Self { predicate, order: Vec::new(), ties: Direction::Ascending, offset: 0, limit: None, only: None }
    }
}
