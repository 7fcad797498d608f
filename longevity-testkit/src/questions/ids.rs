//! Ids in random queries: each store has its own, so a query names rows by their number.

use longevity_core::RowId;
use longevity_core::query::{Predicate, Select};
use longevity_core::value::Comparison;

/// The query with the ids of the rows that it names by number, of those that there are.
pub(crate) fn with_ids(select: &Select, ids: &[RowId]) -> Select {
    let id = |number: RowId| match ids.len() {
        0 => number,
        rows => ids[usize::try_from(number.as_u128()).unwrap_or_default() % rows],
    };
    mapped(select, &|comparison, number| (comparison, id(number)))
}

/// The query with no question that depends on how ids are ordered.
pub(crate) fn without_order_of_ids(select: &Select) -> Select {
    mapped(select, &|comparison, number| match comparison {
        Comparison::Eq | Comparison::Le | Comparison::Ge => (Comparison::Eq, number),
        Comparison::Ne | Comparison::Lt | Comparison::Gt => (Comparison::Ne, number),
    })
}

type OfIds<'a> = &'a dyn Fn(Comparison, RowId) -> (Comparison, RowId);

fn mapped(select: &Select, of_ids: OfIds<'_>) -> Select {
    Select { predicate: in_predicate(&select.predicate, of_ids), ..select.clone() }
}

fn in_predicate(predicate: &Predicate, of_ids: OfIds<'_>) -> Predicate {
    let all = |parts: &[Predicate]| parts.iter().map(|part| in_predicate(part, of_ids)).collect();
    match predicate {
        Predicate::Id { comparison, id } => {
            let (comparison, id) = of_ids(*comparison, *id);
            Predicate::Id { comparison, id }
        }
        Predicate::And(parts) => Predicate::And(all(parts)),
        Predicate::Or(parts) => Predicate::Or(all(parts)),
        Predicate::Not(part) => Predicate::Not(Box::new(in_predicate(part, of_ids))),
        other => other.clone(),
    }
}
