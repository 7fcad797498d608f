//! The schema: read back, compared with what the model needs, and completed.

use longevity_core::Error;
use longevity_core::backend::Backend;
use longevity_core::table::{Index, TableDefinition};
use rusqlite::{Connection, OptionalExtension};

use crate::Sqlite;
use crate::error::{Site, SqliteError};
use crate::schema::checks::{self, Checks};
use crate::schema::fill::{self, Filled};
use crate::schema::layout::{CREATED_AT, DOC, ID, LAYOUT, Layout, TYPE, UPDATED_AT, VERSION};
use crate::schema::names::{apart, quoted};
use crate::schema::undeclared;

/// A table as the database has it.
#[derive(Debug)]
struct Found {
    /// Name and declared type.
    columns: Vec<(String, String)>,
    /// Name, creating statement and table of each index, of whatever table.
    indexes: Vec<(String, String, String)>,
    checks: Option<Checks>,
}

/// What a table lacks.
#[derive(Debug)]
struct Lacks {
    /// The positions of the realized columns.
    columns: Vec<usize>,
    /// Those that are there, but that another version of the model did not keep.
    untended: Vec<usize>,
    /// The positions of the indexes that are missing, and whether another of the name is in the way.
    indexes: Vec<(usize, bool)>,
    /// The checks that are needed, if those that are there are others.
    checks: Option<Checks>,
}

impl Lacks {
    fn nothing(&self) -> bool {
        self.columns.is_empty() && self.untended.is_empty() && self.indexes.is_empty() && self.checks.is_none()
    }
}

/// The layout of a table that is ready for use; what it lacks as error.
pub(crate) fn ready(connection: &Connection, site: &Site, definition: &TableDefinition) -> Result<Layout, SqliteError> {
    let failed = |error| site.failed(error);
    let missing = |what: String| SqliteError::NoSchema { what };
    let (table, exists) = name_of(connection, &definition.name).map_err(failed)?;
    if !exists {
        return Err(missing(format!("the table {table}")));
    }
    let layout = Layout::new(definition, table);
    let found = Found::read(connection, &layout.table).map_err(failed)?;
    let lacks = found.compare(definition, &layout)?;
    if let Some(column) = lacks.columns.iter().chain(&lacks.untended).next() {
        return Err(missing(format!("the column {} of table {}", layout.columns[*column].name, layout.table)));
    }
    if let Some((index, _)) = lacks.indexes.first() {
        return Err(missing(format!("the index {}", layout.indexes[*index].name)));
    }
    if let Some(index) = undeclared::unsettled(connection, definition, &layout).map_err(failed)? {
        return Err(missing(format!("the index {index} as this model needs it")));
    }
    match lacks.checks {
        Some(_) => Err(missing(format!("the check {} of table {} for this model", checks::NAME, layout.table))),
        None => Ok(layout),
    }
}

/// Creates the tables, or adds what they lack, all in one transaction.
pub(crate) fn create(connection: &mut Connection, site: &Site, definitions: &[&TableDefinition]) -> Result<(), Error> {
    // Also where nothing may be written, if there is nothing to write.
    let mut lacking = Vec::new();
    for definition in definitions {
        match ready(connection, site, definition) {
            Ok(_) => {}
            Err(SqliteError::NoSchema { .. }) => lacking.push(definition),
            Err(error) => return Err(error.into()),
        }
    }
    if lacking.is_empty() {
        return Ok(());
    }
    let failed = |error| Error::from(site.failed(error));
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    lacking.into_iter().try_for_each(|definition| create_one(&transaction, site, definition))?;
    transaction.commit().map_err(failed)
}

fn create_one(connection: &Connection, site: &Site, definition: &TableDefinition) -> Result<(), Error> {
    let failed = |error| Error::from(site.failed(error));
    let (table, exists) = name_of(connection, &definition.name).map_err(failed)?;
    let layout = Layout::new(definition, table);
    if !exists {
        connection.execute_batch(&layout.create_table()).map_err(failed)?;
    }
    let lacks = Found::read(connection, &layout.table).map_err(failed)?.compare(definition, &layout)?;
    if !lacks.nothing() {
        complete(connection, site, definition, &layout, &lacks)?;
    }
    undeclared::settle(connection, site, definition, &layout)?;
    // What was written is what is read: an index that was silently not made would be found here.
    ready(connection, site, definition)?;
    tracing::debug!(table = layout.table, created = !exists, "schema");
    Ok(())
}

/// Adds columns, their values, indexes and checks to a table.
fn complete(
    connection: &Connection,
    site: &Site,
    definition: &TableDefinition,
    layout: &Layout,
    lacks: &Lacks,
) -> Result<(), Error> {
    let run = |sql: &str| connection.execute_batch(sql).map_err(|error| Error::from(site.failed(error)));
    let table = quoted(&layout.table);
    // First the old checks and the indexes that go: they would judge rows that are only half filled.
    if lacks.checks.is_some() && Found::read(connection, &layout.table).is_ok_and(|found| found.checks.is_some()) {
        run(&format!("ALTER TABLE {table} DROP CONSTRAINT {}", quoted(checks::NAME)))?;
    }
    for (index, _) in lacks.indexes.iter().filter(|(_, in_the_way)| *in_the_way) {
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
            "its row {row} has a discriminator that is not known, or lacks a property that a key or an index needs: \
             correct or delete it first"
        );
        return Err(SqliteError::Incompatible { table: layout.table.clone(), reason }.into());
    }
    run(&format!("ALTER TABLE {table} ADD {}", checks.constraint()))
}

/// What the table of this name is called, and whether it exists. SQLite takes names that differ in case for one, core does
/// not: the second such table gets a mark.
fn name_of(connection: &Connection, wanted: &str) -> rusqlite::Result<(String, bool)> {
    let mut statement = connection.prepare_cached(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE",
    )?;
    let mut names = |name: &str| -> rusqlite::Result<Vec<String>> {
        statement.query_map([name], |row| row.get::<_, String>(0))?.collect()
    };
    let apart = apart(wanted);
    let twins = names(wanted)?;
    if twins.iter().any(|name| name == wanted) {
        return Ok((wanted.to_owned(), true));
    }
    if names(&apart)?.contains(&apart) {
        return Ok((apart, true));
    }
    Ok((if twins.is_empty() { wanted.to_owned() } else { apart }, false))
}

impl Found {
    fn read(connection: &Connection, table: &str) -> rusqlite::Result<Self> {
        let columns = connection
            .prepare_cached("SELECT name, type FROM pragma_table_info(?1)")?
            .query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let indexes = connection
            .prepare_cached("SELECT name, sql, tbl_name FROM sqlite_schema WHERE type = 'index' AND sql NOTNULL")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        let sql: Option<String> = connection
            .prepare_cached("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1")?
            .query_row([table], |row| row.get(0))
            .optional()?;
        Ok(Self { columns, indexes, checks: sql.as_deref().and_then(Checks::found_in) })
    }

    fn declared(&self, column: &str) -> Option<&str> {
        self.columns.iter().find(|(name, _)| name == column).map(|(_, declared)| declared.as_str())
    }

    /// What the table lacks. Fails if it is somebody else's, or cannot be completed.
    fn compare(&self, definition: &TableDefinition, layout: &Layout) -> Result<Lacks, SqliteError> {
        self.ensure_ours(layout)?;
        let incompatible = |reason| SqliteError::Incompatible { table: layout.table.clone(), reason };
        let (mut columns, mut untended) = (Vec::new(), Vec::new());
        for (position, (realized, column)) in layout.columns.iter().zip(&definition.columns).enumerate() {
            match self.declared(&realized.name) {
                None => {
                    let twin = self.columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(&realized.name));
                    if let Some((twin, _)) = twin {
                        return Err(incompatible(format!(
                            "its column {twin} differs from {}, which the model now needs, only in case, and SQLite takes \
                             them for one: keep the name as it was, or choose one that differs in more, by \
                             `#[persistent(name = \"..\")]`, or `discriminator` for a variant",
                            realized.name
                        )));
                    }
                    columns.push(position);
                }
                Some(declared) if declared != realized.declared => {
                    return Err(incompatible(format!(
                        "its column {} is {declared}, and the property's type now needs {}: a property that changes its \
                         type needs another stored name, `#[persistent(name = \"..\")]`",
                        realized.name, realized.declared
                    )));
                }
                Some(_) => {
                    let variants = match column.variant {
                        Some(variant) => &definition.variants[variant..=variant],
                        None => &definition.variants[..],
                    };
                    let kept = checks::kept(column, realized);
                    let keeps =
                        |name: Option<&str>| self.checks.as_ref().is_some_and(|checks| checks.keep(&kept, name));
                    let kept = variants.iter().all(|variant| match variant.discriminators {
                        Some(names) => names.iter().all(|name| keeps(Some(name))),
                        None => keeps(None),
                    });
                    if !kept {
                        untended.push(position);
                    }
                }
            }
        }
        let mut indexes = Vec::new();
        for (position, declared) in layout.indexes.iter().enumerate() {
            match self.indexes.iter().find(|(name, ..)| name.eq_ignore_ascii_case(&declared.name)) {
                None => indexes.push((position, false)),
                Some((name, _, table)) if *name != declared.name || *table != layout.table => {
                    let reason = format!("an index {name} of table {table} stands in the way: rename it");
                    return Err(incompatible(reason));
                }
                // An index holds nothing that the rows do not: one that is made anew loses nothing.
                Some((_, sql, _)) if *sql != declared.sql => indexes.push((position, true)),
                Some(_) => {
                    // The values may have come to break it while nobody tended them.
                    let untended = |index: &Index| index.columns.iter().any(|column| untended.contains(column));
                    if definition.indexes.get(position).is_some_and(|index| index.is_unique() && untended(index)) {
                        indexes.push((position, true));
                    }
                }
            }
        }
        let checks = match &self.checks {
            Some(found) => Some(layout.checks.with_strangers_of(found)).filter(|checks| !same(checks, found)),
            None => Some(layout.checks.clone()),
        };
        Ok(Lacks { columns, untended, indexes, checks })
    }

    fn ensure_ours(&self, layout: &Layout) -> Result<(), SqliteError> {
        let foreign = |reason: String| SqliteError::ForeignTable { table: layout.table.clone(), reason };
        let integers = [ID, VERSION, LAYOUT].map(|name| (name, "INTEGER"));
        let texts = [CREATED_AT, UPDATED_AT, DOC].map(|name| (name, "TEXT"));
        let needed = integers.into_iter().chain(texts);
        for (column, declared) in needed {
            if self.declared(column) != Some(declared) {
                return Err(foreign(format!("it has no column {column} of type {declared}")));
            }
        }
        match (layout.has_type, self.declared(TYPE)) {
            (true, None) => Err(SqliteError::Incompatible {
                table: layout.table.clone(),
                reason: "it is that of a plain type, and its rows have no discriminator: create the poly type in a \
                         table of its own and move them there"
                    .to_owned(),
            }),
            (false, Some(_)) => Err(SqliteError::Incompatible {
                table: layout.table.clone(),
                reason: "it is that of a poly type, and its rows have a discriminator: give the plain type another \
                         table"
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// Whether the checks say the same, in whatever order.
fn same(a: &Checks, b: &Checks) -> bool {
    match (a, b) {
        (Checks::Poly(a), Checks::Poly(b)) => a.len() == b.len() && a.iter().all(|arm| b.contains(arm)),
        (a, b) => a == b,
    }
}

/// The statement that the database keeps for each table and index of a definition, for those who want to see it.
pub(crate) fn statements(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql NOTNULL ORDER BY rowid")?
        .query_map([table], |row| row.get(0))?
        .collect()
}

/// Refuses names that no statement can hold.
pub(crate) fn ensure_nameable(definition: &TableDefinition) -> Result<(), Error> {
    // As names that live as long as the definition, which its own name does.
    let discriminators = definition.discriminators().map(|name: &str| name);
    let columns = definition.columns.iter().flat_map(|column| column.path.steps()).map(|step| step.name);
    match discriminators.chain(columns).chain([&*definition.name]).find(|name| name.contains('\0')) {
        Some(name) => Err(Error::InvalidModel {
            type_name: definition.type_name,
            problem: format!("the name {name:?} holds a NUL, which {} cannot store", Sqlite::NAME),
        }),
        None if definition.name.to_ascii_lowercase().starts_with("sqlite_") => Err(Error::InvalidModel {
            type_name: definition.type_name,
            problem: format!("SQLite keeps names like {} to itself: give the type another table", definition.name),
        }),
        None => Ok(()),
    }
}
