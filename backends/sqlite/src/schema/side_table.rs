//! Tables beside a table: they have the entries of an index of elements, and key values that no column holds alone. Triggers keep
//! them whatever program writes the rows, older programs and the shell too. Only a `REPLACE` of the shell deletes rows without
//! their entries, because SQLite does not run the triggers of a delete for it, unless `recursive_triggers` are switched on.

use longevity_core::hash_name;
use longevity_core::table::Scope;
use rusqlite::{Connection, OptionalExtension};

use crate::encode::row::{ID, TYPE};
use crate::schema::json::Extraction;
use crate::schema::names::{literal, quoted};
use crate::schema::statement_text::{CLOSING_OF_SIDE_TABLES, bare};

/// The column with the id of the row in the table. No table has a column of this name.
pub(crate) const ROW: &str = "_row";

/// A table beside a table.
#[derive(Clone, Debug)]
pub(crate) struct SideTable {
    pub(crate) name: String,
    /// The names of the columns with the single values of a value.
    pub(crate) columns: Vec<String>,
    /// The declared types of these columns.
    pub(crate) declared: Vec<&'static str>,
    table: String,
    /// The triggers, each with its name.
    triggers: Vec<(String, String)>,
    /// The values and the id of each row of the table, as they should be.
    all: String,
    is_unique: bool,
}

/// What a side table consists of.
pub(crate) struct Content<'a> {
    /// The name of the side table, and the table.
    pub(crate) name: String,
    pub(crate) table: &'a str,
    /// The name and the declared type of each column.
    pub(crate) columns: Vec<(String, &'static str)>,
    /// The rows that have values; all if `None`.
    pub(crate) scope: Option<Scope>,
    /// Whether no two rows have the same value.
    pub(crate) is_unique: bool,
    /// The columns of the table that the values are read from.
    pub(crate) read: Vec<String>,
}

impl SideTable {
    /// The side table with the values that the function finds in the row that SQL calls by a name.
    pub(crate) fn new(content: Content<'_>, values: impl Fn(&str) -> Option<Extraction>) -> Option<Self> {
        let Content { mut name, table, columns, scope, is_unique, read } = content;
        let id = quoted(ID);
        let of_row = |row: &str| {
            let Extraction { head, columns, from, filter, has_aliases } = values(row)?;
            Some((head, columns.join(", "), from, filter, has_aliases))
        };
        let condition = |row: &str| scope.map(|scope| is_one_of(row, scope));
        let select = |row: &str, table: Option<&str>| {
            let (_, columns, from, filter, _) = of_row(row)?;
            let from = table.map(str::to_owned).into_iter().chain((!from.is_empty()).then_some(from));
            let from: Vec<_> = from.collect();
            let from = if from.is_empty() { String::new() } else { format!(" FROM {}", from.join(", ")) };
            let filter: Vec<_> = condition(row).into_iter().chain([filter]).collect();
            Some(format!("SELECT {columns}, {row}.{id}{from} WHERE {}", filter.join(" AND ")))
        };
        let all = select("r", Some(&format!("{} AS r", quoted(table))))?;
        let (new_head, .., has_aliases) = of_row("NEW")?;
        let (old_head, ..) = of_row("OLD")?;
        if has_aliases || scope.is_some_and(|scope| scope.discriminators.len() > 1) {
            // A version of the model that does not know all the names keeps a side table of its own.
            name = format!("{name}~{:08x}", hash_name(&all) as u32);
        }
        let (new, old) = (select("NEW", None)?, select("OLD", None)?);
        let own = quoted(&name);
        let (names, declared): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let key: Vec<_> = names.iter().map(|name| quoted(name)).chain([quoted(ROW)]).collect();
        let key = key.join(", ");
        // The conflict clause of the statement that writes the row replaces that of a trigger, so there must be no conflict.
        let insert = |entries: &str| format!("INSERT OR IGNORE INTO {own} ({key}) {entries};");
        let delete = format!("DELETE FROM {own} WHERE ({key}) IN ({old}");
        let mut changed = vec![format!("{old_head} IS NOT {new_head}"), format!("OLD.{id} IS NOT NEW.{id}")];
        let mut read = read;
        read.push(ID.to_owned());
        if scope.is_some() {
            changed.push(format!("OLD.{} IS NOT NEW.{}", quoted(TYPE), quoted(TYPE)));
            read.push(TYPE.to_owned());
        }
        let read: Vec<_> = read.iter().map(|name| quoted(name)).collect();
        let on = quoted(table);
        let trigger = |when: &str, event: &str, condition: String, body: String| {
            let trigger = format!("{name}.{when}");
            let sql = format!("CREATE TRIGGER {} AFTER {event} ON {on}{condition} BEGIN {body} END", quoted(&trigger));
            (trigger, sql)
        };
        let when = |row: &str| condition(row).map(|condition| format!(" WHEN {condition}")).unwrap_or_default();
        let triggers = vec![
            trigger("insert", "INSERT", when("NEW"), insert(&new.replacen("SELECT", "SELECT DISTINCT", 1))),
            trigger(
                "update",
                &format!("UPDATE OF {}", read.join(", ")),
                format!(" WHEN {}", changed.join(" OR ")),
                format!("{delete} EXCEPT {new}); {}", insert(&format!("{new} EXCEPT {old}"))),
            ),
            trigger("delete", "DELETE", when("OLD"), format!("{delete});")),
        ];
        Some(Self { name, columns: names, declared, table: table.to_owned(), triggers, all, is_unique })
    }

    /// The statement that creates the table.
    fn create(&self) -> String {
        let columns = self.columns.iter().zip(&self.declared);
        let mut lines: Vec<_> =
            columns.map(|(name, declared)| format!("{} {declared} NOT NULL", quoted(name))).collect();
        lines.push(format!("{} INTEGER NOT NULL", quoted(ROW)));
        let mut key: Vec<_> = self.columns.iter().map(|name| quoted(name)).collect();
        if !self.is_unique {
            key.push(quoted(ROW));
        }
        lines.push(format!("PRIMARY KEY ({})", key.join(", ")));
        format!("CREATE TABLE {} (\n  {}\n{}", quoted(&self.name), lines.join(",\n  "), CLOSING_OF_SIDE_TABLES)
    }

    /// Whether the database has the side table and its triggers.
    pub(crate) fn exists(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let mut statement = connection.prepare_cached("SELECT sql FROM sqlite_schema WHERE type = ?1 AND name = ?2")?;
        let mut stored = |kind: &str, name: &str| -> rusqlite::Result<Option<String>> {
            statement.query_row([kind, name], |row| row.get(0)).optional()
        };
        if stored("table", &self.name)?.map(|sql| bare(&sql)) != Some(self.create()) {
            return Ok(false);
        }
        for (name, sql) in &self.triggers {
            if stored("trigger", name)?.as_ref() != Some(sql) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Creates the side table, instead of one that another version of the model has created, and fills it.
    pub(crate) fn build(&self, connection: &Connection) -> rusqlite::Result<()> {
        for (name, _) in &self.triggers {
            connection.execute_batch(&format!("DROP TRIGGER IF EXISTS {}", quoted(name)))?;
        }
        connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", quoted(&self.name)))?;
        connection.execute_batch(&self.create())?;
        self.fill(connection)?;
        self.triggers.iter().try_for_each(|(_, sql)| connection.execute_batch(sql))
    }

    /// Writes all entries again.
    pub(crate) fn rebuild(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(&format!("DELETE FROM {}", quoted(&self.name)))?;
        self.fill(connection)
    }

    fn fill(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .execute(&format!("INSERT OR IGNORE INTO {} ({}) {}", quoted(&self.name), self.key(), self.all), [])?;
        tracing::debug!(table = self.table, side_table = self.name, "filled");
        Ok(())
    }

    fn key(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(String::as_str).chain([ROW]).map(quoted).collect();
        names.join(", ")
    }

    /// What is wrong with the entries, if anything is.
    pub(crate) fn problem(&self, connection: &Connection) -> rusqlite::Result<Option<&'static str>> {
        let (own, key) = (quoted(&self.name), self.key());
        let differs = |these: &str, those: &str| -> rusqlite::Result<bool> {
            let sql = format!("SELECT EXISTS (SELECT * FROM ({these} EXCEPT {those}))");
            connection.query_row(&sql, [], |row| row.get(0))
        };
        let stored = format!("SELECT {key} FROM {own}");
        if differs(&self.all, &stored)? {
            return Ok(Some("entries of rows are missing"));
        }
        Ok(differs(&stored, &self.all)?.then_some("it has entries that no row has"))
    }

    /// The query for the ids of the rows with the value whose single values are at the parameters.
    pub(crate) fn rows_with(&self, parameters: &[String]) -> String {
        let columns = self.columns.iter().zip(parameters);
        let equal: Vec<_> = columns.map(|(name, parameter)| format!("{} = {parameter}", quoted(name))).collect();
        format!("SELECT {} FROM {} WHERE {}", quoted(ROW), quoted(&self.name), equal.join(" AND "))
    }
}

/// The condition that a row has one of the discriminators of a scope.
fn is_one_of(row: &str, scope: Scope) -> String {
    let names: Vec<_> = scope.discriminators.iter().map(|name| literal(name)).collect();
    format!("{row}.{} IN ({})", quoted(TYPE), names.join(", "))
}
