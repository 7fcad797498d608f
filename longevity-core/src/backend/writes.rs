//! Writes of rows, and what becomes of them.

use std::ops::RangeInclusive;

use smallvec::SmallVec;

use crate::error::Error;
use crate::row::{Row, RowContent, RowId};
use crate::scope::Scope;
use crate::value::{Path, Value};

/// The row that a write is about.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its id.
    pub id: RowId,
    /// The version that it must have; any if `None`.
    pub version: Option<u64>,
    /// What it must be in; anything if `None`. A row that is not is [`WriteFailure::Missing`].
    pub scope: Option<Scope>,
    /// The values of the primary key's columns, which never change; `None` if the type has none. For stores that spread
    /// rows by it.
    pub primary_key: Option<&'a [Value]>,
    /// Whether [`Written`] has to say what the row was before.
    pub before: bool,
}

impl Target<'_> {
    /// Whether a row with this discriminator may be it.
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
    /// The row that it is about; `None` if it is a new one.
    pub fn target(&self) -> Option<&Target<'a>> {
        match self {
            Self::Insert(_) => None,
            Self::Replace(target, _) | Self::Delete(target) => Some(target),
        }
    }

    /// Whether it has to be said what the row was before.
    pub fn wants_before(&self) -> bool {
        self.target().is_some_and(|target| target.before)
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
    /// What it is the result of.
    pub(crate) fn of_what(&self) -> &'static str {
        match self {
            Self::Inserted(_) => "an insertion",
            Self::Replaced(..) => "a replacement",
            Self::Deleted(_) => "a delete",
        }
    }
}

/// The row that a write replaced or deleted, as it was; `None` if it was not [asked for](Target::before).
pub type Before<D> = Option<Box<Row<D>>>;

/// What became of writes that were done together, in their order.
pub type AllWritten<D> = SmallVec<[Written<D>; 1]>;

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

/// A change that a back end may make where the row is, without looking at the row first: of a property that all types in scope
/// have, on whose way are structs alone, and none that is decoded by hand.
#[derive(Clone, Debug, PartialEq)]
pub enum InPlace {
    /// It gets this value.
    Set(Path, Value),
    /// The integer is `by` more, if it was one to which its type has room to add that.
    Add {
        /// Where it is.
        path: Path,
        /// How much more.
        by: i64,
        /// What it may be before.
        from: RangeInclusive<i64>,
    },
    /// The list gets this element at its end.
    Push(Path, Value),
}

impl InPlace {
    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Set(path, _) | Self::Add { path, .. } | Self::Push(path, _) => path,
        }
    }
}
