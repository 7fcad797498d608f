//! Predicates that an index answers alone, because exactly the rows with an entry in some ranges of the index satisfy them.
//! Such rows are counted without looking at them.

use longevity_core::backend::Predicate;
use longevity_core::storable::{ScalarType, Shape};
use longevity_core::table::{Index, TableDefinition};
use longevity_core::value::Comparison;
use longevity_core::{Error, Path, Value, ValueRef};

use crate::encode::key::{ABOVE, Buffer, encode};
use crate::query::facts::Facts;
use crate::query::plan::{IndexRange, is_single};
use crate::query::walk::bounded;
use crate::storage::index::Tree;
use crate::storage::source::Source;
use crate::table::Table;

/// The number of rows that satisfy a predicate; `None` if no index alone has the answer.
pub(crate) fn count(table: &Table, source: impl Source, predicate: &Predicate) -> Result<Option<u64>, Error> {
    let entries = entries(table, source, predicate)?;
    Ok(entries.map(|entries| entries.iter().map(|entries| entries.count() as u64).sum()))
}

/// Whether any row satisfies a predicate; `None` if no index alone has the answer.
pub(crate) fn any(table: &Table, source: impl Source, predicate: &Predicate) -> Result<Option<bool>, Error> {
    Ok(entries(table, source, predicate)?.map(|entries| entries.iter().any(Entries::any)))
}

/// Entries of an index at one moment.
enum Entries {
    /// All entries, which are this many.
    All(usize),
    Range(Tree, IndexRange),
}

impl Entries {
    fn count(&self) -> usize {
        match self {
            Self::All(entries) => *entries,
            Self::Range(tree, range) => bounded(tree, &range.start, &range.end).count(),
        }
    }

    fn any(&self) -> bool {
        match self {
            Self::All(entries) => *entries > 0,
            Self::Range(tree, range) => bounded(tree, &range.start, &range.end).next().is_some(),
        }
    }
}

fn entries(table: &Table, mut source: impl Source, predicate: &Predicate) -> Result<Option<Vec<Entries>>, Error> {
    let Some(ranges) = ranges(&table.definition, predicate) else { return Ok(None) };
    let schema = table.schema()?;
    let Some(first) = ranges.first() else { return Ok(Some(Vec::new())) };
    let slot = schema.slots[first.index];
    if ranges.iter().any(is_whole) {
        return Ok(Some(vec![Entries::All(source.entries(slot))]));
    }
    let tree = source.snapshot(Some(slot)).tree;
    Ok(Some(ranges.into_iter().map(|range| Entries::Range(tree.clone(), range)).collect()))
}

/// Whether the range is the whole index.
fn is_whole(range: &IndexRange) -> bool {
    range.equal_columns == 0 && !range.bounded
}

/// The ranges of one index that have exactly one entry for each row that satisfies the predicate, and none for other rows.
/// `None` if there is no such index. Empty if no row satisfies the predicate.
fn ranges(definition: &TableDefinition, predicate: &Predicate) -> Option<Vec<IndexRange>> {
    let facts = Facts::of(predicate);
    if facts.nothing {
        return Some(Vec::new());
    }
    let exact = |(position, index): (usize, &Index)| {
        PredicateAndIndex { definition, index, facts: &facts }.ranges(position, predicate)
    };
    let exact = definition.indexes.iter().enumerate().filter_map(exact);
    // The entries of a key are sorted when they are first used in order, so an index that is already sorted is preferred.
    exact.min_by_key(|ranges| ranges.first().is_some_and(|range| definition.indexes[range.index].is_unique()))
}

/// The relation of a predicate to an index.
struct PredicateAndIndex<'a> {
    definition: &'a TableDefinition,
    index: &'a Index,
    facts: &'a Facts<'a>,
}

impl PredicateAndIndex<'_> {
    fn ranges(&self, position: usize, predicate: &Predicate) -> Option<Vec<IndexRange>> {
        if !self.facts.within(self.index.scope) {
            return None;
        }
        let mut range = IndexRange::new(self.definition, position, self.facts);
        // There is one row at most, which is found by its hash.
        if is_single(self.index, range.equal_columns) {
            return None;
        }
        let ranges = range.one_of(self.definition, self.facts);
        if !self.is_decided_by(predicate, &range, ranges.is_some()) {
            return None;
        }
        if ranges.is_some() {
            return ranges;
        }
        if range.bounded && self.is_float(range.equal_columns) {
            range.start = range.start.max(self.after_nan(range.equal_columns));
        }
        Some(vec![range])
    }

    /// Whether all entries in the range, or in the ranges of the next column's values, satisfy the predicate.
    fn is_decided_by(&self, predicate: &Predicate, range: &IndexRange, by_values: bool) -> bool {
        match predicate {
            Predicate::True => true,
            Predicate::And(parts) => parts.iter().all(|part| self.is_decided_by(part, range, by_values)),
            Predicate::Scope(scope) => {
                self.index.scope.is_some_and(|own| own.discriminators.iter().all(|name| scope.contains(Some(name))))
            }
            Predicate::Compare { path, comparison: Comparison::Eq, operand } => self.is_fixed(path, operand, range),
            Predicate::Compare { comparison: Comparison::Ne, .. } => false,
            // NaN compares only with itself.
            Predicate::Compare { operand: Value::Float(number), .. } if number.is_nan() => false,
            Predicate::Compare { path, .. } => range.bounded && self.path(range.equal_columns) == Some(path),
            Predicate::In { path, operands, negated: false } => match operands.as_slice() {
                [operand] => self.is_fixed(path, operand, range),
                _ => by_values && self.path(range.equal_columns) == Some(path) && self.facts.has_one_list(),
            },
            Predicate::In { negated: true, .. }
            | Predicate::False
            | Predicate::Text { .. }
            | Predicate::Contains { .. }
            | Predicate::Length { .. }
            | Predicate::Id { .. }
            | Predicate::Or(_)
            | Predicate::Not(_) => false,
        }
    }

    /// Whether the property is one of the range's leading columns, and has exactly this value there.
    fn is_fixed(&self, path: &Path, operand: &Value, range: &IndexRange) -> bool {
        let leads = (0..range.equal_columns).any(|at| self.path(at) == Some(path));
        let key = |value: ValueRef<'_>| {
            let mut key = Buffer::new();
            encode(value, &mut key);
            key
        };
        leads && self.facts.equal_to(path).is_some_and(|value| key(value) == key(operand.as_value_ref()))
    }

    fn path(&self, at: usize) -> Option<&Path> {
        self.index.columns.get(at).map(|column| &self.definition.columns[*column].path)
    }

    fn is_float(&self, at: usize) -> bool {
        let column = self.index.columns.get(at).map(|column| &self.definition.columns[*column]);
        column.is_some_and(|column| matches!(column.shape, Shape::Scalar(ScalarType::F32 | ScalarType::F64)))
    }

    /// Where the numbers of the column at this position begin. NaN sorts before them, and is in no range of numbers.
    fn after_nan(&self, at: usize) -> Buffer {
        let mut start = Buffer::new();
        let fixed = (0..at).filter_map(|at| self.facts.equal_to(self.path(at)?));
        fixed.for_each(|value| encode(value, &mut start));
        encode(ValueRef::Float(f64::NAN), &mut start);
        start.push(ABOVE);
        start
    }
}

#[cfg(test)]
mod tests;
