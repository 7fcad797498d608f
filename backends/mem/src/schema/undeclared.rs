//! Keys that another version of the model created and this one does not declare. They stay in force until they are dropped.

use std::sync::Arc;

use longevity_core::table::TableDefinition;

use crate::schema::layout::Layout;
use crate::storage::index::Index;
use crate::storage::store::Store;

/// The keys that are in force for rows of a definition that does not declare them.
pub(crate) fn keys(store: &Store, definition: &TableDefinition) -> Vec<String> {
    let layout = store.layout().unwrap_or_default();
    let undeclared = layout.slots.iter().filter(|slot| slot.is_undeclared(definition));
    undeclared.map(|slot| slot.name.clone()).collect()
}

/// Drops these keys. From then on they are indexes that accept any values.
pub(crate) fn drop_keys(store: &Store, definition: &TableDefinition) -> Vec<String> {
    let mut state = store.write_lock();
    let mut layout = Layout { slots: state.layout.as_ref().map_or_else(Vec::new, |layout| layout.slots.clone()) };
    let mut dropped = Vec::new();
    for (position, slot) in layout.slots.iter_mut().enumerate() {
        if slot.is_undeclared(definition) {
            slot.unique = false;
            // An index that is not unique accepts any rows.
            if let Ok(index) = Index::build(slot, &state.rows) {
                state.indexes[position] = index;
            }
            dropped.push(slot.name.clone());
        }
    }
    if !dropped.is_empty() {
        state.layout = Some(Arc::new(layout));
    }
    dropped
}
