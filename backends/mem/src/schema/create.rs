//! Creates the tables of a model, with their keys and indexes, all or none.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLockWriteGuard};

use longevity_core::Error;
use longevity_core::table::TableDefinition;

use crate::error::failed;
use crate::schema::layout::{Layout, Slot};
use crate::storage::index::Index;
use crate::storage::state::State;
use crate::storage::store::Store;
use crate::table::Table;

/// Creates what the tables lack. If the rows of one table do not fit, creates nothing at all.
pub(crate) fn create(tables: &[&Table]) -> Result<(), Error> {
    // The order is always the same, so that two concurrent calls do not deadlock. Tables with the same name are created once.
    let stores: BTreeMap<_, _> = tables.iter().map(|table| (Arc::as_ptr(&table.store), &table.store)).collect();
    let mut creations: BTreeMap<_, _> = stores.iter().map(|(at, store)| (*at, Creation::begin(store))).collect();
    for table in tables {
        if let Some(creation) = creations.get_mut(&Arc::as_ptr(&table.store)) {
            creation.prepare(&table.definition)?;
        }
    }
    creations.into_values().for_each(Creation::finish);
    Ok(())
}

/// A table that is being created, under its lock.
struct Creation<'a> {
    state: RwLockWriteGuard<'a, State>,
    /// The layout that the table is to have, if it differs from the present one.
    layout: Option<Layout>,
    built: Vec<Index>,
}

impl<'a> Creation<'a> {
    /// Takes the lock, under which new indexes of a table with rows are built.
    fn begin(store: &'a Store) -> Self {
        Self { state: store.write_lock(), layout: None, built: Vec::new() }
    }

    /// Builds what the table lacks. Fails if its rows do not fit or violate a new key. Changes nothing yet.
    fn prepare(&mut self, definition: &TableDefinition) -> Result<(), Error> {
        ensure_fits(&self.state, definition)?;
        let current = self.layout.as_ref().or(self.state.layout.as_deref());
        let mut layout = Layout { slots: current.map_or_else(Vec::new, |layout| layout.slots.clone()) };
        for (position, slot) in Slot::all_of(definition).enumerate() {
            if layout.find(&slot).is_some() {
                continue;
            }
            let built =
                Index::build(&slot, &self.state.rows).map_err(|row| match definition.indexes.get(position) {
                    Some(index) => index.duplicate_key(&slot.values(&row.doc)),
                    None => failed(format!("the index {} has two rows with one entry", slot.name)),
                })?;
            self.built.push(built);
            layout.slots.push(slot);
        }
        self.layout = Some(layout);
        Ok(())
    }

    /// Installs what was built.
    fn finish(mut self) {
        let Some(layout) = self.layout else { return };
        if !self.built.is_empty() || self.state.layout.is_none() {
            self.state.indexes.append(&mut self.built);
            self.state.layout = Some(Arc::new(layout));
        }
    }
}

/// Fails if a row does not fit a column.
fn ensure_fits(state: &State, definition: &TableDefinition) -> Result<(), Error> {
    for row in state.rows.range(0..u64::MAX) {
        let Some(variant) = definition.position(row.discriminator.as_deref()) else { continue };
        for (position, column) in definition.columns.iter().enumerate() {
            if column.variant.is_some_and(|other| other != variant) {
                continue;
            }
            let value = row.doc.value_at(column.path.steps()).to_value();
            if let Some(error) = definition.misfit(position, row.row_id(), Ok(&value)) {
                return Err(error);
            }
        }
    }
    Ok(())
}
