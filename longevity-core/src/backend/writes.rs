//! Writes of rows, and their results.

use std::ops::RangeInclusive;

use smallvec::SmallVec;

use crate::error::Error;
use crate::row::{Row, RowContent, RowId};
use crate::scope::Scope;
use crate::value::{Path, Value};

/// The row that a write changes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its id.
    pub id: RowId,
    /// The version that it must have; any version if `None`.
    pub version: Option<u64>,
    /// The scope that it must be in; any row if `None`. A row outside it is [`WriteFailure::Missing`].
    pub scope: Option<Scope>,
    /// The values of the primary key's columns, which never change; `None` if the type has no primary key. For stores that
    /// distribute rows by it.
    pub primary_key: Option<&'a [Value]>,
    /// Whether [`Written`] has to include the row as it was before.
    pub before: bool,
}

impl Target<'_> {
    /// Whether a row with this discriminator can be the target.
    pub fn is_in_scope(&self, discriminator: Option<&str>) -> bool {
        self.scope.is_none_or(|scope| scope.contains(discriminator))
    }
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
    /// The row that is written; `None` if it is a new one.
    pub fn target(&self) -> Option<&Target<'a>> {
        match self {
            Self::Insert(_) => None,
            Self::Replace(target, _) | Self::Delete(target) => Some(target),
        }
    }

    /// Whether the result has to include the row as it was before.
    pub fn wants_before(&self) -> bool {
        self.target().is_some_and(|target| target.before)
    }

    /// The new content of the row; `None` if the row is deleted.
    pub fn content(&self) -> Option<&RowContent<D>> {
        match self {
            Self::Insert(content) | Self::Replace(_, content) => Some(content),
            Self::Delete(_) => None,
        }
    }
}

/// Writes that are done together. A single write needs no allocation.
pub type Writes<'a, D> = SmallVec<[Write<'a, D>; 1]>;

/// The result of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Written<D> {
    /// The id of the new row.
    Inserted(RowId),
    /// The row's new version.
    Replaced(u64, Before<D>),
    /// The row is gone.
    Deleted(Before<D>),
}

impl<D> Written<D> {
    /// The kind of the write.
    pub(crate) fn of_what(&self) -> &'static str {
        match self {
            Self::Inserted(_) => "an insertion",
            Self::Replaced(..) => "a replacement",
            Self::Deleted(_) => "a delete",
        }
    }
}

/// The row as it was before a write replaced or deleted it; `None` if it was not [asked for](Target::before).
pub type Before<D> = Option<Box<Row<D>>>;

/// The results of writes that were done together, in their order.
pub type AllWritten<D> = SmallVec<[Written<D>; 1]>;

/// Why a write was not done. The store is unchanged.
#[derive(Debug)]
pub enum WriteFailure {
    /// The key at this position in [`TableDefinition::indexes`](crate::table::TableDefinition::indexes) is taken.
    Duplicate(usize),
    /// The target does not have the version that it must have.
    Stale {
        /// The version that the target has.
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

/// A change that a back end may make in place, without reading the row first. All types in scope have the property. Its path
/// leads through structs only, none of which is decoded by hand.
#[derive(Clone, Debug, PartialEq)]
pub enum InPlace {
    /// Sets the property to this value.
    Set(Path, Value),
    /// Adds `by` to the integer, if the type has room for the sum.
    Add {
        /// The path to the integer.
        path: Path,
        /// The number to add.
        by: i64,
        /// The range in which the integer must be before the change.
        from: RangeInclusive<i64>,
    },
    /// Appends this element to the list.
    Push(Path, Value),
}

impl InPlace {
    /// The path to the property.
    pub fn path(&self) -> &Path {
        match self {
            Self::Set(path, _) | Self::Add { path, .. } | Self::Push(path, _) => path,
        }
    }
}
