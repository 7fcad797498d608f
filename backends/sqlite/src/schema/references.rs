//! How SQLite enforces references: by foreign keys. They are those of columns, if these have the key values and the targets and
//! nothing else. Otherwise, they are those of side tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use longevity_core::table::{Reference, Scope, TableDefinition};
use rusqlite::Connection;

use crate::encode::column_value::Representation;
use crate::schema::comparison::name_of;
use crate::schema::key_values::{KeyValues, of_columns};
use crate::schema::layout::Layout;
use crate::schema::names;
use crate::schema::side_table::SideTable;

/// The form of a value: two columns with the same forms have the same values.
type Form = (Representation, &'static str);

/// The side table with the values of a key that the rows in a scope have. They are the targets of references to a derived type.
pub(crate) fn targets(layout: &Layout, definition: &TableDefinition, key: usize, scope: Scope) -> Option<SideTable> {
    let name = names::targets(definition, &layout.table).get(scope.variant)?.get(key)?.clone();
    let columns = &definition.indexes.get(key)?.columns;
    let columns: Vec<_> = columns.iter().map(|column| &layout.columns[*column]).collect();
    of_columns(&columns, scope, true, name, &layout.table)
}

/// The keys of a table whose rows in a scope are the targets of references.
pub(crate) fn referred(definition: &TableDefinition, all: &[Arc<TableDefinition>]) -> Vec<(usize, Scope)> {
    let mut referred = Vec::new();
    for reference in all.iter().flat_map(|table| &table.references) {
        let Some(key) = definition.key(reference.target.key_val) else { continue };
        if let Some(scope) = reference.target.scope.or(definition.indexes[key].scope)
            && !referred.contains(&(key, scope))
        {
            referred.push((key, scope));
        }
    }
    referred
}

/// What a database has to have so that it enforces the references of a model.
#[derive(Default)]
pub(crate) struct Enforcement {
    pub(crate) side_tables: Vec<SideTable>,
    /// The foreign keys of each table and side table of the model, as parts of statements.
    pub(crate) foreign_keys: BTreeMap<String, Vec<ForeignKey>>,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignKey {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    pub(crate) target: String,
    pub(crate) key: Vec<String>,
}

impl Enforcement {
    /// What these tables of a model need. Tables that do not exist need nothing.
    pub(crate) fn of(connection: &Connection, definitions: &[Arc<TableDefinition>]) -> rusqlite::Result<Self> {
        let mut layouts = Vec::new();
        for definition in definitions {
            let (table, exists) = name_of(connection, &definition.name)?;
            layouts.push(exists.then(|| Layout::new(definition, table)));
        }
        let mut enforcement = Self::default();
        for (definition, layout) in definitions.iter().zip(&layouts) {
            let Some(layout) = layout else { continue };
            enforcement.foreign_keys.entry(layout.table.clone()).or_default();
            for (reference, values) in definition.references.iter().zip(&layout.key_values) {
                let of_target = definitions.iter().zip(&layouts).find_map(|(target, layout)| {
                    Some((target, layout.as_ref()?, target.key(reference.target.key_val)?))
                });
                if let Some((target, target_layout, key)) = of_target {
                    enforcement.add(layout, reference, values, target, target_layout, key);
                }
            }
        }
        Ok(enforcement)
    }

    fn add(
        &mut self,
        layout: &Layout,
        reference: &Reference,
        values: &KeyValues,
        target: &TableDefinition,
        target_layout: &Layout,
        key: usize,
    ) {
        let beside = match values {
            KeyValues::Nowhere => return,
            KeyValues::Columns(_) => None,
            KeyValues::Elements(index) => layout.elements.get(*index).and_then(Option::as_ref),
            KeyValues::Beside(side_table) => Some(side_table),
        };
        let (table, columns, forms) = match (values, beside) {
            (KeyValues::Columns(columns), _) => {
                let (names, forms) = realized(layout, columns);
                (&layout.table, names, forms)
            }
            (_, Some(side_table)) => (&side_table.name, side_table.columns.clone(), forms_of(side_table)),
            (_, None) => return,
        };
        let index = &target.indexes[key];
        let (mut key_columns, key_forms) = realized(target_layout, &index.columns);
        if forms != key_forms {
            return;
        }
        let mut target_table = target_layout.table.clone();
        if let Some(scope) = reference.target.scope.or(index.scope) {
            let Some(targets) = targets(target_layout, target, key, scope) else { return };
            (target_table, key_columns) = (targets.name.clone(), targets.columns.clone());
            self.need(targets);
        }
        if let KeyValues::Beside(side_table) = values {
            self.need(side_table.clone());
        }
        let foreign_key = ForeignKey { name: reference.name.clone(), columns, target: target_table, key: key_columns };
        self.foreign_keys.entry(table.clone()).or_default().push(foreign_key);
    }

    /// Whether the database has all side tables.
    pub(crate) fn exist(&self, connection: &Connection) -> rusqlite::Result<bool> {
        self.side_tables.iter().try_fold(true, |all, side_table| Ok(all && side_table.exists(connection)?))
    }

    fn need(&mut self, side_table: SideTable) {
        if !self.side_tables.iter().any(|known| known.name == side_table.name) {
            self.side_tables.push(side_table);
        }
    }
}

fn realized(layout: &Layout, columns: &[usize]) -> (Vec<String>, Vec<Form>) {
    let columns = columns.iter().map(|column| &layout.columns[*column]);
    columns.map(|column| (column.name.clone(), (column.representation, column.declared))).unzip()
}

fn forms_of(side_table: &SideTable) -> Vec<Form> {
    side_table.declared.iter().map(|declared| (Representation::Plain, *declared)).collect()
}
