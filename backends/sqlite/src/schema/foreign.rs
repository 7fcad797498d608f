//! Foreign keys: SQLite itself enforces the references that they can say, for other programs and for the shell too.
//!
//! A foreign key is checked at the commit, because core does what follows from a delete within the transaction. SQLite cannot add
//! one to a table. It documents that the statement of a table may be edited for that, because the rows stay as they are
//! (<https://sqlite.org/lang_altertable.html#otheralter>).

use std::sync::Arc;

use longevity_core::Error;
use longevity_core::table::TableDefinition;
use rusqlite::{Connection, ffi};

use crate::error::ErrorSite;
use crate::schema::comparison::name_of;
use crate::schema::names::quoted;
use crate::schema::references::{Enforcement, ForeignKey};
use crate::schema::statement_text::{CLOSING, CLOSING_OF_SIDE_TABLES, END, KIND, REFERENCES, START, bare, without};

impl ForeignKey {
    /// The constraint, as a part of a statement.
    fn constraint(&self) -> String {
        let listed = |names: &[String]| {
            let names: Vec<_> = names.iter().map(|name| quoted(name)).collect();
            names.join(", ")
        };
        format!(
            ",\n  {START}{}{KIND}({}){REFERENCES}{} ({}){END}",
            quoted(&self.name),
            listed(&self.columns),
            quoted(&self.target),
            listed(&self.key)
        )
    }
}

/// Tables and their new statements.
type Changes = Vec<(String, String)>;

/// Gives the tables the foreign keys and the side tables that they need, and takes away other foreign keys that longevity gave
/// them.
pub(crate) fn enforce(
    connection: &mut Connection,
    site: &ErrorSite,
    definitions: &[Arc<TableDefinition>],
) -> Result<(), Error> {
    let failed = |error| Error::from(site.failed(error));
    let needed = Enforcement::of(connection, definitions).map_err(failed)?;
    if !changes(connection, &needed).map_err(failed)?.is_empty() || !needed.exist(connection).map_err(failed)? {
        without_checks(connection, |connection| build(connection, &needed)).map_err(failed)?;
    }
    change(connection, |connection| changes(connection, &needed)).map_err(failed)
}

/// Builds the side tables that are missing, and those that have become wrong while no foreign key led to them.
fn build(connection: &mut Connection, needed: &Enforcement) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for side_table in &needed.side_tables {
        if !side_table.exists(&transaction)? || side_table.problem(&transaction)?.is_some() {
            side_table.build(&transaction)?;
        }
    }
    transaction.commit()
}

/// Does something with foreign keys switched off, so that tables they lead to can be built again.
pub(crate) fn without_checks<T>(
    connection: &mut Connection,
    act: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.pragma_update(None, "foreign_keys", false)?;
    let done = act(connection);
    connection.pragma_update(None, "foreign_keys", true)?;
    done
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
        // The target is a table or one of its side tables.
        let leads = |key: &str| {
            let starts = |target: &String| {
                let name = quoted(target);
                let begin = name.strip_suffix('"').unwrap_or(&name);
                [format!("{REFERENCES}{name} ("), format!("{REFERENCES}{begin}.")]
            };
            targets.iter().flat_map(starts).any(|start| key.contains(&start))
        };
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
fn changes(connection: &Connection, needed: &Enforcement) -> rusqlite::Result<Changes> {
    let mut statement = connection.prepare_cached("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")?;
    let tables = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut changes = Changes::new();
    for table in tables {
        let (table, old): (String, String) = table?;
        let is_beside = old.ends_with(CLOSING_OF_SIDE_TABLES);
        // The side tables of other versions of the model have none of this model's foreign keys.
        let owner = || table.split_once('.').filter(|_| is_beside).map(|(owner, _)| owner);
        let known = needed.foreign_keys.get(&table);
        if known.is_none() && !owner().is_some_and(|owner| needed.foreign_keys.contains_key(owner)) {
            continue;
        }
        let wanted: String = known.into_iter().flatten().map(ForeignKey::constraint).collect();
        let closing = if is_beside { CLOSING_OF_SIDE_TABLES } else { CLOSING };
        let bare = bare(&old);
        let Some(body) = bare.strip_suffix(closing) else {
            return Err(rusqlite::Error::SqliteFailure(
                ffi::Error::new(ffi::SQLITE_ERROR),
                Some(format!("the statement of the table {table} is not one that longevity wrote")),
            ));
        };
        let new = match wanted.is_empty() {
            true => bare.clone(),
            false => format!("{}{wanted}\n{closing}", body.trim_end()),
        };
        if new != old {
            changes.push((table, new));
        }
    }
    Ok(changes)
}
