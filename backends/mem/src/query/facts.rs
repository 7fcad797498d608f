//! The facts that a predicate implies for every row that satisfies it, if an index can use them.

// A form that is new to core must not compile here, because a wildcard arm would hide its meaning.
#![deny(clippy::wildcard_enum_match_arm)]

use std::ops::Range;

use longevity_core::backend::Predicate;
use longevity_core::table::{ElementIndex, Scope};
use longevity_core::value::Comparison;
use longevity_core::{Path, RowId, Step, Value, ValueRef};

/// The number of equalities of map entries that are kept. No index has them, and each of 10^5 would be compared with all before
/// it.
const ENTRIES: usize = 256;

/// The facts that a predicate implies. Everything else is left to the evaluation of each candidate.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    /// No row can satisfy the predicate.
    pub(crate) nothing: bool,
    /// The discriminators that the row may have; any if `None`.
    scope: Option<Vec<&'static str>>,
    equal: Vec<(&'a Path, &'a Value)>,
    ranges: Vec<(&'a Path, Comparison, &'a Value)>,
    among: Vec<(&'a Path, &'a [Value])>,
    /// The conjuncts that ask for an element.
    contains: Vec<&'a Predicate>,
    /// The ids that the row may have.
    pub(crate) ids: Range<u64>,
}

impl Default for Facts<'_> {
    fn default() -> Self {
        let (equal, ranges, among, contains) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { nothing: false, scope: None, equal, ranges, among, contains, ids: 0..u64::MAX }
    }
}

impl<'a> Facts<'a> {
    pub(crate) fn of(predicate: &'a Predicate) -> Self {
        let mut facts = Self::default();
        facts.collect(predicate);
        facts
    }

    fn collect(&mut self, predicate: &'a Predicate) {
        for conjunct in predicate.conjuncts() {
            match conjunct {
                Predicate::And(_) => self.collect(conjunct),
                Predicate::False => self.nothing = true,
                Predicate::Or(parts) if parts.is_empty() => self.nothing = true,
                Predicate::Scope(scope) => self.narrow(scope.discriminators),
                Predicate::Compare { path, comparison, operand } => self.compare(path, *comparison, operand),
                Predicate::In { path, operands, negated: false } => match operands.as_slice() {
                    [] => self.nothing = true,
                    [operand] => self.compare(path, Comparison::Eq, operand),
                    operands => self.among.push((path, operands)),
                },
                Predicate::Id { comparison, id } => self.compare_id(*comparison, *id),
                Predicate::Contains { .. } => self.contains.push(conjunct),
                // These are left to the evaluation of each row.
                Predicate::True
                | Predicate::In { negated: true, .. }
                | Predicate::Text { .. }
                | Predicate::Length { .. }
                | Predicate::Or(_)
                | Predicate::Not(_) => {}
            }
        }
    }

    fn narrow(&mut self, names: &[&'static str]) {
        let narrowed: Vec<_> = match &self.scope {
            Some(scope) => scope.iter().copied().filter(|name| names.contains(name)).collect(),
            None => names.to_vec(),
        };
        self.nothing |= narrowed.is_empty();
        self.scope = Some(narrowed);
    }

    fn compare(&mut self, path: &'a Path, comparison: Comparison, operand: &'a Value) {
        match comparison {
            Comparison::Eq => match self.equal.iter().find(|(other, _)| *other == path) {
                Some((_, value)) => self.nothing |= *value != operand,
                None if path.entry().is_none() || self.equal.len() < ENTRIES => self.equal.push((path, operand)),
                None => {}
            },
            Comparison::Ne => {}
            // No value is less or greater than an absent one.
            Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge if operand.is_none() => {
                self.nothing = true
            }
            Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge => {
                self.ranges.push((path, comparison, operand));
            }
        }
    }

    fn compare_id(&mut self, comparison: Comparison, id: RowId) {
        // An id that no row can have here is greater than all others.
        let id = u64::try_from(id.as_u128()).unwrap_or(u64::MAX);
        let Range { start, end } = &mut self.ids;
        match comparison {
            Comparison::Eq => (*start, *end) = ((*start).max(id), (*end).min(id.saturating_add(1))),
            Comparison::Gt => *start = (*start).max(id.saturating_add(1)),
            Comparison::Ge => *start = (*start).max(id),
            Comparison::Lt => *end = (*end).min(id),
            Comparison::Le => *end = (*end).min(id.saturating_add(1)),
            Comparison::Ne => {}
        }
        self.nothing |= self.ids.is_empty();
    }

    /// The values that the column at this path may have in rows that satisfy the predicate, if they are known.
    pub(crate) fn one_of(&self, column: &Path) -> Option<Vec<ValueRef<'a>>> {
        self.among.iter().find_map(|(path, operands)| {
            let below = column.starts_with(path).then(|| column.steps().get(path.steps().len()..)).flatten()?;
            operands.iter().map(|operand| leaf(operand, below)).collect()
        })
    }

    /// The value that each row that satisfies the predicate has among the values of an index of elements.
    pub(crate) fn element(&self, index: &ElementIndex) -> Option<&'a Value> {
        self.contains.iter().find_map(|predicate| predicate.sought_in(index))
    }

    /// Whether there is exactly one list of values.
    pub(crate) fn has_one_list(&self) -> bool {
        self.among.len() == 1
    }

    /// Whether every row that satisfies the predicate is in an index with this scope.
    pub(crate) fn within(&self, index: Option<Scope>) -> bool {
        index.is_none_or(|index| {
            self.scope.as_ref().is_some_and(|names| names.iter().all(|name| index.contains(Some(name))))
        })
    }

    /// The single value that the column at this path has in every row that satisfies the predicate, if there is one.
    pub(crate) fn equal_to(&self, column: &Path) -> Option<ValueRef<'a>> {
        self.equal.iter().find_map(|(path, value)| {
            if !column.starts_with(path) {
                return None;
            }
            leaf(value, &column.steps()[path.steps().len()..])
        })
    }

    /// Whether the value at this path, single or not, is the same in every row that satisfies the predicate.
    pub(crate) fn fixes(&self, path: &Path) -> bool {
        self.equal.iter().any(|(fixed, _)| path.starts_with(fixed))
    }

    /// The bounds of the column at this path.
    pub(crate) fn ranges(&self, column: &Path) -> impl Iterator<Item = (Comparison, ValueRef<'a>)> {
        self.ranges
            .iter()
            .filter(move |(path, ..)| *path == column)
            .map(|(_, comparison, operand)| (*comparison, operand.as_value_ref()))
    }
}

/// The single value within an operand. A key value with several fields is compared as a whole, and has a column for each field.
fn leaf<'a>(operand: &'a Value, steps: &[&'static Step]) -> Option<ValueRef<'a>> {
    match (operand, steps) {
        (Value::List(_) | Value::Map(_) | Value::Variant(..), _) | (Value::Record(_), []) => None,
        (plain, []) => Some(plain.as_value_ref()),
        (Value::Record(fields), [step, rest @ ..]) => {
            let (_, value) = fields.iter().find(|(name, _)| *name == step.name)?;
            leaf(value, rest)
        }
        // Where the whole value is absent, its fields are absent.
        (Value::None(_), _) => Some(ValueRef::NONE),
        _ => None,
    }
}
