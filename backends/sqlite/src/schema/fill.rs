//! Filling columns that are added to a table with rows. Their values come from the documents.

use longevity_core::Error;
use longevity_core::encoding::PropertyReader;
use longevity_core::table::TableDefinition;
use rusqlite::types::Value as Owned;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::encode::column_value::owned;
use crate::encode::document::SqliteDocument;
use crate::encode::row::{DOC, ID, LAYOUT, TYPE};
use crate::schema::checks::Checks;
use crate::schema::layout::{Layout, is_one_of};
use crate::schema::names::quoted;

/// How filling columns ended.
#[derive(Debug)]
pub(crate) enum Filled {
    All,
    /// The document of a row has no value for a column, or one that does not fit.
    Misfit(Error),
}

/// How many rows are held at once.
const PAGE: usize = 512;

/// The readers of these columns in the documents of a variant, in their order; a column of another variant has none.
pub(crate) fn readers(definition: &TableDefinition, variant: usize, columns: &[usize]) -> Vec<Option<PropertyReader>> {
    let reader = |column: &usize| {
        let column = &definition.columns[*column];
        let own = column.variant.is_none_or(|other| other == variant);
        own.then(|| PropertyReader::new(definition.variants[variant].shape, &column.path)).flatten()
    };
    columns.iter().map(reader).collect()
}

/// Fills these columns in every row, from the documents.
pub(crate) fn fill(
    connection: &Connection,
    definition: &TableDefinition,
    layout: &Layout,
    columns: &[usize],
) -> rusqlite::Result<Filled> {
    let table = quoted(&layout.table);
    let names: Vec<_> = columns.iter().map(|column| layout.columns[*column].quoted.as_str()).collect();
    // All values are cleared first, so that no old value collides with a new one.
    let nulls: Vec<_> = names.iter().map(|name| format!("{name} = NULL")).collect();
    // Rows of variants that only other models know keep their values, because this model could not fill them again.
    let known: Vec<_> = definition.discriminators().collect();
    let own = if known.is_empty() { String::new() } else { format!(" WHERE {}", is_one_of(&known)) };
    connection.execute(&format!("UPDATE {table} SET {}{own}", nulls.join(", ")), [])?;
    let sets: Vec<_> = names.iter().enumerate().map(|(at, name)| format!("{name} = ?{}", at + 2)).collect();
    let id = quoted(ID);
    let mut update = connection.prepare(&format!("UPDATE {table} SET {} WHERE {id} = ?1", sets.join(", ")))?;
    for variant in 0..definition.variants.len() {
        let readers = readers(definition, variant, columns);
        let scope = definition.variants[variant].discriminators.map(|names| format!(" AND {}", is_one_of(names)));
        let page = format!(
            "SELECT {id}, {} FROM {table} WHERE {id} > ?1{} ORDER BY {id} LIMIT {PAGE}",
            quoted(DOC),
            scope.unwrap_or_default()
        );
        let mut page = connection.prepare(&page)?;
        let mut last = i64::MIN;
        loop {
            let rows: Vec<(i64, String)> =
                page.query_map([last], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            let Some((id, _)) = rows.last() else { break };
            last = *id;
            for (row, doc) in rows {
                let values = readers.iter().zip(columns).map(|(reader, column)| {
                    let Some(reader) = reader else { return Ok(Owned::Null) };
                    let value = SqliteDocument::read(&doc, reader).map_err(|error| error.to_string());
                    let found = value.as_ref().map_err(String::as_str);
                    if let Some(misfit) = definition.misfit(*column, row, found) {
                        return Err(misfit);
                    }
                    Ok(value.map_or(Owned::Null, |value| {
                        owned(value.as_value_ref(), layout.columns[*column].representation)
                    }))
                });
                match values.collect::<Result<Vec<_>, _>>() {
                    Ok(values) => {
                        update.execute(params_from_iter(std::iter::once(Owned::Integer(row)).chain(values)))?;
                    }
                    Err(misfit) => return Ok(Filled::Misfit(misfit)),
                }
            }
        }
    }
    Ok(Filled::All)
}

/// Stamps the rows of each variant with the number for the columns that are kept.
pub(crate) fn stamp(connection: &Connection, definition: &TableDefinition, layout: &Layout) -> rusqlite::Result<()> {
    let (table, column) = (quoted(&layout.table), quoted(LAYOUT));
    for (variant, stamp) in definition.variants.iter().zip(&layout.stamps) {
        let scope = variant.discriminators.map(|names| format!(" AND {}", is_one_of(names))).unwrap_or_default();
        let sql = format!("UPDATE {table} SET {column} = {stamp} WHERE {column} <> {stamp}{scope}");
        connection.execute(&sql, [])?;
    }
    Ok(())
}

/// The first row that the checks would refuse.
pub(crate) fn refused(connection: &Connection, layout: &Layout, checks: &Checks) -> rusqlite::Result<Option<i64>> {
    let (id, table) = (quoted(ID), quoted(&layout.table));
    let sql = format!("SELECT {id} FROM {table} WHERE NOT ({}) LIMIT 1", checks.expression());
    connection.query_row(&sql, [], |row| row.get(0)).optional()
}

/// The error for a key that existing rows break.
pub(crate) fn duplicate(
    connection: &Connection,
    definition: &TableDefinition,
    layout: &Layout,
    position: usize,
) -> Option<Error> {
    let index = &definition.indexes[position];
    let columns: Vec<_> = index.columns.iter().map(|column| layout.columns[*column].quoted.as_str()).collect();
    let scope = index.scope.map_or_else(|| "1".to_owned(), |scope| is_one_of(scope.discriminators));
    let kind = if layout.has_type { quoted(TYPE) } else { "NULL".to_owned() };
    let sql = format!(
        "SELECT {kind}, {} FROM {} WHERE {scope} GROUP BY {} HAVING count(*) > 1 LIMIT 1",
        quoted(DOC),
        quoted(&layout.table),
        columns.join(", ")
    );
    let (kind, doc): (Option<String>, String) =
        connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).ok()?;
    let shape = definition.variant(kind.as_deref())?.shape;
    let values = index.columns.iter().map(|column| {
        let reader = PropertyReader::new(shape, &definition.columns[*column].path)?;
        SqliteDocument::read(&doc, &reader).ok()
    });
    Some(index.duplicate_key(&values.collect::<Option<Vec<_>>>()?))
}
