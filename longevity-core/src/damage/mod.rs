//! What can be wrong with stored rows, and what can be done about it.

mod plan;

use std::fmt;

use crate::error::Error;
use crate::row::RowId;

pub use plan::{ImpossibleMend, Plan, PlanStep};

/// Something that is wrong in a store. [`Longevity::verify`](crate::Longevity::verify) finds it.
///
/// Its `Display` is a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The kind of damage.
    pub kind: DamageKind,
    /// The type that owns the rows or, of a poly type, the derived type that the row has.
    pub type_name: &'static str,
    /// The row; `None` for an index.
    pub row: Option<RowId>,
    /// What is damaged, by stored names: the property of a reference, a column, an index, or the unknown discriminator. Empty
    /// for a row that does not decode.
    pub subject: String,
    pub(crate) problem: String,
    pub(crate) mends: &'static [Mend],
}

/// The kinds of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DamageKind {
    /// A reference with integrity has no target.
    Dangling,
    /// A key value has no target. The reference is not declared, so it may be meant to dangle.
    DanglingUndeclared,
    /// A row is not a value of its type.
    Undecodable,
    /// A row has a discriminator that the model does not know. An older or newer version of the model may know it.
    UnknownDiscriminator,
    /// A value that the store keeps beside the document is not the one in the document.
    Column,
    /// The entries of an index are not those of the rows.
    Index,
}

/// What is done about a [`Damage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mend {
    /// Nothing.
    Leave,
    /// The reference becomes `None`.
    SetNone,
    /// The reference is removed from its list, set or map.
    Remove,
    /// The row is deleted. What refers to it with integrity is treated as it declares, if the row's key can be read.
    Delete,
    /// What the store keeps beside the documents is written again from the documents.
    Rebuild,
}

impl Damage {
    /// What can be done about it. The first is what a [`Plan`] proposes.
    pub fn mends(&self) -> &'static [Mend] {
        self.mends
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl fmt::Display for DamageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dangling => "dangling",
            Self::DanglingUndeclared => "dangling, not declared",
            Self::Undecodable => "not decodable",
            Self::UnknownDiscriminator => "unknown discriminator",
            Self::Column => "differs from its document",
            Self::Index => "differs from its rows",
        })
    }
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leave => "leave",
            Self::SetNone => "set none",
            Self::Remove => "remove",
            Self::Delete => "delete",
            Self::Rebuild => "rebuild",
        })
    }
}

/// What [`Longevity::verify`](crate::Longevity::verify) reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verified {
    /// This number of rows of a table have been looked at.
    Progress(Progress),
    /// Something is wrong.
    Damage(Damage),
}

/// What [`Longevity::fix`](crate::Longevity::fix) reports.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fixed {
    /// This number of rows of a table have been looked at.
    Progress(Progress),
    /// A damage is no more.
    Mended(Damage, Mend),
    /// The plan leaves it, or does not know it, or another program has mended it.
    Left(Damage),
    /// It could not be mended as the plan says, for this reason. Nothing of it was done.
    Failed(Damage, Error),
}

/// How far a table has been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The type that owns the table.
    pub type_name: &'static str,
    /// The number of its rows that have been looked at.
    pub rows: u64,
    /// Whether these are all of them.
    pub done: bool,
}
