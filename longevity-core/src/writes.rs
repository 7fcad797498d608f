//! Writes of rows, and what becomes of them.

use smallvec::SmallVec;

use crate::error::Error;
use crate::row::{RowContent, RowId};
use crate::value::Value;

/// The row that a write is about.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its id.
    pub id: RowId,
    /// The version that it must have; any if `None`.
    pub version: Option<u64>,
    /// The discriminators that it may have; any if `None`. A row with another is [`WriteFailure::Missing`].
    pub scope: Option<&'static [&'static str]>,
    /// The values of the primary key's columns, which never change; `None` if the type has none. For stores that spread
    /// rows by it.
    pub primary_key: Option<&'a [Value]>,
}

/// A write of one row.
#[derive(Clone, Debug)]
pub enum Write<'a, D> {
    /// Inserts a row with version 0 and a new id. The ids of the rows that are inserted together ascend.
    Insert(RowContent<D>),
    /// Replaces the target's content, keeps its creation time, and raises its version by one.
    Replace(Target<'a>, RowContent<D>),
    /// Deletes the target.
    Delete(Target<'a>),
}

impl<'a, D> Write<'a, D> {
    /// The row that it is about; `None` if it is a new one.
    pub fn target(&self) -> Option<&Target<'a>> {
        match self {
            Self::Insert(_) => None,
            Self::Replace(target, _) | Self::Delete(target) => Some(target),
        }
    }

    /// What the row is to be; `None` if it is to go.
    pub fn content(&self) -> Option<&RowContent<D>> {
        match self {
            Self::Insert(content) | Self::Replace(_, content) => Some(content),
            Self::Delete(_) => None,
        }
    }
}

/// Writes that are done together. A single one needs no allocation.
pub type Writes<'a, D> = SmallVec<[Write<'a, D>; 1]>;

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The id of the new row.
    Inserted(RowId),
    /// The row's new version.
    Replaced(u64),
    /// The row is gone.
    Deleted,
}

/// What became of writes that were done together, in their order.
pub type AllWritten = SmallVec<[Written; 1]>;

/// Why a write was not done. The store is as it was.
#[derive(Debug)]
pub enum WriteFailure {
    /// The key at this position in [`TableDefinition::indexes`](crate::table::TableDefinition::indexes) is taken.
    Duplicate(usize),
    /// The target has another version than it must have.
    Stale {
        /// The version that it has.
        found: u64,
    },
    /// There is no such row in scope.
    Missing,
    /// Anything else.
    Other(Error),
}

impl From<Error> for WriteFailure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}
