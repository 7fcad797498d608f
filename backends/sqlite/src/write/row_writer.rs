//! A connection that writes rows: it inserts and deletes them, and finds out why SQLite refused one.

use std::borrow::Cow;
use std::cell::Cell;

use longevity_core::backend::{Before, Target, WriteFailure};
use longevity_core::value::Value;
use longevity_core::{RowContent, RowId};
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Statement, params};

use crate::encode::column_value::encoded;
use crate::encode::document::SqliteDocument;
use crate::encode::row::{self, id_of, number};
use crate::error::{ErrorSite, SqliteError, is_check, is_duplicate};
use crate::schema::ready_table::ReadyTable;
use crate::schema::statements::Insert;
use crate::schema::undeclared;
use crate::write::targets::Targets;

/// A connection that writes rows, for the length of a job.
pub(crate) struct RowWriter<'a> {
    pub(crate) connection: &'a mut Connection,
    site: &'a ErrorSite,
    /// Whether SQLite refused a write, and the rows do not explain why.
    pub(crate) unexplained: bool,
    /// Whether another process had the lock.
    pub(crate) locked: Cell<bool>,
}

impl<'a> RowWriter<'a> {
    pub(crate) fn new(connection: &'a mut Connection, site: &'a ErrorSite) -> Self {
        Self { connection, site, unexplained: false, locked: Cell::new(false) }
    }

    /// The row that a write changes, if the write asks for it. It is read in the transaction that changes it.
    pub(crate) fn before(
        &self,
        table: &ReadyTable,
        target: &Target<'_>,
    ) -> Result<Before<SqliteDocument>, WriteFailure> {
        let Some(id) = row_number(target).filter(|_| target.before) else { return Ok(None) };
        let run = || {
            let mut statement = self.connection.prepare_cached(&table.statements.by_id)?;
            statement.query_row([id], |row| Ok(row::read(&table.definition, row))).optional()
        };
        match run().map_err(|error| self.failed(table, error))? {
            Some(Ok(row)) => Ok(Some(Box::new(row))),
            Some(Err(error)) => Err(error.into()),
            // There is no such row, which the write itself reports.
            None => Ok(None),
        }
    }

    /// Inserts a row, if all the targets are there. Otherwise, the failure is [`WriteFailure::Missing`].
    pub(crate) fn insert(
        &mut self,
        table: &ReadyTable,
        content: &RowContent<SqliteDocument>,
        targets: Option<&Targets>,
    ) -> Result<RowId, WriteFailure> {
        let discriminator = content.discriminator.as_deref();
        let Some(variant) = table.variant(discriminator) else { return Err(self.stranger(table, discriminator)) };
        let insert = &table.statements.inserts[variant];
        let next = 3 + usize::from(table.layout.has_type) + insert.columns.len();
        let sql = match targets {
            Some(targets) => Cow::Owned(format!("{} {}", insert.conditional, targets.condition(next))),
            None => Cow::Borrowed(&*insert.sql),
        };
        let run = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            statement.raw_bind_parameter(1, content.doc.as_str())?;
            statement.raw_bind_parameter(2, content.written_at.map(|at| at.to_string()))?;
            bind_columns(&mut statement, table, insert, content, 3)?;
            if let Some(targets) = targets {
                targets.bind(&mut statement, next)?;
            }
            statement.raw_execute()
        };
        match run() {
            Ok(0) => Err(WriteFailure::Missing),
            Ok(_) => Ok(id_of(self.connection.last_insert_rowid())),
            Err(error) => Err(self.refused(table, content, None, error)),
        }
    }

    pub(crate) fn delete(&mut self, table: &ReadyTable, target: &Target<'_>) -> Result<(), WriteFailure> {
        let Some(id) = row_number(target) else { return Err(WriteFailure::Missing) };
        if target.scope.is_some_and(|scope| table.definition.scope(scope.variant) != Some(scope)) {
            return Err(WriteFailure::Missing);
        }
        let variant = target.scope.map(|scope| scope.variant);
        let version = target.version.map(u64::cast_signed);
        let sql = table.statements.delete(variant, version.is_some()).unwrap_or_default();
        let run = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.raw_bind_parameter(1, id)?;
            if let Some(version) = version {
                statement.raw_bind_parameter(2, version)?;
            }
            statement.raw_execute()
        };
        if run().map_err(|error| self.failed(table, error))? > 0 {
            return Ok(());
        }
        let current = self.current(table, id, None, |_, _| false)?;
        current.ok_or(WriteFailure::Missing)?.ensure_target(target)?;
        self.unexplained = true;
        Err(WriteFailure::Missing)
    }

    /// Why SQLite refused the row. The error does not name the key, so it is looked up in the rows.
    pub(crate) fn refused(
        &mut self,
        table: &ReadyTable,
        content: &RowContent<SqliteDocument>,
        id: Option<i64>,
        error: rusqlite::Error,
    ) -> WriteFailure {
        if is_duplicate(&error) {
            for (position, index) in table.definition.indexes.iter().enumerate() {
                if !index.is_unique() || !index.covers(content.discriminator.as_deref()) {
                    continue;
                }
                match self.holder(table, content, position) {
                    Ok(Some(holder)) if Some(holder) != id => return WriteFailure::Duplicate(position),
                    Ok(_) => {}
                    Err(error) => return self.failed(table, error),
                }
            }
            if let Some(key) = undeclared::index_in(&error) {
                return table.definition.undeclared_key(key).into();
            }
            self.unexplained = true;
        }
        self.failed(table, error)
    }

    /// The row that has the content's values in a key.
    fn holder(
        &self,
        table: &ReadyTable,
        content: &RowContent<SqliteDocument>,
        position: usize,
    ) -> rusqlite::Result<Option<i64>> {
        let Some(sql) = table.statements.get(position, None) else { return Ok(None) };
        let mut statement = self.connection.prepare_cached(sql)?;
        for (at, column) in table.definition.indexes[position].columns.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, column_value(table, content, *column))?;
        }
        let mut rows = statement.raw_query();
        rows.next()?.map(|row| row.get(0)).transpose()
    }

    pub(crate) fn stranger(&self, table: &ReadyTable, discriminator: Option<&str>) -> WriteFailure {
        let reason = format!("the table does not have the discriminator {discriminator:?}");
        SqliteError::Refused { table: table.layout.table.clone(), reason }.into()
    }

    pub(crate) fn failed(&self, table: &ReadyTable, error: rusqlite::Error) -> WriteFailure {
        self.note(&error);
        if is_check(&error) {
            let reason =
                "another version of the model, which keeps other columns, has created its schema since this program opened \
                          the table: open the store again, and call `create_schema`"
                    .to_owned();
            return SqliteError::Refused { table: table.layout.table.clone(), reason }.into();
        }
        WriteFailure::Other(self.site.write_failed(error, &table.layout.table, table.definition.type_name))
    }

    pub(crate) fn execute(&self, sql: &str) -> Result<(), SqliteError> {
        let run = || self.connection.prepare_cached(sql)?.execute(params![]);
        run().map(drop).map_err(|error| {
            self.note(&error);
            self.site.failed(error)
        })
    }

    fn note(&self, error: &rusqlite::Error) {
        if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) {
            self.locked.set(true);
        }
    }

    /// Rolls back after a failure, unless SQLite has done so already.
    pub(crate) fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "cannot roll a transaction back");
        }
    }

    /// The stored row, and the columns that differ from the row to write.
    pub(crate) fn current(
        &self,
        table: &ReadyTable,
        id: i64,
        discriminator: Option<&str>,
        differs: impl Fn(rusqlite::types::ValueRef<'_>, usize) -> bool,
    ) -> Result<Option<Current>, WriteFailure> {
        let run = || {
            self.connection.prepare_cached(&table.statements.current)?.query_row([id], |row| {
                let stored = row.get_ref(1)?.as_str_or_null()?;
                let changed = (0..table.layout.columns.len()).filter_map(|column| match row.get_ref(column + 2) {
                    Ok(stored) => differs(stored, column).then_some(Ok(column)),
                    Err(error) => Some(Err(error)),
                });
                Ok(Current {
                    version: number(row, 0)?,
                    other_type: stored != discriminator,
                    discriminator: stored.map(str::to_owned),
                    changed: changed.collect::<Result<_, _>>()?,
                })
            })
        };
        run().optional().map_err(|error| self.failed(table, error))
    }
}

/// A row before it is replaced or deleted.
pub(crate) struct Current {
    pub(crate) version: u64,
    discriminator: Option<String>,
    pub(crate) other_type: bool,
    /// The positions of the realized columns whose values change.
    pub(crate) changed: Vec<usize>,
}

impl Current {
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Fails if the row is not in the scope of the write, or does not have its version.
    pub(crate) fn ensure_target(&self, target: &Target<'_>) -> Result<(), WriteFailure> {
        let name = self.discriminator.as_deref();
        if !target.is_in_scope(name) {
            return Err(WriteFailure::Missing);
        }
        match target.version {
            Some(version) if version != self.version => Err(WriteFailure::Stale { found: self.version }),
            _ => Ok(()),
        }
    }
}

/// The number of a row in SQLite; `None` if no row can have this id.
pub(crate) fn row_number(target: &Target<'_>) -> Option<i64> {
    u64::try_from(target.id.as_u128()).ok().map(u64::cast_signed)
}

/// Binds the values of an insertion that follow those of every row: the discriminator and the columns of its variant.
pub(crate) fn bind_columns(
    statement: &mut Statement<'_>,
    table: &ReadyTable,
    insert: &Insert,
    content: &RowContent<SqliteDocument>,
    first: usize,
) -> rusqlite::Result<()> {
    let mut next = first;
    if table.layout.has_type {
        statement.raw_bind_parameter(next, content.discriminator.as_deref())?;
        next += 1;
    }
    for column in &insert.columns {
        statement.raw_bind_parameter(next, column_value(table, content, *column))?;
        next += 1;
    }
    Ok(())
}

/// The value of a realized column.
pub(crate) fn column_value<'a>(
    table: &ReadyTable,
    content: &'a RowContent<SqliteDocument>,
    column: usize,
) -> ToSqlOutput<'a> {
    match content.columns.get(column) {
        Some(value) => encoded(value.as_value_ref(), table.layout.columns[column].representation),
        None => encoded(Value::NONE.as_value_ref(), table.layout.columns[column].representation),
    }
}
