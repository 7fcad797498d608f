//! The walk over a plan's candidates in a snapshot. It can stop after any row and continue later.

use std::ops::{Bound, ControlFlow, Range};
use std::sync::Arc;

use longevity_core::backend::Direction;

use crate::encode::key::{ABOVE, Buffer, Key, length_of};
use crate::query::plan::{Arrangement, Candidates, IndexRange, Plan};
use crate::storage::index::Tree;
use crate::storage::pages::Pages;
use crate::storage::row::StoredRow;
use crate::storage::source::Snapshot;

/// The function that is called with each candidate. It breaks to stop after that candidate.
pub(crate) type Visit<'a> = dyn FnMut(&Arc<StoredRow>) -> ControlFlow<()> + 'a;

/// A walk over candidates.
pub(crate) struct Walk {
    rows: Pages,
    rest: Rest,
}

/// The part that the walk has not visited yet.
enum Rest {
    Nothing,
    /// One row.
    Single(Arc<StoredRow>),
    /// The rows with ids in a range.
    Rows {
        ids: Range<u64>,
        backward: bool,
    },
    /// The rows with these ids.
    Ids(std::vec::IntoIter<u64>),
    /// A range of entries.
    Entries(Entries),
    /// A range of entries, group by group.
    Groups {
        entries: Entries,
        columns: usize,
        direction: Direction,
        in_order: bool,
        ties: Direction,
        /// The rest of the group that was begun.
        group: Box<Rest>,
    },
}

/// A range of an index's entries.
#[derive(Clone)]
struct Entries {
    tree: Tree,
    start: Buffer,
    end: Buffer,
    backward: bool,
}

impl Walk {
    /// A walk in the order of the plan.
    pub(crate) fn new(plan: &Plan, snapshot: Snapshot) -> Self {
        let backward = plan.arrangement == Arrangement::Backward;
        let rest = match &plan.candidates {
            Candidates::Nothing => Rest::Nothing,
            Candidates::Table(ids) => Rest::Rows { ids: ids.clone(), backward },
            Candidates::Index(range) => {
                let entries = Entries::new(range, snapshot.tree, backward);
                match plan.arrangement {
                    Arrangement::Groups { columns, direction, in_order, ties } => {
                        Rest::Groups { entries, columns, direction, in_order, ties, group: Box::new(Rest::Nothing) }
                    }
                    Arrangement::ById(direction) => Rest::Ids(sorted(entries.ids(), direction)),
                    Arrangement::Forward | Arrangement::Backward | Arrangement::Sort => Rest::Entries(entries),
                }
            }
            Candidates::Union(ranges) => {
                let ids = ranges
                    .iter()
                    .flat_map(|range| Entries::new(range, snapshot.tree.clone(), false).ids().collect::<Vec<_>>());
                let direction = match plan.arrangement {
                    Arrangement::ById(direction) => direction,
                    _ => Direction::Ascending,
                };
                Rest::Ids(sorted(ids, direction))
            }
        };
        Self { rows: snapshot.rows, rest }
    }

    /// A walk over one row at most.
    pub(crate) fn single(row: Option<Arc<StoredRow>>) -> Self {
        Self { rows: Pages::default(), rest: row.map_or(Rest::Nothing, Rest::Single) }
    }

    /// The number of rows in the snapshot.
    pub(crate) fn table_len(&self) -> usize {
        self.rows.len()
    }

    /// Visits candidates until the visitor breaks or there are no more. Continues where it stopped.
    pub(crate) fn visit(&mut self, visit: &mut Visit<'_>) {
        if self.rest.visit(&self.rows, visit).is_continue() {
            self.rest = Rest::Nothing;
        }
    }
}

impl Rest {
    fn visit(&mut self, rows: &Pages, visit: &mut Visit<'_>) -> ControlFlow<()> {
        match self {
            Self::Nothing => ControlFlow::Continue(()),
            Self::Single(row) => {
                let row = Arc::clone(row);
                *self = Self::Nothing;
                visit(&row)
            }
            Self::Rows { ids, backward: false } => {
                for row in rows.range(ids.clone()) {
                    ids.start = row.id + 1;
                    visit(row)?;
                }
                ControlFlow::Continue(())
            }
            Self::Rows { ids, backward: true } => {
                for row in rows.range(ids.clone()).rev() {
                    ids.end = row.id;
                    visit(row)?;
                }
                ControlFlow::Continue(())
            }
            Self::Ids(ids) => ids.filter_map(|id| rows.get(id)).try_for_each(visit),
            Self::Entries(entries) => entries.visit(rows, visit),
            Self::Groups { entries, columns, direction, in_order, ties, group } => loop {
                group.visit(rows, visit)?;
                let Some(mut next) = entries.next_group(*columns, *direction) else { return ControlFlow::Continue(()) };
                next.backward = *ties == Direction::Descending;
                **group = if *in_order { Self::Entries(next) } else { Self::Ids(sorted(next.ids(), *ties)) };
            },
        }
    }
}

impl Entries {
    fn new(range: &IndexRange, tree: Tree, backward: bool) -> Self {
        Self { tree, start: range.start.clone(), end: range.end.clone(), backward }
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &u64)> {
        bounded(&self.tree, &self.start, &self.end)
    }

    fn ids(&self) -> impl Iterator<Item = u64> {
        self.iter().map(|(_, id)| *id)
    }

    fn visit(&mut self, rows: &Pages, visit: &mut Visit<'_>) -> ControlFlow<()> {
        let mut entries = bounded(&self.tree, &self.start, &self.end);
        while let Some((key, id)) = if self.backward { entries.next_back() } else { entries.next() } {
            let Some(row) = rows.get(*id) else { continue };
            if visit(row).is_break() {
                if self.backward {
                    self.end = Buffer::from_slice(key.as_bytes());
                } else {
                    self.start = behind(key);
                }
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Removes the entries at one end that share their leading columns, and returns them.
    fn next_group(&mut self, columns: usize, direction: Direction) -> Option<Self> {
        let (key, _) = match direction {
            Direction::Ascending => self.iter().next(),
            Direction::Descending => self.iter().next_back(),
        }?;
        let leading = &key.as_bytes()[..length_of(columns, key.as_bytes())];
        let mut group = self.clone();
        match direction {
            Direction::Ascending => {
                let mut end = Buffer::from_slice(leading);
                end.push(ABOVE);
                self.start = end.clone();
                group.end = end.min(group.end);
            }
            Direction::Descending => {
                let start = Buffer::from_slice(leading);
                self.end = start.clone();
                group.start = start.max(group.start);
            }
        }
        Some(group)
    }
}

/// Sorts the ids and keeps each once.
fn sorted(ids: impl Iterator<Item = u64>, direction: Direction) -> std::vec::IntoIter<u64> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    if direction == Direction::Descending {
        ids.reverse();
    }
    ids.into_iter()
}

/// The entries of a range.
pub(crate) fn bounded<'a>(
    tree: &'a Tree,
    start: &[u8],
    end: &[u8],
) -> impl DoubleEndedIterator<Item = (&'a Key, &'a u64)> + use<'a> {
    // A range that ends before it begins is empty, and not an error.
    let start = start.min(end);
    tree.range::<_, [u8]>((Bound::Included(start), Bound::Excluded(end)))
}

/// The least key greater than this one.
fn behind(key: &Key) -> Buffer {
    let mut next = Buffer::from_slice(key.as_bytes());
    next.push(0);
    next
}
