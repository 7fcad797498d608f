//! Ids in random queries. Each store has ids of its own, so a query names rows by number.

use longevity_core::RowId;
use longevity_core::backend::{Predicate, Select};

/// The query with the ids of the rows that it names by number.
pub(crate) fn with_row_ids(select: &Select, ids: &[RowId]) -> Select {
    Select { predicate: in_predicate(&select.predicate, ids), ..select.clone() }
}

fn in_predicate(predicate: &Predicate, ids: &[RowId]) -> Predicate {
    let all = |parts: &[Predicate]| parts.iter().map(|part| in_predicate(part, ids)).collect();
    match predicate {
        Predicate::Id { comparison, id } if !ids.is_empty() => {
            let number = usize::try_from(id.as_u128()).unwrap_or_default();
            Predicate::Id { comparison: *comparison, id: ids[number % ids.len()] }
        }
        Predicate::And(parts) => Predicate::And(all(parts)),
        Predicate::Or(parts) => Predicate::Or(all(parts)),
        Predicate::Not(part) => Predicate::Not(Box::new(in_predicate(part, ids))),
        other => other.clone(),
    }
}
