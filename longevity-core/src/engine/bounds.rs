//! Checks that queries and patches are within [the limits](crate::limits) before a back end sees them.

use crate::encoding::too_deep;
use crate::error::Error;
use crate::limits::{DOCUMENT_LEVELS, FILTER_LEVELS, ORDER_PROPERTIES};
use crate::persistent::PersistentType;
use crate::query::Patch;
use crate::select::{Predicate, Select};
use crate::value::{Path, Value};

/// Fails if the query is too large or too deep for any store.
pub(crate) fn ensure_within(backend: &'static str, select: &Select) -> Result<(), Error> {
    if select.order.len() > ORDER_PROPERTIES {
        return Err(too_large(backend, format!("an order has at most {ORDER_PROPERTIES} properties")));
    }
    ensure_paths_within(backend, select.order.iter().map(|by| &by.path))?;
    let mut left = vec![(&select.predicate, 1)];
    while let Some((predicate, level)) = left.pop() {
        if level > FILTER_LEVELS {
            return Err(too_large(backend, format!("a filter has at most {FILTER_LEVELS} levels of nesting")));
        }
        ensure_paths_within(backend, predicate.path())?;
        if let Predicate::Contains { through, .. } = predicate {
            ensure_paths_within(backend, through)?;
        }
        let operands = match predicate {
            Predicate::And(parts) | Predicate::Or(parts) => {
                left.extend(parts.iter().map(|part| (part, level + 1)));
                &[]
            }
            Predicate::Not(part) => {
                left.push((part, level + 1));
                &[]
            }
            Predicate::Compare { operand, .. } | Predicate::Contains { element: operand, .. } => {
                std::slice::from_ref(operand)
            }
            Predicate::In { operands, .. } => operands.as_slice(),
            Predicate::True
            | Predicate::False
            | Predicate::Scope(_)
            | Predicate::Text { .. }
            | Predicate::Length { .. }
            | Predicate::Id { .. } => &[],
        };
        if operands.iter().any(is_too_deep) {
            return Err(too_large(backend, format!("a value has at most {DOCUMENT_LEVELS} levels of nesting")));
        }
    }
    Ok(())
}

/// Fails if one of the paths is deeper than any document may be.
pub(super) fn ensure_paths_within<'a>(
    backend: &'static str,
    paths: impl IntoIterator<Item = &'a Path>,
) -> Result<(), Error> {
    for path in paths {
        let mut rest = Some(path);
        while let Some((key, below)) = rest.and_then(Path::entry) {
            if is_too_deep(key) {
                return Err(too_large(backend, format!("a value has at most {DOCUMENT_LEVELS} levels of nesting")));
            }
            rest = Some(below);
        }
        if path.levels() > DOCUMENT_LEVELS {
            return Err(too_large(backend, format!("a property is at most {DOCUMENT_LEVELS} levels deep")));
        }
    }
    Ok(())
}

impl<P: PersistentType> Patch<P> {
    /// Fails if no document could have the property or the value.
    pub(crate) fn ensure_within(&self, backend: &'static str) -> Result<(), Error> {
        ensure_paths_within(backend, self.paths())?;
        if self.operands().any(is_too_deep) { Err(too_deep(P::NAME)) } else { Ok(()) }
    }
}

fn is_too_deep(value: &Value) -> bool {
    value.levels() > DOCUMENT_LEVELS
}

fn too_large(backend: &'static str, limit: String) -> Error {
    Error::QueryTooLarge { backend, limit }
}
