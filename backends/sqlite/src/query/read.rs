//! Reads that end before they return.

use longevity_core::backend::Lookup;
use longevity_core::table::Scope;
use longevity_core::{Error, ErrorKind, Row};
use rusqlite::{CachedStatement, Connection};

use crate::encode::column_value::encoded;
use crate::encode::document::SqliteDocument;
use crate::encode::row;
use crate::error::NAME;
use crate::query::translate::Statement;
use crate::schema::ready_table::ReadyTable;

/// All rows of a statement.
pub(crate) fn all_of(
    connection: &Connection,
    table: &ReadyTable,
    statement: &Statement,
) -> rusqlite::Result<Vec<Result<Row<SqliteDocument>, Error>>> {
    let mut rows = Vec::new();
    rows_of(connection, table, statement, |row| {
        rows.push(row.cloned());
        true
    })?;
    Ok(rows)
}

/// Reads the rows of a statement one by one, until the receiver wants no more.
pub(crate) fn rows_of(
    connection: &Connection,
    table: &ReadyTable,
    statement: &Statement,
    mut give: impl FnMut(Result<&Row<SqliteDocument>, Error>) -> bool,
) -> rusqlite::Result<()> {
    let mut prepared = prepared(connection, statement)?;
    let mut found = prepared.raw_query();
    // All rows are read into one, whose document keeps its allocation.
    let mut lent = row::empty();
    while let Some(row) = found.next()? {
        if !give(row::read_into(&mut lent, &table.definition, row)) {
            break;
        }
    }
    Ok(())
}

/// The single number that a statement returns.
pub(crate) fn number_of(connection: &Connection, statement: &Statement) -> rusqlite::Result<u64> {
    let mut prepared = prepared(connection, statement)?;
    let mut found = prepared.raw_query();
    found.next()?.map_or(Ok(0), |row| row::number(row, 0))
}

/// The prepared statement, with its values bound.
pub(crate) fn prepared<'a>(connection: &'a Connection, statement: &Statement) -> rusqlite::Result<CachedStatement<'a>> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    for (position, value) in statement.values.iter().enumerate() {
        prepared.raw_bind_parameter(position + 1, value)?;
    }
    Ok(prepared)
}

fn wrong(what: String) -> Error {
    Error::Backend { backend: NAME, kind: ErrorKind::Permanent, source: what.into() }
}

/// The statement that looks up the key at a position, in one scope or in any.
pub(crate) fn of_key(table: &ReadyTable, index: usize, scope: Option<Scope>) -> Result<&str, Error> {
    let definition = &*table.definition;
    if let Some(scope) = scope
        && definition.scope(scope.variant) != Some(scope)
    {
        return Err(wrong(format!("table {} has no variant {scope:?}", definition.name)));
    }
    let sql = table.statements.get(index, scope.map(|scope| scope.variant));
    sql.ok_or_else(|| wrong(format!("index {index} of table {} is not a key", definition.name)))
}

/// The statement of a lookup, whose key and values are checked.
pub(crate) fn checked<'a>(table: &'a ReadyTable, lookup: &Lookup<'_>) -> Result<&'a str, Error> {
    let sql = of_key(table, lookup.index, lookup.scope)?;
    let columns = &table.definition.indexes[lookup.index].columns;
    if columns.len() != lookup.values.len() {
        return Err(wrong(format!("the key {} does not have {} columns", lookup.index, lookup.values.len())));
    }
    Ok(sql)
}

/// The row that a lookup finds, by its statement.
pub(crate) fn get(
    connection: &Connection,
    table: &ReadyTable,
    sql: &str,
    lookup: &Lookup<'_>,
) -> rusqlite::Result<Option<Result<Row<SqliteDocument>, Error>>> {
    let mut statement = bound(connection, table, sql, lookup)?;
    let mut found = statement.raw_query();
    Ok(found.next()?.map(|row| row::read(&table.definition, row)))
}

/// Whether a lookup finds a row.
pub(crate) fn exists(connection: &Connection, table: &ReadyTable, lookup: &Lookup<'_>) -> rusqlite::Result<bool> {
    let scope = lookup.scope.map(|scope| scope.variant);
    let statements = &table.statements;
    // A table whose rows are not referred to, by what the model declares, has only the statement that reads the row.
    let sql = statements.exists(lookup.index, scope).or_else(|| statements.get(lookup.index, scope));
    let Some(sql) = sql else { return Ok(false) };
    let mut statement = bound(connection, table, sql, lookup)?;
    Ok(statement.raw_query().next()?.is_some())
}

fn bound<'a>(
    connection: &'a Connection,
    table: &ReadyTable,
    sql: &str,
    lookup: &Lookup<'_>,
) -> rusqlite::Result<CachedStatement<'a>> {
    let columns = &table.definition.indexes[lookup.index].columns;
    let mut statement = connection.prepare_cached(sql)?;
    for (position, (column, value)) in columns.iter().zip(lookup.values).enumerate() {
        statement.raw_bind_parameter(position + 1, encoded(*value, table.layout.columns[*column].representation))?;
    }
    Ok(statement)
}
