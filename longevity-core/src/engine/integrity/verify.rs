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
use crate::engine::{Kind, Table};
use crate::error::{Dangling, Error};
use crate::row::{Row, RowId};
use crate::select::{Predicate, Select};
use crate::table::shown;
use crate::value::Value;

/// How many distinct keys are looked up at once.
const KEYS_AT_ONCE: usize = 1000;
/// After how many rows the progress is reported.
const ROWS_BETWEEN_REPORTS: u64 = 100_000;
/// How many violations are reported one by one.
const SHOWN: usize = 20;

/// How many rows wait for their keys to be looked up.
const ROWS_AT_ONCE: usize = 10_000;

/// The rows that refer to keys that are not looked up yet.
#[derive(Default)]
struct Waiting {
    rows: BTreeMap<Value, Vec<RowId>>,
    count: usize,
}

/// The references that have no target.
#[derive(Default)]
pub(crate) struct Violations {
    pub(crate) count: u64,
    /// The first of them.
    pub(crate) first: Vec<Dangling>,
}

impl<B: Backend> Table<B> {
    /// Looks at the references with these names in all rows of the table.
    pub(crate) async fn verify(&self, names: &BTreeSet<&str>, found: &mut Violations) -> Result<(), Error> {
        let outgoing = self.integrity.iter().flat_map(|integrity| &integrity.outgoing);
        let ends: Vec<_> = outgoing.filter(|end| names.contains(&*end.link.reference.name)).collect();
        let mut waiting: Vec<Waiting> = ends.iter().map(|_| Waiting::default()).collect();
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
            for (end, waiting) in ends.iter().zip(&mut waiting) {
                for key in keys_in(self, end, (row.discriminator.as_deref(), &row.doc)) {
                    waiting.rows.entry(key).or_default().push(row.id);
                    waiting.count += 1;
                }
                if waiting.rows.len() >= KEYS_AT_ONCE || waiting.count >= ROWS_AT_ONCE {
                    self.look_up(end, std::mem::take(waiting), found).await?;
                }
            }
            count += 1;
            if count.is_multiple_of(ROWS_BETWEEN_REPORTS) {
                tracing::info!(table = %self.definition.name, rows = count, "references are verified");
            }
        }
        for (end, waiting) in ends.iter().zip(waiting) {
            self.look_up(end, waiting, found).await?;
        }
        Ok(())
    }

    /// Looks the keys up, and reports each row that refers to one that is not there.
    async fn look_up(&self, end: &End, waiting: Waiting, found: &mut Violations) -> Result<(), Error> {
        let waiting = waiting.rows;
        if waiting.is_empty() {
            return Ok(());
        }
        let link = &end.link;
        let target = self.end_of(link)?;
        let there = target.keys_among(link, waiting.keys().cloned().collect()).await?;
        for (key, rows) in waiting {
            if there.contains(&key) {
                continue;
            }
            for id in rows {
                // Another writer may have changed the row or the target since the row was read.
                if !self.still_refers(end, id, &key).await? || target.has_target(link, &key).await? {
                    continue;
                }
                found.count += 1;
                if found.first.len() < SHOWN {
                    found.first.push(dangling(link, id, &key));
                }
            }
        }
        Ok(())
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

    async fn still_refers(&self, end: &End, id: RowId, key: &Value) -> Result<bool, Error> {
        let kind = Kind { name: end.link.reference.declared_by, scope: None };
        let row = self.row(kind, id).await?;
        Ok(row.is_some_and(|row| end.refers_to(self, row.discriminator.as_deref(), &row.doc, key)))
    }
}

fn dangling(link: &Link, row: RowId, key: &Value) -> Dangling {
    let reference = &link.reference;
    Dangling {
        type_name: reference.declared_by,
        row,
        property: reference.to_string(),
        target: reference.target.type_name,
        key: shown(std::slice::from_ref(key)),
    }
}
