//! A query at work: candidates that satisfy the predicate, in order, within the window.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::Arc;

use longevity_core::query::{Direction, OrderBy, Predicate, Prepared, Select, Subject};
use longevity_core::{Error, Row};

use crate::encode::Doc;
use crate::key::{Buffer, Key, encode};
use crate::plan::{Arrangement, Candidates, Plan};
use crate::schema::Table;
use crate::table::StoredRow;
use crate::walk::Walk;

/// A query at work on its snapshot.
pub(crate) struct Selection {
    walk: Walk,
    predicate: Prepared,
    /// How many rows are still to be skipped.
    offset: u64,
    /// How many rows are still to be given.
    limit: u64,
    /// The order, if the walk does not come in it.
    sort: Option<(Vec<OrderBy>, Direction)>,
    /// The rows in order, once they are sorted.
    sorted: std::vec::IntoIter<Arc<StoredRow>>,
}

impl Selection {
    /// A query. Takes its snapshot here; finds nothing before it is asked to.
    pub(crate) fn new(table: &Table, select: Select) -> Result<Self, Error> {
        let plan = Plan::new(&table.definition, &select);
        let sort = (plan.arrangement == Arrangement::Sort).then_some((select.order, select.ties));
        Self::start(table, &plan, select.predicate, select.offset, select.limit.unwrap_or(u64::MAX), sort)
    }

    /// A query whose rows may come in any order.
    pub(crate) fn unordered(table: &Table, predicate: Predicate) -> Result<Self, Error> {
        let select = Select::of(predicate);
        let plan = Plan { arrangement: Arrangement::Forward, ..Plan::new(&table.definition, &select) };
        Self::start(table, &plan, select.predicate, 0, u64::MAX, None)
    }

    fn start(
        table: &Table,
        plan: &Plan,
        predicate: Predicate,
        offset: u64,
        limit: u64,
        sort: Option<(Vec<OrderBy>, Direction)>,
    ) -> Result<Self, Error> {
        let schema = table.schema()?;
        let walk = match &plan.candidates {
            Candidates::Union(ranges) => {
                Walk::new(plan, table.store.snapshot(ranges.first().map(|range| schema.slots[range.index])))
            }
            Candidates::Index(range) => {
                let slot = schema.slots[range.index];
                match range.single(&table.definition) {
                    Some(key) => Walk::single(table.store.single(slot, key)),
                    None => Walk::new(plan, table.store.snapshot(Some(slot))),
                }
            }
            _ => Walk::new(plan, table.store.snapshot(None)),
        };
        Ok(Self { walk, predicate: Prepared::new(predicate), offset, limit, sort, sorted: Vec::new().into_iter() })
    }

    /// The next rows, at most so many. Fewer only at the end.
    pub(crate) fn take(&mut self, at_most: usize) -> Vec<Row<Doc>> {
        let at_most = at_most.min(usize::try_from(self.limit).unwrap_or(usize::MAX));
        let mut rows = Vec::new();
        if at_most == 0 {
            return rows;
        }
        if let Some((order, ties)) = self.sort.take() {
            self.sorted = self.sort(&order, ties).into_iter();
        }
        rows.extend(self.sorted.by_ref().take(at_most).map(|row| row.to_row()));
        if rows.len() < at_most {
            let Self { walk, predicate, offset, .. } = self;
            walk.visit(&mut |row| {
                if !satisfies(row, predicate) {
                    return ControlFlow::Continue(());
                }
                if *offset > 0 {
                    *offset -= 1;
                    return ControlFlow::Continue(());
                }
                rows.push(row.to_row());
                if rows.len() < at_most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
        }
        self.limit -= rows.len() as u64;
        rows
    }

    /// How many rows satisfy the predicate.
    pub(crate) fn count(mut self) -> u64 {
        if *self.predicate.predicate() == Predicate::All {
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

    /// All rows of the window, sorted. With a limit, keeps no more rows than the window ends at.
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

fn satisfies(row: &StoredRow, predicate: &Prepared) -> bool {
    let subject = Subject { id: row.row_id(), discriminator: row.discriminator.as_deref() };
    predicate.evaluate(subject, &|path| row.doc.value_at(path))
}

/// A row that is sorted by its rank, and by its id among equals.
struct Ranked {
    rank: Key,
    tie: u64,
    row: Arc<StoredRow>,
}

/// The values of the order's paths; their bytes sort as the order says.
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
