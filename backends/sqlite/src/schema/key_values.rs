//! Where a table has the key values of its references, and the elements of its collections: in columns or in side tables.

use longevity_core::table::{ElementColumn, ElementIndex, Index, Scope, TableDefinition};

use crate::encode::column_value::{Representation, declared_type};
use crate::encode::row::DOC;
use crate::schema::column::Realized;
use crate::schema::json::{Extraction, Source};
use crate::schema::names;
use crate::schema::side_table::{Content, SideTable};

/// Where the key values of a reference are.
#[derive(Clone, Debug)]
pub(crate) enum KeyValues {
    /// They are in columns of the table. Each row with values there has the reference.
    Columns(Vec<usize>),
    /// In the side table of the index of elements at this position.
    Elements(usize),
    /// In a side table of the reference.
    Beside(SideTable),
    /// SQL does not find them.
    Nowhere,
}

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
    let name_of = |column: &ElementColumn| match column.path.is_root() {
        true => "value".to_owned(),
        false => format!("value.{}", column.path),
    };
    let column_names = names::distinguished(source.columns.iter().map(name_of).collect(), |position| {
        source.columns[position].path.to_string()
    });
    let declared = source.columns.iter().map(|column| declared_type(&column.shape, Representation::Plain));
    let columns = column_names.into_iter().zip(declared).collect();
    let content =
        Content { name: name.to_owned(), table, columns, scope, is_unique: false, read: vec![DOC.to_owned()] };
    SideTable::new(content, values)
}

/// The side table with the values of columns; `None` if they have a form of their own.
pub(crate) fn of_columns(
    columns: &[&Realized],
    scope: Scope,
    is_unique: bool,
    name: String,
    table: &str,
) -> Option<SideTable> {
    if columns.iter().any(|column| column.representation != Representation::Plain) {
        return None;
    }
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
    // The columns of a property are those of its key value, in the same order.
    let own = definition.indexes.iter().find(begins).and_then(|index| index.columns.get(..reference.columns.len()));
    // The column of an option in an option has a form of its own.
    let is_plain = |own: &&[usize]| own.iter().all(|column| columns[*column].representation == Representation::Plain);
    let Some(own) = own.filter(is_plain) else {
        let source = Source { path: &reference.place.head, through: &[], columns: &reference.columns };
        return beside(of_documents(definition, reference.scope, source, name, table));
    };
    match reference.scope {
        // The index of a derived type begins with the discriminator, so a foreign key would not find the rows by it.
        Some(scope) => {
            let own: Vec<_> = own.iter().map(|column| &columns[*column]).collect();
            beside(of_columns(&own, scope, false, name.clone(), table))
        }
        None => KeyValues::Columns(own.to_vec()),
    }
}
