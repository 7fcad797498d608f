//! What is done with the values of rows whose type is not known where it is done.

use std::any::TypeId;
use std::collections::HashMap;

use super::state_of;
use super::write::content_of;
use crate::backend::Backend;
use crate::engine::{Kind, Knowledge, Rewrite, Table};
use crate::error::Error;
use crate::model::{RootVisitor, refers};
use crate::persistent::RootType;
use crate::row::{Row, RowContent};
use crate::value::Value;

/// The code that changes rows, for each type that declares references with integrity.
pub(crate) struct Rewrites<B: Backend>(HashMap<TypeId, Rewrite<B>>);

impl<B: Backend> Default for Rewrites<B> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<B: Backend> Rewrites<B> {
    pub(crate) fn of(&self, root: TypeId) -> Option<Rewrite<B>> {
        self.0.get(&root).copied()
    }
}

impl<B: Backend> RootVisitor for Rewrites<B> {
    fn visit_root<R: RootType>(&mut self) {
        // The branch is not compiled for other types.
        if const { refers::<R>() } {
            self.0.insert(TypeId::of::<R>(), rewritten::<R, B>);
        }
    }
}

/// What is known about each type of a model.
pub(crate) struct AllKnowledge<B: Backend>(HashMap<TypeId, Knowledge<B>>);

impl<B: Backend> Default for AllKnowledge<B> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<B: Backend> AllKnowledge<B> {
    pub(crate) fn of(&self, root: TypeId) -> Option<Knowledge<B>> {
        self.0.get(&root).copied()
    }
}

impl<B: Backend> RootVisitor for AllKnowledge<B> {
    fn visit_root<R: RootType>(&mut self) {
        let read = |table: &Table<B>, row: &Row<B::Document>| state_of::<R, B>(table, row).map(drop);
        self.0.insert(TypeId::of::<R>(), Knowledge { read, rewrite: rewritten::<R, B> });
    }
}

/// The content of a row whose value the function has changed.
fn rewritten<R: RootType, B: Backend>(
    table: &Table<B>,
    row: &Row<B::Document>,
    change: &dyn Fn(&mut Value),
) -> Result<RowContent<B::Document>, Error> {
    let kind = Kind::of::<R>();
    let decoded = R::decode(&*table.backend, row.discriminator.as_deref(), &row.doc);
    let decoded = decoded.ok_or_else(|| table.unknown_discriminator(kind, row))?;
    let before = decoded.map_err(|failure| table.undecodable(kind, row, failure))?;
    let mut value = before.value_at(&[]).to_value();
    change(&mut value);
    let after = R::of_value::<B>(before.variant(), value);
    content_of(table, &after.map_err(|failure| table.undecodable(kind, row, failure))?)
}
