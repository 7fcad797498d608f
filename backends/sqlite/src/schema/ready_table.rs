//! A table whose schema was read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use longevity_core::Path;
use longevity_core::table::TableDefinition;

use crate::encode::property::Property;
use crate::encode::sql_functions::{Numbered, Properties};
use crate::schema::layout::Layout;
use crate::schema::statements::Statements;

/// A table whose schema was read and found complete. Every operation starts from it.
pub(crate) struct ReadyTable {
    pub(crate) definition: Arc<TableDefinition>,
    pub(crate) layout: Layout,
    pub(crate) statements: Statements,
    /// The properties without a column that queries have asked for, with their numbers.
    properties: Mutex<HashMap<Path, Option<Numbered>>>,
}

impl ReadyTable {
    pub(crate) fn new(definition: Arc<TableDefinition>, layout: Layout) -> Self {
        Self { statements: Statements::new(&definition, &layout), definition, layout, properties: Mutex::default() }
    }

    /// The property at a path that has no column; `None` if no variant has it.
    pub(crate) fn property(&self, properties: &Properties, path: &Path) -> Option<Numbered> {
        let mut known = self.properties.lock().unwrap_or_else(PoisonError::into_inner);
        // Keys of map entries are arbitrary values, so they must not be kept.
        let without_keys = path.entry().map(|_| path.without_keys());
        let path = without_keys.as_ref().unwrap_or(path);
        if let Some(found) = known.get(path) {
            return found.clone();
        }
        let found = Property::of(&self.definition, path).map(|property| properties.number(property));
        known.insert(path.clone(), found.clone());
        found
    }

    /// The position of the variant with this discriminator.
    pub(crate) fn variant(&self, discriminator: Option<&str>) -> Option<usize> {
        self.definition.position(discriminator)
    }
}
