//! What a table keeps beside its documents, compared with them: the columns, and the entries of the indexes.

use longevity_core::RowId;
use longevity_core::backend::{BrokenIndex, Inspection};
use longevity_core::encoding::PropertyReader;
use longevity_core::table::{Scope, TableDefinition};
use rusqlite::types::{ToSqlOutput, Value as Owned};
use rusqlite::{Connection, ffi, params_from_iter};

use crate::encode::column_value::{is_same, owned};
use crate::encode::document::SqliteDocument;
use crate::encode::row::{DOC, ID, LAYOUT, TYPE, id_of};
use crate::schema::column::Realized;
use crate::schema::fill::readers;
use crate::schema::key_values::KeyValues;
use crate::schema::layout::{Layout, is_one_of};
use crate::schema::names::quoted;
use crate::schema::ready_table::ReadyTable;
use crate::schema::references::targets;
use crate::schema::side_table::SideTable;

/// How a row's document becomes the values of its columns.
struct Reading<'a> {
    layout: &'a Layout,
    definition: &'a TableDefinition,
    /// For each variant, the reader of each column; `None` for a column of another variant.
    readers: Vec<Vec<Option<PropertyReader>>>,
}

impl<'a> Reading<'a> {
    fn new(table: &'a ReadyTable) -> Self {
        let (definition, layout) = (&*table.definition, &table.layout);
        let columns: Vec<_> = (0..definition.columns.len()).collect();
        let of_variant = |variant| readers(definition, variant, &columns);
        Self { layout, definition, readers: (0..definition.variants.len()).map(of_variant).collect() }
    }

    /// The stamp and the values that the row with this document has to have; `None` if they cannot be known. A single value that
    /// cannot be read is `None`.
    fn expected(&self, discriminator: Option<&str>, doc: &str) -> Option<(u32, Vec<Option<Owned>>)> {
        let variant = self.definition.position(discriminator)?;
        let value = |(reader, realized): (&Option<PropertyReader>, &Realized)| {
            let Some(reader) = reader else { return Some(Owned::Null) };
            let value = SqliteDocument::read(doc, reader).ok()?;
            Some(owned(value.as_value_ref(), realized.representation))
        };
        let values = self.readers.get(variant)?.iter().zip(&self.layout.columns).map(value).collect();
        Some((*self.layout.stamps.get(variant)?, values))
    }

    /// The columns of a row, as they are read: the id, the discriminator, the document, the stamp, and the realized columns.
    fn select(&self) -> String {
        let kind = if self.layout.has_type { quoted(TYPE) } else { "NULL".to_owned() };
        let mut columns = vec![quoted(ID), kind, quoted(DOC), quoted(LAYOUT)];
        columns.extend(self.layout.columns.iter().map(|column| column.quoted.clone()));
        format!("SELECT {} FROM {}", columns.join(", "), quoted(&self.layout.table))
    }
}

/// Looks at up to `limit` rows after this one.
pub(crate) fn rows(
    connection: &Connection,
    table: &ReadyTable,
    after: Option<RowId>,
    limit: usize,
) -> rusqlite::Result<Inspection> {
    let reading = Reading::new(table);
    let id = quoted(ID);
    let after = after.map_or(i64::MIN, sqlite_id);
    // SQLite's least number is an id too, if another program has written it.
    let operator = if after == i64::MIN { ">=" } else { ">" };
    let sql = format!("{} WHERE {id} {operator} ?1 ORDER BY {id} LIMIT ?2", reading.select());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((after, i64::try_from(limit).unwrap_or(i64::MAX)))?;
    let mut inspection = Inspection::default();
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let id = id_of(row.get(0)?);
        count += 1;
        inspection.last = Some(id);
        // A row whose document or discriminator is no text is found when it is read.
        let (Ok(discriminator), Ok(doc)) = (row.get_ref(1)?.as_str_or_null(), row.get_ref(2)?.as_str()) else {
            continue;
        };
        let Some((stamp, values)) = reading.expected(discriminator, doc) else { continue };
        if row.get_ref(3)?.as_i64_or_null().ok().flatten() != Some(i64::from(stamp)) {
            inspection.differing.push((id, LAYOUT.to_owned()));
        }
        for (at, (value, realized)) in values.into_iter().zip(&reading.layout.columns).enumerate() {
            let Some(value) = value else { continue };
            if is_same(row.get_ref(4 + at)?, &ToSqlOutput::Owned(value.clone())) {
                continue;
            }
            // A default for documents without the property may be another one each time, such as the current time.
            let again = reading.expected(discriminator, doc).and_then(|(_, mut values)| values.swap_remove(at));
            if again == Some(value) {
                inspection.differing.push((id, realized.name.clone()));
            }
        }
    }
    if count < limit {
        inspection.last = None;
    }
    Ok(inspection)
}

/// Writes the columns of rows again, from their documents.
pub(crate) fn rebuild(connection: &Connection, table: &ReadyTable, rows: &[RowId]) -> rusqlite::Result<()> {
    // Rows may have exchanged the values of a key, so all are cleared first. A check may need a value.
    connection.pragma_update(None, "ignore_check_constraints", true)?;
    let rebuilt = clear(connection, table, rows).and_then(|()| write(connection, table, rows));
    connection.pragma_update(None, "ignore_check_constraints", false).and(rebuilt)
}

fn clear(connection: &Connection, table: &ReadyTable, rows: &[RowId]) -> rusqlite::Result<()> {
    let nulls: Vec<_> = table.layout.columns.iter().map(|column| format!("{} = NULL", column.quoted)).collect();
    if nulls.is_empty() {
        return Ok(());
    }
    let known: Vec<_> = table.definition.discriminators().collect();
    let own = if known.is_empty() { String::new() } else { format!(" AND {}", is_one_of(&known)) };
    let name = quoted(&table.layout.table);
    let sql = format!("UPDATE {name} SET {} WHERE {} = ?1{own}", nulls.join(", "), quoted(ID));
    let mut update = connection.prepare(&sql)?;
    rows.iter().try_for_each(|row| update.execute([sqlite_id(*row)]).map(drop))
}

/// The number that SQLite has for a row, whose bits the id has.
fn sqlite_id(row: RowId) -> i64 {
    (row.as_u128() as u64).cast_signed()
}

fn write(connection: &Connection, table: &ReadyTable, rows: &[RowId]) -> rusqlite::Result<()> {
    let reading = Reading::new(table);
    let (id, name) = (quoted(ID), quoted(&reading.layout.table));
    let mut select = connection.prepare(&format!("{} WHERE {id} = ?1", reading.select()))?;
    for row in rows {
        let row = sqlite_id(*row);
        let found = select.query_row([row], |row| {
            let (Ok(discriminator), Ok(doc)) = (row.get_ref(1)?.as_str_or_null(), row.get_ref(2)?.as_str()) else {
                return Ok(None);
            };
            Ok(reading.expected(discriminator, doc))
        });
        let (stamp, values) = match found {
            Ok(Some(expected)) => expected,
            Ok(None) | Err(rusqlite::Error::QueryReturnedNoRows) => continue,
            Err(error) => return Err(error),
        };
        let mut sets = vec![format!("{} = ?2", quoted(LAYOUT))];
        let mut bound = vec![Owned::Integer(row), Owned::Integer(stamp.into())];
        for (value, realized) in values.into_iter().zip(&reading.layout.columns) {
            let Some(value) = value else { continue };
            bound.push(value);
            sets.push(format!("{} = ?{}", realized.quoted, bound.len()));
        }
        let sql = format!("UPDATE {name} SET {} WHERE {id} = ?1", sets.join(", "));
        connection.execute(&sql, params_from_iter(bound))?;
    }
    Ok(())
}

/// Has SQLite compare the indexes with the rows. Fails if something else is wrong with the file.
pub(crate) fn indexes(
    connection: &Connection,
    table: &ReadyTable,
    referred: &[(usize, Scope)],
) -> rusqlite::Result<Vec<BrokenIndex>> {
    let mut statement = connection.prepare("SELECT integrity_check FROM pragma_integrity_check(?1)")?;
    let mut messages = statement.query([&table.layout.table])?;
    let mut broken: Vec<BrokenIndex> = Vec::new();
    let mut count = 0;
    while let Some(row) = messages.next()? {
        let problem: String = row.get(0)?;
        count += 1;
        // Rows that violate a constraint have been found by their columns or by their types.
        let of_a_row = ["NULL value in ", "CHECK constraint failed in ", "non-", "TEXT value in ", "NUMERIC value in "];
        if problem == "ok" || (of_a_row.iter().any(|start| problem.starts_with(start)) && !problem.contains(INDEX)) {
            continue;
        }
        let Some((_, name)) = problem.split_once(INDEX) else {
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(problem)));
        };
        if !broken.iter().any(|known| known.name == name) {
            broken.push(BrokenIndex { name: name.to_owned(), problem });
        }
    }
    if broken.is_empty() && count >= MESSAGES {
        let problem = "SQLite found so much wrong with the rows that it did not look at all indexes".to_owned();
        broken.push(BrokenIndex { name: table.layout.table.clone(), problem });
    }
    for side_table in side_tables(connection, table, referred)? {
        if let Some(problem) = side_table.problem(connection)? {
            broken.push(BrokenIndex { name: side_table.name, problem: problem.to_owned() });
        }
    }
    Ok(broken)
}

/// The side tables that the database has of a table, given its keys whose rows in a scope are referred to.
pub(crate) fn side_tables(
    connection: &Connection,
    table: &ReadyTable,
    referred: &[(usize, Scope)],
) -> rusqlite::Result<Vec<SideTable>> {
    let ReadyTable { definition, layout, .. } = table;
    let of_references = layout.key_values.iter().filter_map(|values| match values {
        KeyValues::Beside(side_table) => Some(side_table.clone()),
        KeyValues::Columns(_) | KeyValues::Elements(_) | KeyValues::Nowhere => None,
    });
    let of_targets = referred.iter().filter_map(|(key, scope)| targets(layout, definition, *key, *scope));
    let mut all = Vec::new();
    for side_table in layout.elements.iter().flatten().cloned().chain(of_references).chain(of_targets) {
        if side_table.exists(connection)? {
            all.push(side_table);
        }
    }
    Ok(all)
}

/// After this number of messages, SQLite looks no further.
const MESSAGES: usize = 100;

/// What is before the name of an index in a message of SQLite.
const INDEX: &str = " index ";
