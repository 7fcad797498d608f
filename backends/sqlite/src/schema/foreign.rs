//! Foreign keys: SQLite itself enforces the references that they can say, for other programs and for the shell too.
//!
//! A foreign key is checked at the commit, because core does what follows from a delete within the transaction. SQLite cannot add
//! one to a table. It documents that the statement of a table may be edited for that, because the rows stay as they are
//! (<https://sqlite.org/lang_altertable.html#otheralter>).

use std::sync::Arc;

use longevity_core::Error;
use longevity_core::table::{Index, Reference, TableDefinition};
use rusqlite::{Connection, ffi};

use crate::error::ErrorSite;
use crate::schema::column::Realized;
use crate::schema::comparison::name_of;
use crate::schema::names::{self, quoted};

/// A reference that a foreign key says: all rows of the table have it, and its target is a row of a key of a whole table.
#[derive(Debug)]
pub(crate) struct ForeignKey {
    name: String,
    /// The positions of its columns.
    columns: Vec<usize>,
    target: Arc<TableDefinition>,
    /// The positions of the key's columns in the target.
    key: Vec<usize>,
}

impl ForeignKey {
    /// The foreign keys of a table, given all tables of the model.
    pub(crate) fn all_of(definition: &TableDefinition, all: &[Arc<TableDefinition>]) -> Vec<Self> {
        definition.references.iter().filter_map(|reference| Self::of(definition, reference, all)).collect()
    }

    /// `None` if no foreign key can say it: then core alone keeps the reference.
    fn of(definition: &TableDefinition, reference: &Reference, all: &[Arc<TableDefinition>]) -> Option<Self> {
        let Reference { name, scope, place, target, .. } = reference;
        if scope.is_some() || target.scope.is_some() || !place.through.is_empty() {
            return None;
        }
        // The declaration has an index that begins with the property.
        let begins = |index: &&Index| index.scope.is_none() && index.properties.first() == Some(&place.head);
        let columns = &definition.indexes.iter().find(begins)?.columns;
        let (target, key) = all.iter().find_map(|table| Some((table, table.key(target.key_val)?)))?;
        let key = &target.indexes[key];
        if key.scope.is_some() {
            return None;
        }
        // The columns of a property are those of its key value, in the same order. An option in an option has another form.
        let columns = columns.get(..key.columns.len())?.to_vec();
        let form = |table: &TableDefinition, column: usize| {
            let realized = Realized::new(table, table.columns.get(column)?, String::new());
            Some((realized.representation, realized.declared))
        };
        let alike = |(own, other): (&usize, &usize)| form(definition, *own) == form(target, *other);
        if !columns.iter().zip(&key.columns).all(alike) {
            return None;
        }
        Some(Self { name: name.clone(), columns, target: Arc::clone(target), key: key.columns.clone() })
    }

    /// The constraint, as a part of a statement.
    fn constraint(&self, connection: &Connection, columns: &[String]) -> rusqlite::Result<String> {
        let (target, _) = name_of(connection, &self.target.name)?;
        let theirs = names::columns(&self.target);
        let listed = |names: &[String], positions: &[usize]| {
            let names: Vec<_> = positions.iter().map(|position| quoted(&names[*position])).collect();
            names.join(", ")
        };
        Ok(format!(
            ",\n  {START}{}{KIND}({}){REFERENCES}{} ({}){END}",
            quoted(&self.name),
            listed(columns, &self.columns),
            quoted(&target),
            listed(&theirs, &self.key)
        ))
    }
}

const START: &str = "CONSTRAINT ";
const KIND: &str = " FOREIGN KEY ";
const REFERENCES: &str = " REFERENCES ";
const END: &str = " DEFERRABLE INITIALLY DEFERRED";
/// The end of the statement of a table.
const CLOSING: &str = ") STRICT";

/// Tables and their new statements.
type Changes = Vec<(String, String)>;

/// Gives the tables these foreign keys, and takes away others that longevity gave them.
pub(crate) fn enforce(
    connection: &mut Connection,
    site: &ErrorSite,
    tables: &[(&TableDefinition, &[ForeignKey])],
) -> Result<(), Error> {
    change(connection, |connection| changes(connection, tables)).map_err(|error| site.failed(error).into())
}

/// Takes away the foreign keys that lead to these tables, because their keys may change. They may be in tables of other models.
pub(crate) fn release(
    connection: &mut Connection,
    site: &ErrorSite,
    targets: &[&TableDefinition],
) -> Result<(), Error> {
    let released = |connection: &Connection| -> rusqlite::Result<Changes> {
        let targets = targets.iter().map(|target| Ok(name_of(connection, &target.name)?.0));
        let targets: Vec<_> = targets.collect::<rusqlite::Result<_>>()?;
        let leads = |key: &str| targets.iter().any(|target| key.contains(&format!("{REFERENCES}{} (", quoted(target))));
        let mut statement = connection.prepare_cached("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")?;
        let tables = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut changes = Changes::new();
        for table in tables {
            let (table, old): (String, String) = table?;
            let new = without(&old, leads);
            if new != old {
                changes.push((table, new));
            }
        }
        Ok(changes)
    };
    change(connection, released).map_err(|error| site.failed(error).into())
}

/// Edits the statements of tables, if there is anything to edit: a file that is read-only may have everything already.
fn change(
    connection: &mut Connection,
    changes: impl Fn(&Connection) -> rusqlite::Result<Changes>,
) -> rusqlite::Result<()> {
    if changes(connection)?.is_empty() {
        return Ok(());
    }
    let edited = edit(connection, changes);
    // Reads the schema again, with the new statements or the old ones.
    edited.and(connection.execute_batch("PRAGMA writable_schema = RESET"))
}

fn edit(
    connection: &mut Connection,
    changes: impl Fn(&Connection) -> rusqlite::Result<Changes>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction.execute_batch("PRAGMA writable_schema = ON")?;
    for (table, sql) in changes(&transaction)? {
        // A statement that cannot be read would make the whole file unreadable.
        Connection::open_in_memory()?.execute_batch(&sql)?;
        transaction.execute("UPDATE sqlite_schema SET sql = ?2 WHERE type = 'table' AND name = ?1", (&table, &sql))?;
        tracing::debug!(table, "foreign keys");
    }
    // All connections read the schema again.
    let version: i64 = transaction.pragma_query_value(None, "schema_version", |row| row.get(0))?;
    transaction.pragma_update(None, "schema_version", version.wrapping_add(1) & i64::from(i32::MAX))?;
    transaction.commit()
}

/// The tables whose foreign keys differ, and their new statements.
fn changes(connection: &Connection, tables: &[(&TableDefinition, &[ForeignKey])]) -> rusqlite::Result<Changes> {
    let mut changes = Changes::new();
    for (definition, keys) in tables {
        let (table, exists) = name_of(connection, &definition.name)?;
        if !exists {
            continue;
        }
        let sql = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        let old: String = connection.prepare_cached(sql)?.query_row([&table], |row| row.get(0))?;
        let columns = names::columns(definition);
        let wanted = keys.iter().map(|key| key.constraint(connection, &columns));
        let wanted: String = wanted.collect::<rusqlite::Result<_>>()?;
        let bare = without(&old, |_| true);
        let Some(body) = bare.strip_suffix(CLOSING) else {
            return Err(rusqlite::Error::SqliteFailure(
                ffi::Error::new(ffi::SQLITE_ERROR),
                Some(format!("the statement of the table {table} is not one that longevity wrote")),
            ));
        };
        let new = match wanted.is_empty() {
            true => bare.clone(),
            false => format!("{}{wanted}\n{CLOSING}", body.trim_end()),
        };
        if new != old {
            changes.push((table, new));
        }
    }
    Ok(changes)
}

/// The statement of a table without those of its foreign keys for which the function is true. SQLite has rewritten the statement
/// if a column or a check was added or dropped, so the constraints are found by their own text alone.
fn without(sql: &str, drop: impl Fn(&str) -> bool) -> String {
    let mut bare = sql.to_owned();
    let mut searched = 0;
    while let Some(kind) = bare[searched..].find(KIND).map(|at| searched + at) {
        let start = bare[..kind].rfind(START).filter(|start| is_ours(&bare[start + START.len()..kind]));
        let end = bare[kind..].find(END).map(|at| kind + at + END.len());
        searched = match (start, end) {
            (Some(start), Some(end)) if drop(&bare[kind..end]) => {
                let before = bare[..start].trim_end();
                let before = before.strip_suffix(',').unwrap_or(before).len();
                bare.replace_range(before..end, "");
                before
            }
            (Some(_), Some(end)) => end,
            _ => kind + KIND.len(),
        };
    }
    bare
}

/// Whether this is the quoted name of a reference, and nothing else.
fn is_ours(name: &str) -> bool {
    let inner = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.ends_with(".reference") && !inner.replace("\"\"", "").contains('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "CONSTRAINT \"cat.owner.reference\" FOREIGN KEY (\"owner\") REFERENCES \"owner\" (\"name\") \
                       DEFERRABLE INITIALLY DEFERRED";

    #[test]
    fn foreign_keys_are_taken_out_of_a_statement_and_nothing_else() {
        let bare = |end: &str| format!("CREATE TABLE \"cat\" (\n  \"owner\" TEXT,\n  CONSTRAINT x CHECK (1){end}");
        for (with, without_it) in [
            (String::new(), String::new()),
            (format!(",\n  {KEY}"), String::new()),
            (format!(",\n  {KEY},\n  {KEY}"), String::new()),
            (format!(",\n  {KEY}, CONSTRAINT y CHECK (2)"), ", CONSTRAINT y CHECK (2)".to_owned()),
        ] {
            for closing in ["\n) STRICT", ") STRICT"] {
                assert_eq!(without(&bare(&(with.clone() + closing)), |_| true), bare(&(without_it.clone() + closing)));
            }
        }
        // A discriminator is any text.
        let tricky = "CREATE TABLE x (y TEXT, CONSTRAINT \"_rows\" CHECK (y <> ' FOREIGN KEY ')";
        assert_eq!(without(&format!("{tricky},\n  {KEY}\n) STRICT"), |_| true), format!("{tricky}\n) STRICT"));
        let kept = format!("{tricky},\n  {KEY}\n) STRICT");
        assert_eq!(without(&kept, |key| key.contains("\"vet\"")), kept);
    }
}
