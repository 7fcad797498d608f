//! Selections: what a back end is asked for, which is the rows of a predicate, in an order and a window. They know nothing of
//! types; [`evaluate`] defines the meaning of a predicate.

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

/// The direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the least to the greatest, with absent values first.
    Ascending,
    /// From the greatest to the least, with absent values last.
    Descending,
}

/// An order as a back end sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// The path to the value.
    pub path: Path,
    /// The direction.
    pub direction: Direction,
}

/// A selection of rows that a back end is asked for.
///
/// Rows that the order leaves equal are ordered by their ids, so that two runs of one query agree.
///
/// `Select::of(predicate)` finds all rows of a predicate, by id.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// The condition for the rows.
    pub predicate: Predicate,
    /// The order of the rows; by id if empty.
    pub order: Vec<OrderBy>,
    /// The direction of the ids among rows that the order leaves equal.
    pub ties: Direction,
    /// The number of rows to skip.
    pub offset: u64,
    /// The greatest number of rows to return.
    pub limit: Option<u64>,
    /// The properties that will be read from the documents, if not all of them. A back end may leave out the others.
    pub only: Option<Vec<Path>>,
}

impl Select {
    /// All rows of a predicate, by id.
    pub const fn of(predicate: Predicate) -> Self {
        Self { predicate, order: Vec::new(), ties: Direction::Ascending, offset: 0, limit: None, only: None }
    }
}
