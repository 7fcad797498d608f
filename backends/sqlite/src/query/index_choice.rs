//! Decides which of the declared indexes can find the rows of a filter, and whether one of them has the order too. SQLite decides
//! this wrongly without statistics.

#![deny(clippy::wildcard_enum_match_arm)]

use longevity_core::Path;
use longevity_core::Value;
use longevity_core::backend::{OrderBy, Predicate, scope_of};
use longevity_core::table::{ElementColumn, Index};
use longevity_core::value::Comparison;

use crate::query::columns::{FieldColumn, column_of, columns_of_all, columns_of_fields};
use crate::schema::ready_table::ReadyTable;
use crate::schema::side_table::SideTable;

/// How the indexes serve a query.
#[derive(Debug)]
pub(crate) struct IndexChoice {
    /// Whether an index finds the rows of the filter.
    pub(crate) is_bounded: bool,
    /// Whether, in a query over a derived type, an index of that type finds them by the conjunction itself. Otherwise the scope,
    /// which each part of a disjunction repeats, would lead SQLite to an index of the type without bounds.
    pub(crate) by_derived_index: bool,
    /// Whether the rows found must be sorted, because none of the indexes has the order.
    pub(crate) is_to_sort: bool,
}

/// How a conjunction bounds the first columns of an index.
#[derive(Clone, Copy, Debug)]
struct Bound {
    /// How many columns are equal to a known value, or to one of several.
    equal: usize,
    /// Whether the next column is in a range.
    ranged: bool,
    /// Whether each of the equal columns has a single value, so that the index has the rest in order.
    in_order: bool,
}

/// How a predicate bounds a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ColumnBound {
    Equal,
    Among,
    Range,
}

impl IndexChoice {
    pub(crate) fn of(table: &ReadyTable, predicate: &Predicate, order: &[OrderBy]) -> Self {
        let conjuncts = predicate.conjuncts();
        let scope = scope_of(conjuncts).map(|scope| scope.variant);
        let bounds: Vec<_> = bounds(table, conjuncts, scope).collect();
        let first = order.iter().find(|by| !is_fixed(&by.path, conjuncts)).map(|by| &by.path);
        let by_parts = conjuncts.iter().any(|part| is_served(table, part, scope, first));
        let by_element = conjuncts.iter().any(|part| element_index(table, part, scope).is_some());
        let is_bounded = by_parts || by_element || !bounds.is_empty();
        let has_order =
            |(index, bound): &(&Index, Bound)| bound.in_order && is_ordered_by(table, index, bound.equal, first);
        Self {
            is_bounded,
            by_derived_index: bounds.iter().any(|(index, _)| index.scope.is_some()),
            is_to_sort: is_bounded && !bounds.iter().any(has_order),
        }
    }
}

/// The index that has an entry for each element that a predicate asks for, the columns of its entries, and the element.
pub(crate) fn element_index<'a>(
    table: &'a ReadyTable,
    predicate: &'a Predicate,
    scope: Option<usize>,
) -> Option<(&'a SideTable, &'a [ElementColumn], &'a Value)> {
    let own = scope.and_then(|variant| table.definition.scope(variant));
    let indexes = table.definition.element_indexes.iter().zip(&table.layout.elements);
    let mut serving = indexes.filter(|(index, _)| index.scope.is_none() || index.scope == own);
    serving.find_map(|(index, side_table)| Some((side_table.as_ref()?, &*index.columns, predicate.sought_in(index)?)))
}

/// The indexes that hold all rows of a conjunction and find them.
fn bounds<'a>(
    table: &'a ReadyTable,
    conjuncts: &'a [Predicate],
    scope: Option<usize>,
) -> impl Iterator<Item = (&'a Index, Bound)> {
    let own = scope.and_then(|variant| table.definition.scope(variant));
    let holds_all = move |index: &&Index| index.scope.is_none() || index.scope == own;
    let indexes = table.definition.indexes.iter().filter(holds_all);
    indexes.filter_map(move |index| Some((index, bound(table, index, conjuncts, scope)?)))
}

/// How a conjunction bounds an index; `None` if it does not.
fn bound(table: &ReadyTable, index: &Index, conjuncts: &[Predicate], scope: Option<usize>) -> Option<Bound> {
    let mut bound = Bound { equal: 0, ranged: false, in_order: true };
    for column in &index.columns {
        match conjuncts.iter().filter_map(|part| column_bound(table, *column, part, scope)).min() {
            Some(ColumnBound::Equal) => bound.equal += 1,
            Some(ColumnBound::Among) => (bound.equal, bound.in_order) = (bound.equal + 1, false),
            Some(ColumnBound::Range) => bound.ranged = true,
            None => break,
        }
        if bound.ranged {
            break;
        }
    }
    (bound.equal > 0 || bound.ranged).then_some(bound)
}

/// How a predicate bounds this column.
fn column_bound(table: &ReadyTable, column: usize, part: &Predicate, scope: Option<usize>) -> Option<ColumnBound> {
    let is_of = |path: &Path| column_of(table, path, scope) == Some(column);
    match part {
        Predicate::Compare { path, comparison: Comparison::Eq, operand: Value::Record(fields) } => {
            let mut fields = columns_of_fields(table, path, fields, scope)?.into_iter();
            fields.any(|field| field.column == column).then_some(ColumnBound::Equal)
        }
        Predicate::Compare { path, comparison, operand } => match comparison {
            Comparison::Eq => is_of(path).then_some(ColumnBound::Equal),
            Comparison::Ne => None,
            Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge => {
                (!operand.is_none() && is_of(path)).then_some(ColumnBound::Range)
            }
        },
        Predicate::In { negated: true, .. } => None,
        // It is a disjunction of two predicates.
        part if or_absent(part).is_some() => None,
        Predicate::In { path, operands, negated: false } => {
            let bound = if operands.len() == 1 { ColumnBound::Equal } else { ColumnBound::Among };
            let is_one = |fields: Vec<FieldColumn>| fields.iter().any(|field| field.column == column);
            let of_fields = || columns_of_all(table, path, operands, scope).is_some_and(is_one);
            (is_of(path) || of_fields()).then_some(bound)
        }
        Predicate::True
        | Predicate::False
        | Predicate::Scope(_)
        | Predicate::Text { .. }
        | Predicate::Contains { .. }
        | Predicate::Length { .. }
        | Predicate::Id { .. }
        | Predicate::And(_)
        | Predicate::Or(_)
        | Predicate::Not(_) => None,
    }
}

/// If a predicate asks whether a value is absent or one of several, the predicate that it is absent.
fn or_absent(part: &Predicate) -> Option<Predicate> {
    let Predicate::In { path, operands, negated: false } = part else { return None };
    let is_absent = |operand: &Value| matches!(operand, Value::None(0));
    let is_both = operands.iter().any(is_absent) && !operands.iter().all(is_absent);
    let absent = || Predicate::Compare { path: path.clone(), comparison: Comparison::Eq, operand: Value::NONE };
    is_both.then(absent)
}

/// Whether an index of the derived type finds the rows of any of these predicates.
pub(crate) fn by_derived_index(table: &ReadyTable, parts: &[Predicate], scope: Option<usize>) -> bool {
    let own = |part: &Predicate| bounds(table, part.conjuncts(), scope).any(|(index, _)| index.scope.is_some());
    parts.iter().any(own)
}

/// Whether indexes find the rows of a conjunction or a disjunction within a conjunction. A disjunction on the first property of
/// the order is the position of a page, and the index with the order leads there.
fn is_served(table: &ReadyTable, part: &Predicate, scope: Option<usize>, order: Option<&Path>) -> bool {
    let finds = |parts: &[Predicate], scope| bounds(table, parts, scope).next().is_some();
    match part {
        Predicate::And(parts) => {
            let scope = scope_of(parts).map(|scope| scope.variant).or(scope);
            finds(parts, scope) || parts.iter().any(|part| is_served(table, part, scope, order))
        }
        Predicate::Or(parts) => {
            let is_served =
                |part: &Predicate| is_served(table, part, scope, order) || finds(std::slice::from_ref(part), scope);
            !parts.is_empty() && !order.is_some_and(|path| is_about(part, path)) && parts.iter().all(is_served)
        }
        Predicate::In { .. } => or_absent(part).is_some_and(|absent| finds(&[absent], scope)),
        Predicate::True
        | Predicate::False
        | Predicate::Scope(_)
        | Predicate::Compare { .. }
        | Predicate::Text { .. }
        | Predicate::Contains { .. }
        | Predicate::Length { .. }
        | Predicate::Id { .. }
        | Predicate::Not(_) => false,
    }
}

/// Whether a predicate is about the property at a path.
fn is_about(predicate: &Predicate, path: &Path) -> bool {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(|part| is_about(part, path)),
        Predicate::Not(part) => is_about(part, path),
        Predicate::True
        | Predicate::False
        | Predicate::Scope(_)
        | Predicate::Compare { .. }
        | Predicate::In { .. }
        | Predicate::Text { .. }
        | Predicate::Contains { .. }
        | Predicate::Length { .. }
        | Predicate::Id { .. } => predicate.path() == Some(path),
    }
}

/// Whether an equality fixes the value of the property at a path.
fn is_fixed(path: &Path, conjuncts: &[Predicate]) -> bool {
    let fixes = |part: &Predicate| matches!(part, Predicate::Compare { path: fixed, comparison: Comparison::Eq, .. } if path.starts_with(fixed));
    conjuncts.iter().any(fixes)
}

/// Whether an index whose first columns have a single value each has the rows in the order of the property, or in that of their
/// ids if there is no property.
fn is_ordered_by(table: &ReadyTable, index: &Index, equal: usize, order: Option<&Path>) -> bool {
    match (index.columns.get(equal), order) {
        (None, None) => true,
        (Some(next), Some(path)) => table.definition.columns[*next].path == *path,
        (None, Some(_)) | (Some(_), None) => false,
    }
}
