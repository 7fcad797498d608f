//! The values of persistents: whole, and in the columns of an index. Two persistents collide in a key if these are equal.

use longevity_core::table::{Index, TableDefinition};
use longevity_core::{Error, PersistentType, Value};

use crate::outcome::{Outcome, Stop, ensure_eq};

/// A persistent as one untyped value.
pub(crate) fn whole<T: PersistentType>(value: &T) -> Value {
    value.value_at(&[]).to_value()
}

/// The values of a persistent in the columns of an index; `None` if the index does not include its variant.
pub(crate) fn values_in<T: PersistentType>(
    definition: &TableDefinition,
    index: &Index,
    value: &T,
) -> Option<Vec<Value>> {
    if index.scope.is_some_and(|scope| scope.variant != value.variant()) {
        return None;
    }
    let values = index.columns.iter().map(|column| value.value_at(definition.columns[*column].path.steps()).to_value());
    Some(values.collect())
}

/// The keys in which both persistents have the same values.
pub(crate) fn collisions<'a, A: PersistentType, B: PersistentType>(
    definition: &'a TableDefinition,
    a: &A,
    b: &B,
) -> Vec<&'a Index> {
    let collide = |index: &&Index| match (values_in(definition, index, a), values_in(definition, index, b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    };
    definition.indexes.iter().filter(|index| index.is_unique()).filter(collide).collect()
}

/// Whether the persistents collide in any key.
pub(crate) fn collide<T: PersistentType>(definition: &TableDefinition, a: &T, b: &T) -> bool {
    !collisions(definition, a, b).is_empty()
}

/// Fails unless the error reports a duplicate in a key in which both persistents collide.
#[track_caller]
pub(crate) fn ensure_duplicate<A: PersistentType, B: PersistentType>(
    definition: &TableDefinition,
    holder: &A,
    refused: &B,
    error: &Error,
) -> Outcome {
    let Error::DuplicateKey { type_name, key, value } = error else {
        return Err(Stop::failed(format!("expected a duplicate key, not: {error}")));
    };
    let colliding = collisions(definition, holder, refused);
    let Some(index) = colliding.iter().find(|index| (&index.declared_by, &index.property()) == (type_name, key)) else {
        let keys: Vec<_> = colliding.iter().map(|index| index.name.as_str()).collect();
        return Err(Stop::failed(format!("the error names {type_name}.{key}, but the values collide in {keys:?}")));
    };
    let values = values_in(definition, index, refused).unwrap_or_default();
    ensure_eq!(*value, shown(&values), "the error's key value");
    Ok(())
}

/// Column values as errors show them.
pub(crate) fn shown(values: &[Value]) -> String {
    match values {
        [value] => value.to_string(),
        values => format!("({})", values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")),
    }
}
