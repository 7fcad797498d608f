//! Which of the declared indexes can find the rows of a filter, and whether one of these has the order too: without
//! statistics SQLite decides otherwise than it should.

#![deny(clippy::wildcard_enum_match_arm)]

use longevity_core::Path;
use longevity_core::Value;
use longevity_core::backend::{OrderBy, Predicate, scope_of};
use longevity_core::table::Index;
use longevity_core::value::Comparison;

use crate::query::columns::{column_of, columns_of_all, columns_of_fields};
use crate::schema::ready_table::ReadyTable;

/// How the indexes serve a query.
#[derive(Debug)]
pub(crate) struct Serving {
    /// Whether an index finds the rows of the filter.
    pub(crate) is_bounded: bool,
    /// Whether an index of the derived type, in a query over one, finds them by the conjunction itself: else the scope, which each
    /// part of a disjunction says again, would lead to an index of the type without bounds.
    pub(crate) by_own: bool,
    /// Whether what they find is to be sorted: none of them has the order.
    pub(crate) is_to_sort: bool,
}

/// What a conjunction says of the first columns of an index.
#[derive(Clone, Copy, Debug)]
struct Bound {
    /// How many have a value that is known, or one of some.
    equal: usize,
    /// Whether the next is in a range.
    ranged: bool,
    /// Whether all of the former have one value: then what follows is in order.
    in_order: bool,
}

/// What is said of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Equal,
    Among,
    Range,
}

impl Serving {
    pub(crate) fn of(table: &ReadyTable, predicate: &Predicate, order: &[OrderBy]) -> Self {
        let conjuncts = predicate.conjuncts();
        let scope = scope_of(conjuncts).map(|scope| scope.variant);
        let bounds: Vec<_> = bounds(table, conjuncts, scope).collect();
        let first = order.iter().find(|by| !is_fixed(&by.path, conjuncts)).map(|by| &by.path);
        let by_parts = conjuncts.iter().any(|part| is_served(table, part, scope, first));
        let is_bounded = by_parts || !bounds.is_empty();
        let has_order = |(index, bound): &(&Index, Bound)| bound.in_order && gives(table, index, bound.equal, first);
        Self {
            is_bounded,
            by_own: bounds.iter().any(|(index, _)| index.scope.is_some()),
            is_to_sort: is_bounded && !bounds.iter().any(has_order),
        }
    }
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
        match conjuncts.iter().filter_map(|part| said(table, *column, part, scope)).min() {
            Some(Said::Equal) => bound.equal += 1,
            Some(Said::Among) => (bound.equal, bound.in_order) = (bound.equal + 1, false),
            Some(Said::Range) => bound.ranged = true,
            None => break,
        }
        if bound.ranged {
            break;
        }
    }
    (bound.equal > 0 || bound.ranged).then_some(bound)
}

/// What a question says of a column.
fn said(table: &ReadyTable, column: usize, part: &Predicate, scope: Option<usize>) -> Option<Said> {
    let is_of = |path: &Path| column_of(table, path, scope) == Some(column);
    match part {
        Predicate::Compare { path, comparison: Comparison::Eq, operand: Value::Record(fields) } => {
            columns_of_fields(table, path, fields, scope)?.contains(&column).then_some(Said::Equal)
        }
        Predicate::Compare { path, comparison, operand } => match comparison {
            Comparison::Eq => is_of(path).then_some(Said::Equal),
            Comparison::Ne => None,
            Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge => {
                (!operand.is_none() && is_of(path)).then_some(Said::Range)
            }
        },
        Predicate::In { negated: true, .. } => None,
        // Two questions.
        part if or_absent(part).is_some() => None,
        Predicate::In { path, operands, negated: false } => {
            let said = if operands.len() == 1 { Said::Equal } else { Said::Among };
            let of_fields = || columns_of_all(table, path, operands, scope).is_some_and(|all| all.contains(&column));
            (is_of(path) || of_fields()).then_some(said)
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

/// Of a question whether a value is one of some or absent: whether it is absent.
fn or_absent(part: &Predicate) -> Option<Predicate> {
    let Predicate::In { path, operands, negated: false } = part else { return None };
    let is_absent = |operand: &Value| matches!(operand, Value::None(0));
    let is_both = operands.iter().any(is_absent) && !operands.iter().all(is_absent);
    let absent = || Predicate::Compare { path: path.clone(), comparison: Comparison::Eq, operand: Value::NONE };
    is_both.then(absent)
}

/// Whether an index of the derived type finds the rows of one of these.
pub(crate) fn by_own(table: &ReadyTable, parts: &[Predicate], scope: Option<usize>) -> bool {
    let own = |part: &Predicate| bounds(table, part.conjuncts(), scope).any(|(index, _)| index.scope.is_some());
    parts.iter().any(own)
}

/// Whether indexes find the rows of a conjunction or a disjunction within a conjunction. One that asks for what the order
/// begins with is the place of a page: the order leads there.
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
            !parts.is_empty() && !order.is_some_and(|path| asks_for(part, path)) && parts.iter().all(is_served)
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

/// Whether a predicate asks for the property at a path.
fn asks_for(predicate: &Predicate, path: &Path) -> bool {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(|part| asks_for(part, path)),
        Predicate::Not(part) => asks_for(part, path),
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

/// Whether an equality gives the property at a path one value.
fn is_fixed(path: &Path, conjuncts: &[Predicate]) -> bool {
    let fixes = |part: &Predicate| matches!(part, Predicate::Compare { path: fixed, comparison: Comparison::Eq, .. } if path.starts_with(fixed));
    conjuncts.iter().any(fixes)
}

/// Whether an index whose first columns have one value each has the rows in the order of the property, or of their ids if
/// there is none.
fn gives(table: &ReadyTable, index: &Index, equal: usize, order: Option<&Path>) -> bool {
    match (index.columns.get(equal), order) {
        (None, None) => true,
        (Some(next), Some(path)) => table.definition.columns[*next].path == *path,
        (None, Some(_)) | (Some(_), None) => false,
    }
}
