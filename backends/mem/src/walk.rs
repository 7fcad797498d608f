//! The walk over a plan's candidates in a snapshot: it can stop after any row and go on later.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use longevity_core::query::Direction;

use crate::index::Tree;
use crate::key::{ABOVE, Buffer, Key, length_of};
use crate::pages::Pages;
use crate::plan::{Arrangement, Candidates, IndexRange, Plan};
use crate::table::{Snapshot, StoredRow};

/// What is done with each candidate; it breaks to stop behind it.
pub(crate) type Visit<'a> = dyn FnMut(&Arc<StoredRow>) -> ControlFlow<()> + 'a;

/// A walk over candidates.
pub(crate) struct Walk {
    rows: Pages,
    rest: Rest,
}

/// What the walk has not visited yet.
enum Rest {
    Nothing,
    /// One row.
    Single(Arc<StoredRow>),
    /// The rows from this id on.
    Rows(u64),
    /// The rows before this id, the last first.
    RowsBefore(u64),
    /// The rows with these ids.
    Ids(std::vec::IntoIter<u64>),
    /// A range of entries.
    Entries(Entries),
    /// A range of entries, group by group.
    Groups {
        entries: Entries,
        columns: usize,
        direction: Direction,
        ties: Direction,
        in_order: bool,
        /// What is left of the group that was begun.
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
        let rest = match &plan.candidates {
            Candidates::Nothing => Rest::Nothing,
            Candidates::Table if plan.arrangement == Arrangement::Backward => Rest::RowsBefore(u64::MAX),
            Candidates::Table => Rest::Rows(0),
            Candidates::Index(range) => {
                let mut entries = Entries::new(range, snapshot.tree);
                match plan.arrangement {
                    Arrangement::Groups { columns, direction, in_order } => {
                        let (ties, group) = (plan.ties, Box::new(Rest::Nothing));
                        Rest::Groups { entries, columns, direction, ties, in_order, group }
                    }
                    Arrangement::ById => Rest::Ids(entries.sorted_ids(plan.ties)),
                    Arrangement::Backward => {
                        entries.backward = true;
                        Rest::Entries(entries)
                    }
                    Arrangement::Forward | Arrangement::Sort => Rest::Entries(entries),
                }
            }
        };
        Self { rows: snapshot.rows, rest }
    }

    /// A walk to one row at most.
    pub(crate) fn single(row: Option<Arc<StoredRow>>) -> Self {
        Self { rows: Pages::default(), rest: row.map_or(Rest::Nothing, Rest::Single) }
    }

    /// How many rows the snapshot has.
    pub(crate) fn table_len(&self) -> usize {
        self.rows.len()
    }

    /// Visits candidates until the visitor breaks or there are no more; goes on where it stopped.
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
            Self::Rows(from) => {
                for row in rows.from(*from) {
                    *from = row.id + 1;
                    visit(row)?;
                }
                ControlFlow::Continue(())
            }
            Self::RowsBefore(end) => {
                for row in rows.before(*end) {
                    *end = row.id;
                    visit(row)?;
                }
                ControlFlow::Continue(())
            }
            Self::Ids(ids) => ids.filter_map(|id| rows.get(id)).try_for_each(visit),
            Self::Entries(entries) => entries.visit(rows, visit),
            Self::Groups { entries, columns, direction, ties, in_order, group } => loop {
                group.visit(rows, visit)?;
                let Some(mut next) = entries.next_group(*columns, *direction) else { return ControlFlow::Continue(()) };
                next.backward = *ties == Direction::Descending;
                **group = if *in_order { Self::Entries(next) } else { Self::Ids(next.sorted_ids(*ties)) };
            },
        }
    }
}

impl Entries {
    fn new(range: &IndexRange, tree: Tree) -> Self {
        Self { tree, start: range.start.clone(), end: range.end.clone(), backward: false }
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &u64)> {
        bounded(&self.tree, &self.start, &self.end)
    }

    fn sorted_ids(&self, direction: Direction) -> std::vec::IntoIter<u64> {
        let mut ids: Vec<_> = self.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        if direction == Direction::Descending {
            ids.reverse();
        }
        ids.into_iter()
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

    /// Cuts off the entries at one end that have their leading columns in common.
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

fn bounded<'a>(
    tree: &'a Tree,
    start: &[u8],
    end: &[u8],
) -> impl DoubleEndedIterator<Item = (&'a Key, &'a u64)> + use<'a> {
    // A range that ends before it begins is empty, not an error.
    let start = start.min(end);
    tree.range::<_, [u8]>((Bound::Included(start), Bound::Excluded(end)))
}

/// The least key above this one.
fn behind(key: &Key) -> Buffer {
    let mut next = Buffer::from_slice(key.as_bytes());
    next.push(0);
    next
}
