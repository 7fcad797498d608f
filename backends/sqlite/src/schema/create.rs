//! Creating tables, and adding what existing tables lack.

use longevity_core::Error;
use longevity_core::table::TableDefinition;
use rusqlite::Connection;

use crate::error::{ErrorSite, NAME, SqliteError};
use crate::schema::checks;
use crate::schema::comparison::{Missing, StoredTable, name_of, ready};
use crate::schema::fill::{self, Filled};
use crate::schema::foreign;
use crate::schema::layout::Layout;
use crate::schema::names::quoted;
use crate::schema::undeclared;

/// Creates the tables, or adds what they lack, all in one transaction.
pub(crate) fn create(
    connection: &mut Connection,
    site: &ErrorSite,
    definitions: &[&TableDefinition],
) -> Result<(), Error> {
    // If nothing is missing, this succeeds on a read-only file too.
    let mut lacking = Vec::new();
    for definition in definitions {
        match ready(connection, site, definition) {
            Ok(_) => {}
            Err(SqliteError::NoSchema { .. }) => lacking.push(*definition),
            Err(error) => return Err(error.into()),
        }
    }
    if lacking.is_empty() {
        return Ok(());
    }
    // Without its key, the target of a foreign key would refuse all writes.
    foreign::release(connection, site, &lacking)?;
    let failed = |error| Error::from(site.failed(error));
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    lacking.into_iter().try_for_each(|definition| create_one(&transaction, site, definition))?;
    transaction.commit().map_err(failed)
}

fn create_one(connection: &Connection, site: &ErrorSite, definition: &TableDefinition) -> Result<(), Error> {
    let failed = |error| Error::from(site.failed(error));
    let (table, exists) = name_of(connection, &definition.name).map_err(failed)?;
    let layout = Layout::new(definition, table);
    if !exists {
        connection.execute_batch(&layout.create_table()).map_err(failed)?;
    }
    let lacks = StoredTable::read(connection, &layout.table).map_err(failed)?.compare(definition, &layout)?;
    if !lacks.nothing() {
        complete(connection, site, definition, &layout, &lacks)?;
    }
    for side_table in layout.elements.iter().flatten() {
        if !side_table.exists(connection).map_err(failed)? {
            side_table.build(connection).map_err(failed)?;
        }
    }
    undeclared::move_to_documents(connection, site, definition, &layout)?;
    // Reading the schema back finds an index that was silently not created.
    ready(connection, site, definition)?;
    tracing::debug!(table = layout.table, created = !exists, "schema");
    Ok(())
}

/// Adds columns, their values, indexes and checks to a table.
fn complete(
    connection: &Connection,
    site: &ErrorSite,
    definition: &TableDefinition,
    layout: &Layout,
    lacks: &Missing,
) -> Result<(), Error> {
    let run = |sql: &str| connection.execute_batch(sql).map_err(|error| Error::from(site.failed(error)));
    let table = quoted(&layout.table);
    // The old checks and indexes are dropped first, because they would refuse rows that are only half filled.
    if lacks.checks.is_some() && StoredTable::read(connection, &layout.table).is_ok_and(|found| found.checks.is_some())
    {
        run(&format!("ALTER TABLE {table} DROP CONSTRAINT {}", quoted(checks::NAME)))?;
    }
    for (index, _) in lacks.indexes.iter().filter(|(_, has_old)| *has_old) {
        run(&format!("DROP INDEX {}", quoted(&layout.indexes[*index].name)))?;
    }
    for column in &lacks.columns {
        let column = &layout.columns[*column];
        run(&format!("ALTER TABLE {table} ADD COLUMN {} {}", column.quoted, column.declared))?;
    }
    let columns: Vec<_> = lacks.columns.iter().chain(&lacks.untended).copied().collect();
    if !columns.is_empty() {
        match fill::fill(connection, definition, layout, &columns).map_err(|error| Error::from(site.failed(error)))? {
            Filled::All => {}
            Filled::Misfit(error) => return Err(error),
        }
    }
    for (position, _) in &lacks.indexes {
        match connection.execute_batch(&layout.indexes[*position].sql) {
            Ok(()) => {}
            Err(error) if crate::error::is_duplicate(&error) => {
                return Err(fill::duplicate(connection, definition, layout, *position)
                    .unwrap_or_else(|| site.failed(error).into()));
            }
            Err(error) => return Err(site.failed(error).into()),
        }
    }
    let Some(checks) = &lacks.checks else { return Ok(()) };
    fill::stamp(connection, definition, layout).map_err(|error| Error::from(site.failed(error)))?;
    if let Some(row) = fill::refused(connection, layout, checks).map_err(|error| Error::from(site.failed(error)))? {
        let reason = format!(
            "its row {row} has an unknown discriminator, or lacks a property that a key or an index needs: correct or delete \
             the row first"
        );
        return Err(SqliteError::Incompatible { table: layout.table.clone(), reason }.into());
    }
    run(&format!("ALTER TABLE {table} ADD {}", checks.constraint()))
}

/// The statements that the database keeps for a table and its indexes.
pub(crate) fn statements(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql NOTNULL ORDER BY rowid")?
        .query_map([table], |row| row.get(0))?
        .collect()
}

/// Fails for names that no statement can contain.
pub(crate) fn ensure_nameable(definition: &TableDefinition) -> Result<(), Error> {
    // The closure shortens the lifetime of the names to that of the definition.
    let discriminators = definition.discriminators().map(|name: &str| name);
    let columns = definition.columns.iter().flat_map(|column| column.path.steps()).map(|step| step.name);
    match discriminators.chain(columns).chain([&*definition.name]).find(|name| name.contains('\0')) {
        Some(name) => Err(Error::InvalidModel {
            type_name: definition.type_name,
            problem: format!("the name {name:?} contains a NUL, which {NAME} cannot store"),
        }),
        None if definition.name.to_ascii_lowercase().starts_with("sqlite_") => Err(Error::InvalidModel {
            type_name: definition.type_name,
            problem: format!("SQLite reserves names like {}: give the type another table", definition.name),
        }),
        None => Ok(()),
    }
}
