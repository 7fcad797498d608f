//! What a database has of a table, compared with what the model needs.

use longevity_core::table::{Index, TableDefinition};
use rusqlite::{Connection, OptionalExtension};

use crate::encode::row::{CREATED_AT, DOC, ID, LAYOUT, TYPE, UPDATED_AT, VERSION};
use crate::error::{ErrorSite, SqliteError};
use crate::schema::checks::{self, Checks};
use crate::schema::layout::Layout;
use crate::schema::names::with_case_marks;
use crate::schema::undeclared;

/// A table as the database has it.
#[derive(Debug)]
pub(crate) struct StoredTable {
    /// Name and declared type.
    columns: Vec<(String, String)>,
    /// Name, creating statement and table of every index in the database.
    indexes: Vec<(String, String, String)>,
    pub(crate) checks: Option<Checks>,
}

/// What a table lacks.
#[derive(Debug)]
pub(crate) struct Missing {
    /// The positions of the realized columns.
    pub(crate) columns: Vec<usize>,
    /// The positions of the columns that exist, but that another version of the model did not keep.
    pub(crate) untended: Vec<usize>,
    /// The positions of the missing indexes, each with whether another index of the name has to be dropped first.
    pub(crate) indexes: Vec<(usize, bool)>,
    /// The checks that are needed, if the existing checks differ from them.
    pub(crate) checks: Option<Checks>,
}

impl Missing {
    pub(crate) fn nothing(&self) -> bool {
        self.columns.is_empty() && self.untended.is_empty() && self.indexes.is_empty() && self.checks.is_none()
    }
}

/// The layout of a table that exists, whatever it lacks.
pub(crate) fn layout(
    connection: &Connection,
    site: &ErrorSite,
    definition: &TableDefinition,
) -> Result<Layout, SqliteError> {
    let (table, exists) = name_of(connection, &definition.name).map_err(|error| site.failed(error))?;
    if exists {
        Ok(Layout::new(definition, table))
    } else {
        Err(SqliteError::NoSchema { what: format!("the table {table}") })
    }
}

/// The layout of a table that is ready for use, or an error that says what it lacks.
pub(crate) fn ready(
    connection: &Connection,
    site: &ErrorSite,
    definition: &TableDefinition,
) -> Result<Layout, SqliteError> {
    let failed = |error| site.failed(error);
    let missing = |what: String| SqliteError::NoSchema { what };
    let layout = layout(connection, site, definition)?;
    let found = StoredTable::read(connection, &layout.table).map_err(failed)?;
    let lacks = found.compare(definition, &layout)?;
    if let Some(column) = lacks.columns.iter().chain(&lacks.untended).next() {
        return Err(missing(format!("the column {} of table {}", layout.columns[*column].name, layout.table)));
    }
    if let Some((index, _)) = lacks.indexes.first() {
        return Err(missing(format!("the index {}", layout.indexes[*index].name)));
    }
    if let Some(index) = undeclared::first_on_columns(connection, definition, &layout).map_err(failed)? {
        return Err(missing(format!("the index {index} as this model needs it")));
    }
    for side_table in layout.elements.iter().flatten() {
        if !side_table.exists(connection).map_err(failed)? {
            return Err(missing(format!("the side table {} as this model needs it", side_table.name)));
        }
    }
    match lacks.checks {
        Some(_) => Err(missing(format!("the check {} of table {} for this model", checks::NAME, layout.table))),
        None => Ok(layout),
    }
}

/// The name of a table in the database, and whether it exists. SQLite considers names equal that differ only in case, and core
/// does not, so the second such table gets marks.
pub(crate) fn name_of(connection: &Connection, wanted: &str) -> rusqlite::Result<(String, bool)> {
    let mut statement = connection.prepare_cached(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE",
    )?;
    let mut names = |name: &str| -> rusqlite::Result<Vec<String>> {
        statement.query_map([name], |row| row.get::<_, String>(0))?.collect()
    };
    let apart = with_case_marks(wanted);
    let twins = names(wanted)?;
    if twins.iter().any(|name| name == wanted) {
        return Ok((wanted.to_owned(), true));
    }
    if names(&apart)?.contains(&apart) {
        return Ok((apart, true));
    }
    Ok((if twins.is_empty() { wanted.to_owned() } else { apart }, false))
}

impl StoredTable {
    pub(crate) fn read(connection: &Connection, table: &str) -> rusqlite::Result<Self> {
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

    /// What the table lacks. Fails if longevity did not create the table, or if it cannot be completed.
    pub(crate) fn compare(&self, definition: &TableDefinition, layout: &Layout) -> Result<Missing, SqliteError> {
        self.ensure_ours(layout)?;
        let incompatible = |reason| SqliteError::Incompatible { table: layout.table.clone(), reason };
        let (mut columns, mut untended) = (Vec::new(), Vec::new());
        for (position, (realized, column)) in layout.columns.iter().zip(&definition.columns).enumerate() {
            match self.declared(&realized.name) {
                None => {
                    let twin = self.columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(&realized.name));
                    if let Some((twin, _)) = twin {
                        return Err(incompatible(format!(
                            "its column {twin} differs only in case from {}, which the model now needs, and SQLite considers \
                             these names equal: keep the old name, or choose one that differs in more than case, with \
                             `#[persistent(name = \"..\")]`, or `discriminator` for a variant",
                            realized.name
                        )));
                    }
                    columns.push(position);
                }
                Some(declared) if declared != realized.declared => {
                    return Err(incompatible(format!(
                        "its column {} is {declared}, but the property's type now needs {}: give a property whose type \
                         changes another stored name, with `#[persistent(name = \"..\")]`",
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
                    let reason =
                        format!("an index {name} of table {table} conflicts with one that the model needs: rename it");
                    return Err(incompatible(reason));
                }
                // An index can be created again without a loss, because the rows hold all of its values.
                Some((_, sql, _)) if *sql != declared.sql => indexes.push((position, true)),
                Some(_) => {
                    // The values may break the key, because another model did not keep them.
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
        Ok(Missing { columns, untended, indexes, checks })
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
                reason: "it belongs to a plain type, and its rows have no discriminator: create the poly type in \
                         another table and move the rows there"
                    .to_owned(),
            }),
            (false, Some(_)) => Err(SqliteError::Incompatible {
                table: layout.table.clone(),
                reason: "it belongs to a poly type, and its rows have a discriminator: give the plain type another \
                         table"
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// Whether the checks are equal, in any order.
fn same(a: &Checks, b: &Checks) -> bool {
    match (a, b) {
        (Checks::Poly(a), Checks::Poly(b)) => a.len() == b.len() && a.iter().all(|arm| b.contains(arm)),
        (a, b) => a == b,
    }
}
