//! References with integrity: what each write has to do so that they keep their targets.
//!
//! A write to a table with references is done in a transaction, its own or the caller's. `change` finds out which references it
//! makes and which targets it takes away, and `settle` deletes or changes the rows that refer to these targets, and then checks
//! what is left. A check at the commit waits in the transaction's level.

mod ask;
mod change;
mod links;
mod mend;
mod places;
mod settle;
mod verify;
mod within;

use std::any::TypeId;
use std::sync::Arc;

use super::Table;
use crate::backend::{Backend, InPlace, Session, Write, Writes};
use crate::encoding::PropertyReader;
use crate::error::Error;
use crate::row::{Row, RowContent};
use crate::table::Reference;
use crate::value::{Path, Value};

pub(crate) use change::Followed;
pub(crate) use links::{CATALOG, links};
pub(crate) use mend::{Harm, Knowledge};
pub(crate) use places::undeclared;
pub(crate) use verify::{Unresolved, Verifier, Violations};
pub(crate) use within::Kept;

/// A reference with integrity, and the key that it refers to.
#[derive(Debug)]
pub(crate) struct Link {
    /// Its position among the references of the model.
    pub(crate) position: usize,
    pub(crate) reference: Reference,
    /// The type that owns the table with the rows that refer.
    pub(crate) source: TypeId,
    /// The position of the key in the definition of the target's table.
    pub(crate) key: usize,
}

/// A reference whose target has to be looked at before the commit.
#[derive(Clone, Debug)]
pub(crate) struct ToCheck {
    pub(crate) link: Arc<Link>,
    pub(crate) key: Value,
    /// Whether the target was taken away. Otherwise, the reference was made.
    pub(crate) lost: bool,
}

/// A key value that a row gets instead of another one; all references to it follow.
#[derive(Clone, Debug)]
pub(crate) struct Renamed {
    /// The key value's type.
    pub(crate) key_val: TypeId,
    pub(crate) old: Value,
    pub(crate) new: Value,
}

/// The references that begin or end in a table.
pub(crate) struct Integrity<B: Backend> {
    /// The references in the table's rows.
    pub(crate) outgoing: Vec<End>,
    /// The references to the table's rows.
    pub(crate) incoming: Vec<End>,
    /// Changes the references in a row.
    pub(crate) rewrite: Option<Rewrite<B>>,
}

/// The end of a reference in a table: where its key values are.
pub(crate) struct End {
    pub(crate) link: Arc<Link>,
    /// The path to the value that is read.
    pub(crate) path: Path,
    /// Reads that value from the documents of each variant; `None` for a variant that does not have this end.
    pub(crate) readers: Vec<Option<PropertyReader>>,
}

/// The content of a row whose value was changed by the function.
pub(crate) type Rewrite<B> = fn(
    &Table<B>,
    &Row<<B as Session>::Document>,
    &dyn Fn(&mut Value),
) -> Result<RowContent<<B as Session>::Document>, Error>;

impl<B: Backend> Integrity<B> {
    /// Whether one of the writes may make a reference, or take away a target.
    pub(crate) fn concerns(&self, writes: &Writes<'_, B::Document>) -> bool {
        writes.iter().any(|write| match write {
            Write::Insert(_) => !self.outgoing.is_empty(),
            Write::Replace(..) => true,
            Write::Delete(_) => !self.incoming.is_empty(),
        })
    }

    /// Whether one of the changes may concern a reference.
    pub(crate) fn is_touched(&self, changes: &[InPlace]) -> bool {
        let mut ends = self.outgoing.iter().chain(&self.incoming);
        ends.any(|end| changes.iter().any(|change| change.path().overlaps(&end.path)))
    }
}
