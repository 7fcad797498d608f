//! The check of all stored rows of a table: whether each reference with integrity has its target.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream as _;

use super::change::keys_in;
use super::settle::key_path;
use super::{End, Link};
use crate::backend::{Backend, Session};
use crate::encoding::Projection;
use crate::engine::Table;
use crate::error::{Dangling, Error};
use crate::row::{Row, RowId};
use crate::select::{Predicate, Select};
use crate::table::{TableDefinition, shown};
use crate::value::{Comparison, Value};

/// How many distinct keys are looked up at once.
const KEYS_AT_ONCE: usize = 1000;
/// After how many rows the progress is reported.
const ROWS_BETWEEN_REPORTS: u64 = 100_000;
/// How many violations are reported one by one.
const SHOWN: usize = 20;

/// How many rows wait for their keys to be looked up.
const ROWS_AT_ONCE: usize = 2000;
/// How many rows are found by their ids at once.
const IDS_AT_ONCE: usize = 100;

/// Looks for references without targets in the rows of a table, which pass by one after the other.
pub(crate) struct Verifier {
    ends: Vec<(End, Waiting)>,
}

/// The rows that refer to keys that are not looked up yet.
#[derive(Default)]
struct Waiting {
    rows: BTreeMap<Value, Vec<RowId>>,
    count: usize,
}

/// A reference that has no target.
#[derive(Clone)]
pub(crate) struct Unresolved {
    pub(crate) link: Arc<Link>,
    pub(crate) row: RowId,
    pub(crate) key: Value,
}

/// The references that have no target.
#[derive(Default)]
pub(crate) struct Violations {
    pub(crate) count: u64,
    /// The first of them.
    pub(crate) first: Vec<Dangling>,
}

impl Violations {
    fn add(&mut self, unresolved: &[Unresolved]) {
        self.count += unresolved.len() as u64;
        let left = SHOWN.saturating_sub(self.first.len());
        self.first.extend(unresolved.iter().take(left).map(Unresolved::dangling));
    }
}

impl Unresolved {
    pub(crate) fn dangling(&self) -> Dangling {
        let reference = &self.link.reference;
        Dangling {
            type_name: reference.declared_by,
            row: self.row,
            property: reference.to_string(),
            target: reference.target.type_name,
            key: shown(std::slice::from_ref(&self.key)),
        }
    }
}

impl Verifier {
    pub(crate) fn new<'a>(definition: &TableDefinition, links: impl IntoIterator<Item = &'a Arc<Link>>) -> Self {
        let ends = links.into_iter().map(|link| (End::in_source(definition, link), Waiting::default()));
        Self { ends: ends.collect() }
    }

    /// Notes what a row refers to.
    pub(crate) fn note<B: Backend>(&mut self, table: &Table<B>, row: &Row<B::Document>) {
        for (end, waiting) in &mut self.ends {
            for key in keys_in(table, end, (row.discriminator.as_deref(), &row.doc)) {
                waiting.rows.entry(key).or_default().push(row.id);
                waiting.count += 1;
            }
        }
    }

    /// The noted references that have no target. Those of a few rows are kept, to be looked up with those of others.
    pub(crate) async fn look_up<B: Backend>(&mut self, table: &Table<B>) -> Result<Vec<Unresolved>, Error> {
        self.look_up_if(table, |waiting| waiting.rows.len() >= KEYS_AT_ONCE || waiting.count >= ROWS_AT_ONCE).await
    }

    /// All noted references that have no target.
    pub(crate) async fn look_up_rest<B: Backend>(&mut self, table: &Table<B>) -> Result<Vec<Unresolved>, Error> {
        self.look_up_if(table, |waiting| !waiting.rows.is_empty()).await
    }

    async fn look_up_if<B: Backend>(
        &mut self,
        table: &Table<B>,
        is_due: impl Fn(&Waiting) -> bool,
    ) -> Result<Vec<Unresolved>, Error> {
        let mut found = Vec::new();
        for (end, waiting) in self.ends.iter_mut().filter(|(_, waiting)| is_due(waiting)) {
            table.look_up(end, std::mem::take(waiting), &mut found).await?;
        }
        Ok(found)
    }
}

impl<B: Backend> Table<B> {
    /// Looks at the references with these names in all rows of the table.
    pub(crate) async fn verify(&self, names: &BTreeSet<&str>, found: &mut Violations) -> Result<(), Error> {
        let links = self.integrity.iter().flat_map(|integrity| &integrity.outgoing).map(|end| &end.link);
        let named = links.filter(|link| names.contains(&*link.reference.name));
        let mut verifier = Verifier::new(&self.definition, named);
        let mut rows = self.stream(Select::of(Predicate::True))?;
        let mut count = 0_u64;
        while let Some(row) = poll_fn(|context| Pin::new(&mut rows).poll_next(context)).await {
            let row = match row {
                Ok(row) => row,
                // The stream continues after a row that cannot be read.
                Err(Error::Decode { id, .. }) => {
                    tracing::warn!(table = %self.definition.name, row = %id, "the references of an unreadable row are not verified");
                    continue;
                }
                Err(error) => return Err(error),
            };
            verifier.note(self, &row);
            found.add(&verifier.look_up(self).await?);
            count += 1;
            if count.is_multiple_of(ROWS_BETWEEN_REPORTS) {
                tracing::info!(table = %self.definition.name, rows = count, "references are verified");
            }
        }
        found.add(&verifier.look_up_rest(self).await?);
        Ok(())
    }

    /// Looks the keys up, and adds each row that refers to one that is not there.
    async fn look_up(&self, end: &End, waiting: Waiting, found: &mut Vec<Unresolved>) -> Result<(), Error> {
        let waiting = waiting.rows;
        if waiting.is_empty() {
            return Ok(());
        }
        let there = self.end_of(&end.link)?.keys_among(&end.link, waiting.keys().cloned().collect()).await?;
        for (key, rows) in waiting {
            // Another writer may have changed the target or the rows since they were read.
            if there.contains(&key) || self.end_of(&end.link)?.has_target(&end.link, &key).await? {
                continue;
            }
            for rows in rows.chunks(IDS_AT_ONCE) {
                let rows = self.rows_with_ids(rows).await?.into_values();
                let refer = rows.filter(|row| end.refers_to(self, row.discriminator.as_deref(), &row.doc, &key));
                let unresolved =
                    |row: Row<_>| Unresolved { link: Arc::clone(&end.link), row: row.id, key: key.clone() };
                found.extend(refer.map(unresolved));
            }
        }
        Ok(())
    }

    /// Those of the rows that are there and can be read.
    pub(super) async fn rows_with_ids(&self, ids: &[RowId]) -> Result<BTreeMap<RowId, Row<B::Document>>, Error> {
        let mut found = BTreeMap::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let is_one = ids.iter().map(|id| Predicate::Id { comparison: Comparison::Eq, id: *id });
            let mut rows = self.stream(Select::of(Predicate::Or(is_one.collect())))?;
            while let Some(row) = poll_fn(|context| Pin::new(&mut rows).poll_next(context)).await {
                match self.noted(row) {
                    Ok(row) => drop(found.insert(row.id, row)),
                    Err(Error::Decode { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(found)
    }

    /// Those of the keys that rows of this table have.
    async fn keys_among(&self, link: &Arc<Link>, keys: Vec<Value>) -> Result<BTreeSet<Value>, Error> {
        let Some(path) = key_path(&self.definition, link) else { return Ok(BTreeSet::new()) };
        let predicate = Predicate::In { path: path.clone(), operands: keys, negated: false };
        let scope = link.reference.target.scope.map_or(Predicate::True, Predicate::Scope);
        let paths = [path.clone()];
        let select = Select { only: Some(paths.to_vec()), ..Select::of(scope.and(predicate)) };
        let projection = Projection::new(&self.definition, &paths);
        let mut there = BTreeSet::new();
        let mut give = |_: &Row<()>, values: Result<Vec<Value>, _>| {
            there.extend(values.unwrap_or_default());
            Ok(())
        };
        over!(self, rows => rows.find_values(&self.handle, select, &projection, &mut give))?;
        Ok(there)
    }
}
