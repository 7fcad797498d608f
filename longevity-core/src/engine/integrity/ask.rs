//! Which rows refer to a row.

use std::any::TypeId;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::settle::predicate_of;
use super::{Link, Renamed};
use crate::backend::{Backend, Give, Session};
use crate::engine::{Kind, Table, ValueAt};
use crate::error::Error;
use crate::row::{Row, RowId};
use crate::select::{Predicate, Select};
use crate::table::KeyChange;
use crate::value::{Comparison, Value};

impl<B: Backend> Table<B> {
    /// The references that may lead to a row of the variant at this position, and its key values.
    pub(crate) fn links_to(&self, position: usize, value_at: &ValueAt<'_>) -> Vec<(Arc<Link>, Value)> {
        let incoming = self.integrity.iter().flat_map(|integrity| &integrity.incoming);
        let applies = incoming.filter(|end| matches!(end.readers.get(position), Some(Some(_))));
        applies.map(|end| (Arc::clone(&end.link), value_at(end.path.steps()).to_value())).collect()
    }

    /// The number of rows that refer to the key.
    pub(crate) async fn number_of_referrers(&self, link: &Link, key: &Value) -> Result<u64, Error> {
        self.begin_of(link)?.number_referring(link, key).await
    }

    /// Whether a row refers to the key.
    pub(crate) async fn has_referrer(&self, link: &Link, key: &Value) -> Result<bool, Error> {
        self.begin_of(link)?.any(predicate_of(link, key)).await
    }

    /// The rows of this table that refer to the key, each once, by id.
    pub(crate) async fn rows_referring(
        &self,
        kind: Kind,
        key_val: TypeId,
        key: &Value,
    ) -> Result<Vec<Row<B::Document>>, Error> {
        let mut rows = Vec::new();
        let mut known = BTreeSet::new();
        let outgoing = self.integrity.iter().flat_map(|integrity| &integrity.outgoing);
        for end in outgoing.filter(|end| end.link.reference.target.key_val == key_val) {
            let mut take = |row: &Row<B::Document>| {
                if kind.scope.is_none_or(|scope| scope.contains(row.discriminator.as_deref())) && known.insert(row.id) {
                    rows.push(row.clone());
                }
                Ok(())
            };
            self.find_all(Select::of(predicate_of(&end.link, key)), &mut take).await?;
        }
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }

    /// The row with this id, if it is in scope.
    pub(crate) async fn row(&self, kind: Kind, id: RowId) -> Result<Option<Row<B::Document>>, Error> {
        let select = Select::of(kind.scoped(Predicate::Id { comparison: Comparison::Eq, id }));
        let mut found = None;
        let mut give = |row: &Row<B::Document>| {
            found = Some(row.clone());
            Ok(())
        };
        self.find_all(select, &mut give).await?;
        Ok(found)
    }

    /// Passes on the rows that a selection finds, indexed or not. The selection is already scoped.
    pub(crate) async fn find_all(&self, select: Select, give: &mut dyn Give<B::Document>) -> Result<(), Error> {
        over!(self, rows => rows.find_each(&self.handle, select, give))
    }

    /// Changes the references from the value of a row to its own renamed key.
    pub(crate) fn rename_own(&self, position: usize, renamed: &Renamed, value: &mut Value) {
        let outgoing = self.integrity.iter().flat_map(|integrity| &integrity.outgoing);
        for end in outgoing.filter(|end| matches!(end.readers.get(position), Some(Some(_)))) {
            let reference = &end.link.reference;
            if reference.target.key_val == renamed.key_val {
                reference.place.change(value, &renamed.old, &KeyChange::Replace(&renamed.new));
            }
        }
    }
}
