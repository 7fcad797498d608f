//! Mending of rows that are damaged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{End, Rewrite, Unresolved};
use crate::backend::{Backend, Session, Target, Write, Writes};
use crate::damage::Mend;
use crate::engine::{Kind, Table};
use crate::error::Error;
use crate::row::{Row, RowId};
use crate::table::KeyChange;
use crate::value::Value;

/// What is wrong with a row.
#[derive(Clone)]
pub(crate) enum Harm {
    /// A reference has no target.
    Unresolved(Unresolved),
    /// It is not a value of its type.
    Unreadable(RowId),
}

/// Fails if a row is not a value of its type.
pub(crate) type Read<B> = fn(&Table<B>, &Row<<B as Session>::Document>) -> Result<(), Error>;

/// What is known about the type of a table's rows.
pub(crate) struct Knowledge<B: Backend> {
    /// Fails if a row is not a value of its type.
    pub(crate) read: Read<B>,
    pub(crate) rewrite: Rewrite<B>,
}

impl<B: Backend> Clone for Knowledge<B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Backend> Copy for Knowledge<B> {}

/// What is done about the damages of a row.
#[derive(Default)]
struct Work<'a> {
    /// The positions of these damages, each with whether it is still to be mended.
    damages: Vec<(usize, bool)>,
    /// The references that lead nowhere, and how they change.
    changes: Vec<(&'a Unresolved, KeyChange<'static>)>,
    delete: bool,
}

impl<B: Backend> Table<B> {
    /// Mends rows, all or none, in one transaction. Returns for each damage whether it was still to be mended.
    pub(crate) async fn mend(&self, known: Knowledge<B>, harms: &[(Harm, Mend)]) -> Result<Vec<bool>, Error> {
        self.in_transaction(|table: Self| async move { table.mend_within(known, harms).await }).await
    }

    async fn mend_within(&self, known: Knowledge<B>, harms: &[(Harm, Mend)]) -> Result<Vec<bool>, Error> {
        let ids: BTreeSet<_> = harms.iter().map(|(harm, _)| harm.row()).collect();
        let rows = self.rows_with_ids(&ids.iter().copied().collect::<Vec<_>>()).await?;
        let mut works: BTreeMap<RowId, Work<'_>> = BTreeMap::new();
        let mut targets = BTreeMap::new();
        for (position, (harm, mend)) in harms.iter().enumerate() {
            let row = rows.get(&harm.row());
            let is_left = match harm {
                Harm::Unresolved(unresolved) => match row {
                    Some(row) => self.is_unresolved(row, unresolved, &mut targets).await?,
                    None => false,
                },
                // If not even its metadata can be read, it is not among the rows.
                Harm::Unreadable(id) => match row {
                    Some(row) => (known.read)(self, row).is_err(),
                    None => matches!(self.row(self.kind(), *id).await, Err(Error::Decode { .. })),
                },
            };
            let work = works.entry(harm.row()).or_default();
            let change = match (harm, mend) {
                (Harm::Unresolved(unresolved), Mend::SetNone) => Some((unresolved, KeyChange::SetNone)),
                (Harm::Unresolved(unresolved), Mend::Remove) => Some((unresolved, KeyChange::Remove)),
                _ => None,
            };
            let is_mended = is_left && (change.is_some() || *mend == Mend::Delete);
            work.damages.push((position, is_mended));
            work.changes.extend(change.filter(|_| is_mended));
            work.delete |= is_left && *mend == Mend::Delete;
        }
        self.write_to_mend(known, &rows, &works).await?;
        let mut mended = vec![false; harms.len()];
        for (position, is_mended) in works.into_values().flat_map(|work| work.damages) {
            mended[position] = is_mended;
        }
        Ok(mended)
    }

    async fn write_to_mend(
        &self,
        known: Knowledge<B>,
        rows: &BTreeMap<RowId, Row<B::Document>>,
        works: &BTreeMap<RowId, Work<'_>>,
    ) -> Result<(), Error> {
        let key_of = |row: &Row<_>| self.primary_key_in(row.discriminator.as_deref(), &row.doc);
        let primary_keys: HashMap<_, _> = rows.iter().filter_map(|(id, row)| Some((*id, key_of(row)?))).collect();
        let mut writes = Writes::<B::Document>::with_capacity(works.len());
        for (id, work) in works {
            let row = rows.get(id);
            let (version, primary_key) = (row.map(|row| row.version), primary_keys.get(id).map(|key| &**key));
            let target = Target { id: *id, version, scope: None, primary_key, before: false };
            if work.delete {
                writes.push(Write::Delete(target));
            } else if let Some(row) = row.filter(|_| !work.changes.is_empty()) {
                let change = |value: &mut Value| {
                    for (Unresolved { link, key, .. }, change) in &work.changes {
                        link.reference.place.change(value, key, change);
                    }
                };
                writes.push(Write::Replace(target, (known.rewrite)(self, row, &change)?));
            }
        }
        match self.write_all(self.kind(), "fix", writes, &|_, _| None).await? {
            Some(_) => Ok(()),
            None => Err(self.confused("a row that was just read has changed".to_owned())),
        }
    }

    /// Whether the row still refers to a target that is not there. Each target is looked up once.
    async fn is_unresolved<'a>(
        &self,
        row: &Row<B::Document>,
        Unresolved { link, key, .. }: &'a Unresolved,
        targets: &mut BTreeMap<(usize, &'a Value), bool>,
    ) -> Result<bool, Error> {
        let end = End::in_source(&self.definition, link);
        if !end.refers_to(self, row.discriminator.as_deref(), &row.doc, key) {
            return Ok(false);
        }
        let target = (Arc::as_ptr(link).addr(), key);
        if let Some(is_there) = targets.get(&target) {
            return Ok(!is_there);
        }
        let is_there = self.end_of(link)?.has_target(link, key).await?;
        targets.insert(target, is_there);
        Ok(!is_there)
    }

    fn kind(&self) -> Kind {
        Kind { name: self.definition.type_name, scope: None }
    }
}

impl Harm {
    fn row(&self) -> RowId {
        match self {
            Self::Unresolved(unresolved) => unresolved.row,
            Self::Unreadable(row) => *row,
        }
    }
}
