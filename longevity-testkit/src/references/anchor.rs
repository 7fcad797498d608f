//! Gives the references of a generated row their targets.

use std::any::TypeId;

use longevity_core::table::{Reference, TableDefinition};
use longevity_core::{Value, hash_name};

use super::places::{change_keys, clear, keys_at};
use super::tables::{UntypedRow, applies};

/// The row with these targets: each key value of a reference becomes one of those that the function returns for the reference.
/// Where it returns none, the row refers to nothing, or to itself if it has to refer to something. `None` if that is impossible.
pub(crate) fn anchored(
    definition: &TableDefinition,
    root: TypeId,
    mut row: UntypedRow,
    keys: &dyn Fn(&Reference) -> Vec<Value>,
) -> Option<UntypedRow> {
    let shape = definition.variants.get(row.variant)?.shape;
    let mut to_itself = Vec::new();
    for reference in definition.references.iter().filter(|reference| applies(reference, row.variant)) {
        let keys = keys(reference);
        if !keys.is_empty() {
            let mut next = chosen(&keys_at(&reference.place, &row.value), keys.len());
            change_keys(&reference.place, &mut row.value, &mut |key| {
                *key = keys[next % keys.len()].clone();
                next += 1;
            });
        } else if !clear(shape(), &reference.place, &mut row.value) {
            let target = &reference.target;
            let may_be_itself = target.root == root && target.scope.is_none_or(|scope| scope.variant == row.variant);
            may_be_itself.then(|| to_itself.push(reference))?;
        }
    }
    for reference in to_itself {
        let index = &definition.indexes[definition.key(reference.target.key_val)?];
        let own = row.value.at(index.properties.first()?.steps()).to_value();
        change_keys(&reference.place, &mut row.value, &mut |key| *key = own.clone());
    }
    Some(row)
}

/// Which of the targets comes first. It depends on what was generated, so that rows refer to different targets.
fn chosen(generated: &[Value], targets: usize) -> usize {
    usize::try_from(hash_name(&format!("{generated:?}")) % targets.max(1) as u64).unwrap_or_default()
}

/// Changes the references of a row to itself, after it got another key value. Returns whether there were any.
pub(crate) fn follow_own_key(
    definition: &TableDefinition,
    root: TypeId,
    key_val: TypeId,
    row: &mut UntypedRow,
    (old, new): (&Value, &Value),
) -> bool {
    let mut followed = false;
    let own = definition.references.iter().filter(|reference| {
        reference.target.root == root && reference.target.key_val == key_val && applies(reference, row.variant)
    });
    for reference in own {
        change_keys(&reference.place, &mut row.value, &mut |key| {
            if key == old {
                *key = new.clone();
                followed = true;
            }
        });
    }
    followed
}
