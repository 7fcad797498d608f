//! A running query: candidates that satisfy the predicate, in order, within the window.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::Arc;

use longevity_core::backend::Give;
use longevity_core::backend::{Direction, OrderBy, Predicate, Prepared, Select, Subject};
use longevity_core::{Error, Row};

use crate::encode::document::MemDocument;
use crate::encode::key::{Buffer, Key, encode};
use crate::query::plan::{Arrangement, Candidates, Plan};
use crate::query::walk::{Visit, Walk};
use crate::storage::row::StoredRow;
use crate::storage::source::Source;
use crate::table::Table;

/// A query that runs on its snapshot.
pub(crate) struct Selection {
    walk: Walk,
    predicate: Prepared,
    /// The number of rows that are still to be skipped.
    offset: u64,
    /// The number of rows that are still to be returned.
    limit: u64,
    /// The order, if the walk does not follow it.
    sort: Option<(Vec<OrderBy>, Direction)>,
    /// The rows in order, once they are sorted.
    sorted: std::vec::IntoIter<Arc<StoredRow>>,
}

impl Selection {
    /// A query. Takes its snapshot now, and looks for rows only when it is asked to.
    pub(crate) fn new(table: &Table, source: impl Source, select: Select) -> Result<Self, Error> {
        let plan = Plan::new(&table.definition, &select);
        let sort = (plan.arrangement == Arrangement::Sort).then_some((select.order, select.ties));
        Self::start(table, source, &plan, select.predicate, select.offset, select.limit.unwrap_or(u64::MAX), sort)
    }

    /// A query whose rows may come in any order.
    pub(crate) fn unordered(table: &Table, source: impl Source, predicate: Predicate) -> Result<Self, Error> {
        let select = Select::of(predicate);
        let plan = Plan { arrangement: Arrangement::Forward, ..Plan::new(&table.definition, &select) };
        Self::start(table, source, &plan, select.predicate, 0, u64::MAX, None)
    }

    fn start(
        table: &Table,
        mut source: impl Source,
        plan: &Plan,
        predicate: Predicate,
        offset: u64,
        limit: u64,
        sort: Option<(Vec<OrderBy>, Direction)>,
    ) -> Result<Self, Error> {
        let schema = table.schema()?;
        let walk = match &plan.candidates {
            Candidates::Union(ranges) => {
                Walk::new(plan, source.snapshot(ranges.first().map(|range| schema.slots[range.index])))
            }
            Candidates::Index(range) => {
                let slot = schema.slots[range.index];
                match range.single(&table.definition) {
                    Some(key) => Walk::single(source.single(slot, key)),
                    None => Walk::new(plan, source.snapshot(Some(slot))),
                }
            }
            _ => Walk::new(plan, source.snapshot(None)),
        };
        Ok(Self { walk, predicate: Prepared::new(predicate), offset, limit, sort, sorted: Vec::new().into_iter() })
    }

    /// The next rows, at most this many. Returns fewer only at the end.
    pub(crate) fn take(&mut self, at_most: usize) -> Vec<Row<MemDocument>> {
        let mut rows = Vec::new();
        if at_most > 0 {
            self.visit(&mut |row| {
                rows.push(row.to_row());
                if rows.len() < at_most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
        }
        rows
    }

    /// Passes on the rows one by one, without making a list of them. Stops at the first error.
    pub(crate) fn give(mut self, give: &mut dyn Give<MemDocument>) -> Result<(), Error> {
        if let Some(rows) = self.rows() {
            give.expect(rows);
        }
        let mut given = Ok(());
        self.visit(&mut |row| {
            given = give.give(&row.to_row());
            if given.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        given
    }

    /// The number of rows, if it is known before they are looked at.
    fn rows(&self) -> Option<usize> {
        let all = *self.predicate.predicate() == Predicate::True;
        let in_window = || (self.walk.table_len() as u64).saturating_sub(self.offset).min(self.limit);
        all.then(in_window).and_then(|rows| usize::try_from(rows).ok())
    }

    /// Visits the rows of the window until the visitor breaks or there are no more. Continues where it stopped.
    fn visit(&mut self, visit: &mut Visit<'_>) {
        if self.limit == 0 {
            return;
        }
        if let Some((order, ties)) = self.sort.take() {
            self.sorted = self.sort(&order, ties).into_iter();
        }
        let Self { walk, predicate, offset, limit, sorted, .. } = self;
        let mut visit = |row: &Arc<StoredRow>| {
            *limit -= 1;
            visit(row)?;
            if *limit > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        if sorted.by_ref().try_for_each(|row| visit(&row)).is_break() {
            return;
        }
        walk.visit(&mut |row| {
            if !satisfies(row, predicate) {
                return ControlFlow::Continue(());
            }
            if *offset > 0 {
                *offset -= 1;
                return ControlFlow::Continue(());
            }
            visit(row)
        });
    }

    /// The number of rows that satisfy the predicate.
    pub(crate) fn count(mut self) -> u64 {
        if *self.predicate.predicate() == Predicate::True {
            return self.walk.table_len() as u64;
        }
        let mut count = 0;
        self.walk.visit(&mut |row| {
            count += u64::from(satisfies(row, &self.predicate));
            ControlFlow::Continue(())
        });
        count
    }

    /// Whether any row satisfies the predicate.
    pub(crate) fn any(mut self) -> bool {
        let mut any = false;
        self.walk.visit(&mut |row| {
            any = satisfies(row, &self.predicate);
            if any { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        any
    }

    /// All rows of the window, sorted. With a limit, keeps no more rows than the window needs.
    fn sort(&mut self, order: &[OrderBy], ties: Direction) -> Vec<Arc<StoredRow>> {
        let window = usize::try_from(self.offset.saturating_add(self.limit)).unwrap_or(usize::MAX);
        let mut ranked = BinaryHeap::new();
        let predicate = &self.predicate;
        self.walk.visit(&mut |row| {
            if satisfies(row, predicate) {
                let tie = if ties == Direction::Ascending { row.id } else { !row.id };
                ranked.push(Ranked { rank: rank(row, order), tie, row: Arc::clone(row) });
                if ranked.len() > window {
                    ranked.pop();
                }
            }
            ControlFlow::Continue(())
        });
        let rows = ranked.into_sorted_vec().into_iter().map(|ranked| ranked.row);
        let offset = usize::try_from(std::mem::take(&mut self.offset)).unwrap_or(usize::MAX);
        rows.skip(offset).collect()
    }
}

pub(crate) fn satisfies(row: &StoredRow, predicate: &Prepared) -> bool {
    let subject = Subject { id: row.row_id(), discriminator: row.discriminator.as_deref() };
    predicate.evaluate(subject, &|path| row.doc.value_at(path))
}

/// A row that is sorted by its rank, and by its id among equal ranks.
struct Ranked {
    rank: Key,
    tie: u64,
    row: Arc<StoredRow>,
}

/// The values at the order's paths, in bytes that sort in this order.
fn rank(row: &StoredRow, order: &[OrderBy]) -> Key {
    let mut key = Buffer::new();
    for by in order {
        let start = key.len();
        encode(by.path.value_in(&|steps| row.doc.value_at(steps)), &mut key);
        if by.direction == Direction::Descending {
            key[start..].iter_mut().for_each(|byte| *byte = !*byte);
        }
    }
    Key::new(&key)
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank).then_with(|| self.tie.cmp(&other.tie))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}
