//! The table that a definition becomes in SQL: columns, keys, indexes and checks. It is computed once per table.

use longevity_core::table::{Index, TableDefinition};

use crate::encode::row::{CREATED_AT, DOC, ID, LAYOUT, TYPE, UPDATED_AT, VERSION};
use crate::schema::checks::{self, Checks};
use crate::schema::column::Realized;
use crate::schema::key_values::{self, KeyValues};
use crate::schema::names::{self, literal, quoted};
use crate::schema::side_table::SideTable;

/// A table as it is, or will be, in the database.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The table's name.
    pub(crate) table: String,
    /// Whether there is a discriminator.
    pub(crate) has_type: bool,
    /// In the order of [`TableDefinition::columns`].
    pub(crate) columns: Vec<Realized>,
    /// In the order of [`TableDefinition::indexes`]. If there is a discriminator, the index on it alone follows.
    pub(crate) indexes: Vec<Declared>,
    /// For each variant, the number that its rows are stamped with.
    pub(crate) stamps: Vec<u32>,
    pub(crate) checks: Checks,
    /// In the order of [`TableDefinition::element_indexes`]; `None` if SQL does not find the elements.
    pub(crate) elements: Vec<Option<SideTable>>,
    /// Where the key values are, in the order of [`TableDefinition::references`].
    pub(crate) key_values: Vec<KeyValues>,
}

/// An index.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) name: String,
    /// The statement that creates it, as the database keeps it.
    pub(crate) sql: String,
    /// Whether the discriminator is its first column.
    pub(crate) starts_with_type: bool,
}

impl Layout {
    pub(crate) fn new(definition: &TableDefinition, table: String) -> Self {
        let has_type = definition.variants.iter().any(|variant| variant.discriminators.is_some());
        let names = names::columns(definition);
        let columns: Vec<_> = definition
            .columns
            .iter()
            .zip(names)
            .map(|(column, name)| Realized::new(definition, column, name))
            .collect();
        let stamps: Vec<_> =
            (0..definition.variants.len()).map(|variant| checks::stamp(definition, &columns, variant)).collect();
        let checks = Checks::of(definition, &columns, &stamps);
        let names = names::indexes(definition, &table);
        let declared =
            definition.indexes.iter().zip(names).map(|(index, name)| declared(index, name, &table, &columns));
        let indexes = declared.chain(has_type.then(|| of_type(&table))).collect();
        let names = names::side_tables(definition, &table);
        let elements = key_values::elements(definition, &table, &names);
        let of_reference = |position| key_values::key_values(definition, position, &columns, &elements, &table, &names);
        let key_values = (0..definition.references.len()).map(of_reference).collect();
        Self { table, has_type, columns, indexes, stamps, checks, elements, key_values }
    }

    /// The statement that creates the table.
    pub(crate) fn create_table(&self) -> String {
        let mut lines = vec![format!("{} INTEGER PRIMARY KEY AUTOINCREMENT", quoted(ID))];
        if self.has_type {
            lines.push(format!("{} TEXT NOT NULL", quoted(TYPE)));
        }
        lines.extend([VERSION, LAYOUT].map(|name| format!("{} INTEGER NOT NULL", quoted(name))));
        lines.extend([CREATED_AT, UPDATED_AT].map(|name| format!("{} TEXT", quoted(name))));
        lines.extend(self.columns.iter().map(|column| format!("{} {}", column.quoted, column.declared)));
        // The document is last, so that SQLite need not skip a long value to reach the columns.
        lines.push(format!("{} TEXT NOT NULL", quoted(DOC)));
        lines.push(self.checks.constraint());
        format!("CREATE TABLE {} (\n  {}\n) STRICT", quoted(&self.table), lines.join(",\n  "))
    }
}

/// The index for the rows of one derived type in the order of their ids, for queries that ask for all of them or for the first
/// few. It is on an expression, so that only statements with this expression use it: without statistics SQLite considers it as
/// good as any other index.
fn of_type(table: &str) -> Declared {
    let name = format!("{table}.{TYPE}.index");
    let sql = format!("CREATE INDEX {} ON {} ({})", quoted(&name), quoted(table), type_as_expression());
    Declared { name, sql, starts_with_type: true }
}

fn type_as_expression() -> String {
    format!("{} || ''", quoted(TYPE))
}

/// The condition that a row has this discriminator, for the index on it alone.
pub(crate) fn is_of_type(discriminator: &str) -> String {
    format!("{} = {}", type_as_expression(), literal(discriminator))
}

/// A derived type's index starts with the discriminator and is partial on it. If the type has aliases, its rows have several
/// discriminators. Then the index holds the rows of all of them, and has no column for the discriminator, because otherwise two
/// rows could have the same key.
fn declared(index: &Index, name: String, table: &str, columns: &[Realized]) -> Declared {
    let starts_with_type = index.scope.is_some_and(|scope| scope.discriminators.len() == 1);
    let discriminator = starts_with_type.then(|| quoted(TYPE));
    let realized = index.columns.iter().map(|column| columns[*column].quoted.clone());
    let columns: Vec<_> = discriminator.into_iter().chain(realized).collect();
    let unique = if index.is_unique() { "UNIQUE " } else { "" };
    let condition = index.scope.map(|scope| format!(" WHERE {}", is_one_of(scope.discriminators))).unwrap_or_default();
    let sql =
        format!("CREATE {unique}INDEX {} ON {} ({}){condition}", quoted(&name), quoted(table), columns.join(", "));
    Declared { name, sql, starts_with_type }
}

/// The condition that a row has one of these discriminators. It is literal and always written in the same way, so that it implies
/// the condition of a partial index.
pub(crate) fn is_one_of(discriminators: &[&str]) -> String {
    let column = quoted(TYPE);
    match discriminators {
        [name] => format!("{column} = {}", literal(name)),
        names => {
            let names: Vec<_> = names.iter().map(|name| literal(name)).collect();
            format!("{column} IN ({})", names.join(", "))
        }
    }
}
