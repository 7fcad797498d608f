//! How SQLite enforces references: by foreign keys of columns or, where no column has the key values or the targets alone, of side
//! tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use longevity_core::table::{ElementColumn, ElementIndex, Index, Reference, Scope, TableDefinition};
use rusqlite::Connection;

use crate::encode::column_value::{Representation, declared_type};
use crate::encode::row::DOC;
use crate::schema::column::Realized;
use crate::schema::comparison::name_of;
use crate::schema::json::{Extraction, Source};
use crate::schema::layout::Layout;
use crate::schema::side_table::{Content, SideTable};

/// Where the key values of a reference are.
#[derive(Clone, Debug)]
pub(crate) enum KeyValues {
    /// In columns of the table, and all rows that have them have the reference.
    Columns(Vec<usize>),
    /// In the side table of the index of elements at this position.
    Elements(usize),
    /// In a side table of the reference.
    Beside(SideTable),
    /// SQL does not find them.
    Nowhere,
}

/// The form of a value: two columns with the same forms have the same values.
type Form = (Representation, &'static str);

/// The side table of each index of elements; `None` if SQL does not find the elements.
pub(crate) fn elements(definition: &TableDefinition, table: &str, names: &[String]) -> Vec<Option<SideTable>> {
    let names = names.iter().skip(definition.references.len());
    let side_table = |(index, name): (&ElementIndex, &String)| {
        let source = Source { path: &index.path, through: &index.through, columns: &index.columns };
        of_documents(definition, index.scope, source, name, table)
    };
    definition.element_indexes.iter().zip(names).map(side_table).collect()
}

/// The side table with the values that are in the documents.
fn of_documents(
    definition: &TableDefinition,
    scope: Option<Scope>,
    source: Source<'_>,
    name: &str,
    table: &str,
) -> Option<SideTable> {
    // The rows of all types are read in the same way.
    let values = |row: &str| {
        let in_scope = |position: usize| scope.is_none_or(|scope| scope.variant == position);
        let variants = definition.variants.iter().enumerate().filter(|(position, _)| in_scope(*position));
        let mut all = variants.map(|(_, variant)| Extraction::of((variant.shape)(), source, row));
        let first = all.next()??;
        all.all(|other| other.as_ref() == Some(&first)).then_some(first)
    };
    let column = |column: &ElementColumn| {
        let name = if column.path.is_root() { "value".to_owned() } else { format!("value.{}", column.path) };
        (name, declared_type(&column.shape, Representation::Plain))
    };
    let columns = source.columns.iter().map(column).collect();
    let content =
        Content { name: name.to_owned(), table, columns, scope, is_unique: false, read: vec![DOC.to_owned()] };
    SideTable::new(content, values)
}

/// The side table with the values of columns.
fn of_columns(columns: &[&Realized], scope: Scope, is_unique: bool, name: String, table: &str) -> Option<SideTable> {
    let values = |row: &str| {
        let columns: Vec<_> = columns.iter().map(|column| format!("{row}.{}", column.quoted)).collect();
        let present: Vec<_> = columns.iter().map(|column| format!("{column} NOTNULL")).collect();
        let head = format!("({})", columns.join(", "));
        Some(Extraction { head, columns, from: String::new(), filter: present.join(" AND "), has_aliases: false })
    };
    let names = columns.iter().map(|column| (column.name.clone(), column.declared)).collect();
    let read = columns.iter().map(|column| column.name.clone()).collect();
    SideTable::new(Content { name, table, columns: names, scope: Some(scope), is_unique, read }, values)
}

/// Where the key values of the reference at a position are.
pub(crate) fn key_values(
    definition: &TableDefinition,
    position: usize,
    columns: &[Realized],
    elements: &[Option<SideTable>],
    table: &str,
    names: &[String],
) -> KeyValues {
    let reference = &definition.references[position];
    if let Some(index) = reference.elements {
        return match elements.get(index) {
            Some(Some(_)) => KeyValues::Elements(index),
            _ => KeyValues::Nowhere,
        };
    }
    let name = &names[position];
    let beside = |side_table: Option<SideTable>| side_table.map_or(KeyValues::Nowhere, KeyValues::Beside);
    // The declaration has an index that begins with the property, unless the property is in a variant of a component.
    let begins =
        |index: &&Index| index.scope == reference.scope && index.properties.first() == Some(&reference.place.head);
    let Some(index) = definition.indexes.iter().find(begins) else {
        let source = Source { path: &reference.place.head, through: &[], columns: &reference.columns };
        return beside(of_documents(definition, reference.scope, source, name, table));
    };
    // The columns of a property are those of its key value, in the same order.
    let Some(own) = index.columns.get(..reference.columns.len()) else { return KeyValues::Nowhere };
    match reference.scope {
        Some(scope) if own.iter().any(|column| definition.columns[*column].variant != Some(scope.variant)) => {
            let own: Vec<_> = own.iter().map(|column| &columns[*column]).collect();
            beside(of_columns(&own, scope, false, name.clone(), table))
        }
        _ => KeyValues::Columns(own.to_vec()),
    }
}

/// The side table with the values of a key that the rows in a scope have. They are the targets of references to a derived type.
pub(crate) fn targets(layout: &Layout, definition: &TableDefinition, key: usize, scope: Scope) -> Option<SideTable> {
    let key = definition.indexes.get(key)?;
    let columns: Vec<_> = key.columns.iter().map(|column| &layout.columns[*column]).collect();
    let type_name = definition.variants.get(scope.variant)?.type_name;
    let name = format!("{}.{type_name}.{}.targets", layout.table, key.property());
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
