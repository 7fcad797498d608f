//! The plan of a query, which is a pure function of the table's definition and the query.
//!
//! The plan finds candidates, perhaps too many; each is still evaluated. A plan can therefore make a query slow but not wrong,
//! if its candidates include all rows of the answer and come in the order that it claims.

use std::ops::Range;

use longevity_core::backend::{Direction, OrderBy, Select};
use longevity_core::table::{Index, TableDefinition};
use longevity_core::value::Comparison;
use longevity_core::{Access, Explanation};

use crate::encode::key::{ABOVE, Buffer, PRESENT, encode};
use crate::query::facts::Facts;

/// The plan of a query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) candidates: Candidates,
    pub(crate) arrangement: Arrangement,
}

/// The candidates of a plan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Candidates {
    /// None, because the predicate contradicts itself.
    Nothing,
    /// All rows with ids in this range.
    Table(Range<u64>),
    /// The rows of a range of an index's entries.
    Index(IndexRange),
    /// The rows of several ranges of one index, each for one of the values that a column may have.
    Union(Vec<IndexRange>),
}

/// A range of an index's entries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IndexRange {
    /// The index's position among the indexes of columns or, after these, among those of elements.
    pub(crate) index: usize,
    /// The number of leading columns that are fixed by equality.
    pub(crate) equal_columns: usize,
    /// Whether the next column is bounded.
    pub(crate) bounded: bool,
    /// The first entry.
    pub(crate) start: Buffer,
    /// The bound after the last entry.
    pub(crate) end: Buffer,
}

/// How the candidates are brought into order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrangement {
    /// They come in order.
    Forward,
    /// They come in reverse order.
    Backward,
    /// Candidates with the same leading columns are adjacent, and these groups are in order. Each group has to be in the order
    /// of ids, in one direction or the other, and is in that order only if the group's columns are all the columns of the
    /// index.
    Groups { columns: usize, direction: Direction, in_order: bool, ties: Direction },
    /// They have to be sorted by their ids.
    ById(Direction),
    /// The rows have to be sorted.
    Sort,
}

impl Arrangement {
    /// Whether nothing has to be sorted.
    fn is_ordered(self) -> bool {
        match self {
            Self::Forward | Self::Backward => true,
            Self::Groups { in_order, .. } => in_order,
            Self::ById(_) | Self::Sort => false,
        }
    }
}

impl Plan {
    /// Prefers a plan that fixes a unique key as a whole, then the most columns fixed by equality, then a range, then the
    /// order. Among indexes that are equal in all this, takes the one declared first.
    pub(crate) fn new(definition: &TableDefinition, select: &Select) -> Self {
        let facts = Facts::of(&select.predicate);
        let nothing = Self { candidates: Candidates::Nothing, arrangement: Arrangement::Forward };
        if facts.nothing {
            return nothing;
        }
        let order = essential(&select.order, &facts);
        let arrangement = match (order.is_empty(), select.ties) {
            (false, _) => Arrangement::Sort,
            (true, Direction::Ascending) => Arrangement::Forward,
            (true, Direction::Descending) => Arrangement::Backward,
        };
        let candidates = Candidates::Table(facts.ids.clone());
        // Ordering by id is worth more than nothing here, because the ids are bounded to a range.
        let rank = Rank { bounded: facts.ids != (0..u64::MAX) && order.is_empty(), ..Rank::default() };
        let mut best = (rank, Self { candidates, arrangement });
        for (position, index) in definition.indexes.iter().enumerate() {
            if !facts.within(index.scope) {
                continue;
            }
            let range = IndexRange::new(definition, position, &facts);
            if range.start >= range.end {
                return nothing;
            }
            if let Some(ranges) = range.one_of(definition, &facts) {
                let rank = Rank { equal_columns: range.equal_columns + 1, ..Rank::default() };
                if rank > best.0 {
                    let arrangement = if order.is_empty() { Arrangement::ById(select.ties) } else { Arrangement::Sort };
                    best = (rank, Self { candidates: Candidates::Union(ranges), arrangement });
                }
                continue;
            }
            let arrangement = arrangement_of(definition, index, range.equal_columns, &order, select.ties);
            let rank = Rank {
                single_row: is_single(index, range.equal_columns),
                equal_columns: range.equal_columns,
                bounded: range.bounded,
                ordered: !order.is_empty() && arrangement != Arrangement::Sort,
            };
            if rank > best.0 {
                best = (rank, Self { candidates: Candidates::Index(range), arrangement });
            }
        }
        for (position, index) in definition.element_indexes.iter().enumerate() {
            let Some(value) = facts.element(index).filter(|_| facts.within(index.scope)) else { continue };
            let rank = Rank { equal_columns: 1, ..Rank::default() };
            if rank > best.0 {
                // The entries of one value are in the order of their ids.
                let arrangement = match (order.is_empty(), select.ties) {
                    (false, _) => Arrangement::Sort,
                    (true, Direction::Ascending) => Arrangement::Forward,
                    (true, Direction::Descending) => Arrangement::Backward,
                };
                let mut start = Buffer::new();
                encode(value.as_value_ref(), &mut start);
                let end = start.iter().copied().chain([ABOVE]).collect();
                let index = definition.indexes.len() + position;
                let range = IndexRange { index, equal_columns: 1, bounded: false, start, end };
                best = (rank, Self { candidates: Candidates::Index(range), arrangement });
            }
        }
        best.1
    }

    /// The plan as core's explanation.
    pub(crate) fn explain(&self, definition: &TableDefinition) -> Explanation {
        let access = match &self.candidates {
            Candidates::Nothing => Access::Nothing,
            Candidates::Table(_) => Access::Scan,
            Candidates::Union(ranges) => ranges.first().map_or(Access::Nothing, |range| range.access(definition)),
            Candidates::Index(range) => range.access(definition),
        };
        let ordered_by_access = access == Access::Nothing || self.arrangement.is_ordered();
        let details = match self.arrangement {
            Arrangement::Groups { in_order: false, .. } => {
                Some("sorts only by id, and only rows that the order leaves equal".to_owned())
            }
            _ => None,
        };
        Explanation { access, ordered_by_access, table: definition.name.to_string(), details, warning: None }
    }
}

/// How good a plan is; the default is a scan.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    single_row: bool,
    equal_columns: usize,
    bounded: bool,
    ordered: bool,
}

impl IndexRange {
    /// The only possible entry, if all columns of a key are fixed.
    pub(crate) fn single<'a>(&'a self, definition: &TableDefinition) -> Option<&'a [u8]> {
        let index = definition.indexes.get(self.index)?;
        is_single(index, self.equal_columns).then_some(&self.start)
    }

    fn access(&self, definition: &TableDefinition) -> Access {
        let of_elements = |position: usize| definition.element_indexes.get(position).map(|index| &index.name);
        let name = match definition.indexes.get(self.index) {
            Some(index) => Some(&index.name),
            None => self.index.checked_sub(definition.indexes.len()).and_then(of_elements),
        };
        let name = name.cloned().unwrap_or_default();
        Access::Index { name, equal_columns: self.equal_columns, range: self.bounded }
    }

    /// One range for each distinct value that the next column may have, in the order of the values, if these are known.
    pub(crate) fn one_of(&self, definition: &TableDefinition, facts: &Facts<'_>) -> Option<Vec<Self>> {
        let column = *definition.indexes[self.index].columns.get(self.equal_columns)?;
        let values = facts.one_of(&definition.columns[column].path)?;
        // Leaves out the bounds of a range, which are left to the evaluation.
        let prefix = match self.bounded {
            true => return None,
            false => &self.start,
        };
        let range = |value| {
            let mut start = prefix.clone();
            encode(value, &mut start);
            let end = start.iter().copied().chain([ABOVE]).collect();
            Self { index: self.index, equal_columns: self.equal_columns + 1, bounded: false, start, end }
        };
        let mut ranges: Vec<_> = values.into_iter().map(range).collect();
        // Key values with several fields may have the first field in common.
        ranges.sort_unstable_by(|a, b| a.start.cmp(&b.start));
        ranges.dedup();
        Some(ranges)
    }

    pub(crate) fn new(definition: &TableDefinition, position: usize, facts: &Facts<'_>) -> Self {
        let index = &definition.indexes[position];
        let mut prefix = Buffer::new();
        let mut equal_columns = 0;
        for column in &index.columns {
            let Some(value) = facts.equal_to(&definition.columns[*column].path) else { break };
            encode(value, &mut prefix);
            equal_columns += 1;
        }
        let with = |byte| prefix.iter().copied().chain([byte]).collect::<Buffer>();
        let (mut start, mut end) = (prefix.clone(), with(ABOVE));
        let mut bounded = false;
        if let Some(column) = index.columns.get(equal_columns) {
            for (comparison, operand) in facts.ranges(&definition.columns[*column].path) {
                bounded = true;
                let mut bound = prefix.clone();
                encode(operand, &mut bound);
                if matches!(comparison, Comparison::Gt | Comparison::Le) {
                    bound.push(ABOVE);
                }
                match comparison {
                    Comparison::Gt | Comparison::Ge => start = start.max(bound),
                    Comparison::Lt | Comparison::Le => end = end.min(bound),
                    // These are not ranges.
                    Comparison::Eq | Comparison::Ne => {}
                }
            }
            if bounded {
                start = start.max(with(PRESENT));
            }
        }
        Self { index: position, equal_columns, bounded, start, end }
    }
}

pub(crate) fn is_single(index: &Index, equal_columns: usize) -> bool {
    index.is_unique() && equal_columns == index.columns.len()
}

/// The order without the paths that make no difference, because equality fixes them or because they came before.
fn essential<'a>(order: &'a [OrderBy], facts: &Facts<'_>) -> Vec<&'a OrderBy> {
    let mut essential: Vec<&OrderBy> = Vec::new();
    for by in order {
        if !facts.fixes(&by.path) && essential.iter().all(|earlier| earlier.path != by.path) {
            essential.push(by);
        }
    }
    essential
}

/// How the entries of an index, whose first columns are equal, relate to this order.
fn arrangement_of(
    definition: &TableDefinition,
    index: &Index,
    equal_columns: usize,
    order: &[&OrderBy],
    ties: Direction,
) -> Arrangement {
    let free = &index.columns[equal_columns..];
    if free.is_empty() && (index.is_unique() || order.is_empty()) {
        return match ties {
            Direction::Ascending => Arrangement::Forward,
            Direction::Descending => Arrangement::Backward,
        };
    }
    let Some(direction) = order.first().map(|by| by.direction) else { return Arrangement::ById(ties) };
    let served = free
        .iter()
        .zip(order)
        .take_while(|(column, by)| definition.columns[**column].path == by.path && by.direction == direction)
        .count();
    let covered = served == free.len();
    // After all columns of a key, no two rows are left to distinguish.
    if served < order.len() && !(covered && index.is_unique()) {
        return Arrangement::Sort;
    }
    // Entries that are equal in all columns are in the order of their ids.
    match direction {
        Direction::Ascending if covered && (index.is_unique() || ties == direction) => Arrangement::Forward,
        Direction::Descending if covered && (index.is_unique() || ties == direction) => Arrangement::Backward,
        _ => Arrangement::Groups { columns: equal_columns + served, direction, in_order: covered, ties },
    }
}

#[cfg(test)]
pub(crate) mod tests;
