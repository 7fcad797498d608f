//! Keys that another version of the model created, and that this version does not declare. They hold until they are dropped.
//!
//! This model does not fill their columns, so `create_schema` creates their indexes again on the values in the documents. A
//! version that declares such a key creates it on columns again.

use longevity_core::Error;
use longevity_core::table::TableDefinition;
use rusqlite::Connection;

use crate::encode::row::{DOC, TYPE};
use crate::error::{ErrorSite, is_duplicate};
use crate::schema::layout::Layout;
use crate::schema::names::{literal, quoted};

/// An index that the model does not declare.
#[derive(Debug)]
pub(crate) struct Undeclared {
    pub(crate) name: String,
    sql: String,
}

const UNIQUE: &str = "CREATE UNIQUE INDEX ";

/// The keys on this model's rows that the model does not declare.
pub(crate) fn find(
    connection: &Connection,
    definition: &TableDefinition,
    layout: &Layout,
) -> rusqlite::Result<Vec<Undeclared>> {
    let mut statement = connection
        .prepare_cached("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql NOTNULL")?;
    let all = statement.query_map([&layout.table], |row| Ok(Undeclared { name: row.get(0)?, sql: row.get(1)? }))?;
    let mut undeclared = all.collect::<Result<Vec<_>, _>>()?;
    undeclared.retain(|index| {
        index.is_ours(layout) && index.is_of_known_rows(definition) && {
            let declared = layout.indexes.iter().any(|declared| declared.name.eq_ignore_ascii_case(&index.name));
            !declared
        }
    });
    Ok(undeclared)
}

/// The first undeclared key whose index is not on the documents yet.
pub(crate) fn first_on_columns(
    connection: &Connection,
    definition: &TableDefinition,
    layout: &Layout,
) -> rusqlite::Result<Option<String>> {
    let all = find(connection, definition, layout)?;
    Ok(all.into_iter().find(|index| index.on_documents(layout).is_some()).map(|index| index.name))
}

/// Creates the index of each undeclared key again, on the documents.
pub(crate) fn move_to_documents(
    connection: &Connection,
    site: &ErrorSite,
    definition: &TableDefinition,
    layout: &Layout,
) -> Result<(), Error> {
    let failed = |error| Error::from(site.failed(error));
    for index in find(connection, definition, layout).map_err(failed)? {
        let Some(sql) = index.on_documents(layout) else { continue };
        connection.execute_batch(&format!("DROP INDEX {}", quoted(&index.name))).map_err(failed)?;
        connection.execute_batch(&sql).map_err(|error| match is_duplicate(&error) {
            true => definition.undeclared_key(&index.name),
            false => failed(error),
        })?;
    }
    Ok(())
}

/// Drops all undeclared keys, and returns their names.
pub(crate) fn drop_all(
    connection: &mut Connection,
    definition: &TableDefinition,
    layout: &Layout,
) -> rusqlite::Result<Vec<String>> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let all = find(&transaction, definition, layout)?;
    for index in &all {
        transaction.execute_batch(&format!("DROP INDEX {}", quoted(&index.name)))?;
    }
    transaction.commit()?;
    Ok(all.into_iter().map(|index| index.name).collect())
}

/// The index that SQLite names if an index on expressions refused a row.
pub(crate) fn index_in(error: &rusqlite::Error) -> Option<String> {
    let rusqlite::Error::SqliteFailure(_, Some(message)) = error else { return None };
    let (_, rest) = message.split_once("UNIQUE constraint failed: index '")?;
    rest.strip_suffix('\'').map(str::to_owned)
}

impl Undeclared {
    /// Whether its name and its statement have the form that longevity writes for a key.
    fn is_ours(&self, layout: &Layout) -> bool {
        let rest = self.name.strip_prefix(&layout.table).and_then(|rest| rest.strip_prefix('.'));
        let is_key = rest.is_some_and(|rest| rest.ends_with(".key") || rest.contains(".key~"));
        is_key && self.sql.starts_with(UNIQUE) && self.parts(layout).is_some()
    }

    /// The statement up to the columns, the columns, and the condition.
    fn parts(&self, layout: &Layout) -> Option<(String, &str, &str)> {
        let head = format!("{UNIQUE}{} ON {} (", quoted(&self.name), quoted(&layout.table));
        let rest = self.sql.strip_prefix(&head)?;
        let (columns, condition) = match rest.split_once(") WHERE ") {
            Some((columns, condition)) => (columns, condition),
            None => (rest.strip_suffix(')')?, ""),
        };
        Some((head, columns, condition))
    }

    fn is_of_known_rows(&self, definition: &TableDefinition) -> bool {
        let Some((_, condition)) = self.sql.rsplit_once(") WHERE ") else { return true };
        definition.discriminators().any(|name| condition.contains(&literal(name)))
    }

    /// The statement that creates it on the documents; `None` if it is on them already, or if a name cannot be distinguished from
    /// a path.
    fn on_documents(&self, layout: &Layout) -> Option<String> {
        let (head, columns, condition) = self.parts(layout)?;
        let mut expressions = Vec::new();
        for column in columns.strip_prefix('"')?.strip_suffix('"')?.split("\", \"") {
            if column == TYPE {
                expressions.push(quoted(TYPE));
                continue;
            }
            let (path, _) = column.split_once('~').unwrap_or((column, ""));
            // A variant's own column begins with its discriminator.
            let of_variant = condition.split('\'').nth(1).and_then(|name| path.strip_prefix(name)?.strip_prefix('.'));
            let steps: String = of_variant.unwrap_or(path).split('.').map(|step| format!(".\"{step}\"")).collect();
            if steps.contains('\\') || column.contains('"') {
                return None;
            }
            // The value is compared as JSON text, which holds each value whole. An absent value equals null, as in every back
            // end.
            expressions.push(format!("coalesce({} -> {}, 'null')", quoted(DOC), literal(&format!("${steps}"))));
        }
        let condition = if condition.is_empty() { String::new() } else { format!(" WHERE {condition}") };
        Some(format!("{head}{}){condition}", expressions.join(", ")))
    }
}
