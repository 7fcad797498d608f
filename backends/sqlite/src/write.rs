//! Writes: what a job does, alone and among others in one transaction.

use std::sync::Arc;

use longevity_core::backend::{Target, WriteFailure};
use longevity_core::value::Value;
use longevity_core::{RowContent, RowId};
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, params};

use crate::encode::Doc;
use crate::failure::{Site, SqliteError, is_duplicate};
use crate::form::{encoded, is_same};
use crate::rows::{id_of, number};
use crate::table::Ready;

/// A write that waits for its turn.
pub(crate) struct Job {
    pub(crate) table: Arc<Ready>,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    Insert(RowContent<Doc>),
    InsertMany(Vec<RowContent<Doc>>),
    Replace(Target, RowContent<Doc>),
    Delete(Target),
}

/// What a job gives: ids of rows that were inserted, or the new version.
pub(crate) enum Done {
    Inserted(RowId),
    InsertedMany(Vec<RowId>),
    Replaced(u64),
    Deleted,
}

/// With the position of the row that failed.
pub(crate) type Answer = Result<Done, (usize, WriteFailure)>;

/// Does the jobs, and answers each. More than one share a transaction; if that fails as a whole, each is tried by itself, so
/// that one who fills the disk takes nobody with it.
pub(crate) fn run(connection: &mut Connection, site: &Site, jobs: Vec<Job>) -> Vec<Answer> {
    let mut writing = Writing { connection, site, unexplained: false };
    if jobs.len() > 1 {
        match writing.together(&jobs) {
            Ok(Some(answers)) => return answers,
            Ok(None) => {}
            // The lock was not to be had, and would not be for the next one: nobody waits twice.
            Err(error) => return jobs.iter().map(|_| Err((0, error.clone().into()))).collect(),
        }
    }
    jobs.iter().map(|job| writing.alone(job)).collect()
}

struct Writing<'a> {
    connection: &'a mut Connection,
    site: &'a Site,
    /// Whether the store refused a write, and nothing was found that explains it.
    unexplained: bool,
}

impl Writing<'_> {
    /// All jobs in one transaction; `None` if it failed as a whole, and nothing was done.
    fn together(&mut self, jobs: &[Job]) -> Result<Option<Vec<Answer>>, SqliteError> {
        self.execute("BEGIN IMMEDIATE")?;
        let answers: Option<Vec<_>> = jobs.iter().map(|job| self.among_others(job).ok().flatten()).collect();
        if answers.is_some() && self.execute("COMMIT").is_ok() {
            return Ok(answers);
        }
        self.roll_back();
        Ok(None)
    }

    /// A job in the transaction of all; `None` if it took the transaction with it, as a full disk does.
    fn among_others(&mut self, job: &Job) -> Result<Option<Answer>, SqliteError> {
        // A statement that fails undoes itself; several need a mark to go back to.
        let several = matches!(job.work, Work::InsertMany(_));
        if several {
            self.execute("SAVEPOINT job")?;
        }
        let answer = self.work(job);
        if self.connection.is_autocommit() {
            return Ok(None);
        }
        if several {
            if answer.is_err() {
                self.execute("ROLLBACK TO job")?;
            }
            self.execute("RELEASE job")?;
        }
        Ok(Some(answer))
    }

    /// The job in a transaction of its own.
    fn alone(&mut self, job: &Job) -> Answer {
        // What was said of another job: this one would be done twice.
        self.unexplained = false;
        // A single statement is a transaction.
        if matches!(job.work, Work::Insert(_) | Work::Delete(_)) {
            let answer = self.work(job);
            if !std::mem::take(&mut self.unexplained) {
                return answer;
            }
            // Another process has changed what was in the way before it could be seen: nothing moves in a transaction.
        }
        let failed = |error: SqliteError| (0, WriteFailure::from(error));
        self.execute("BEGIN IMMEDIATE").map_err(failed)?;
        let answer = self.work(job);
        if answer.is_ok() {
            if let Err(error) = self.execute("COMMIT") {
                self.roll_back();
                return Err(failed(error));
            }
        } else {
            self.roll_back();
        }
        answer
    }

    fn work(&mut self, job: &Job) -> Answer {
        let first = |failure| (0, failure);
        match &job.work {
            Work::Insert(content) => self.insert(&job.table, content).map(Done::Inserted).map_err(first),
            Work::InsertMany(contents) => {
                let insert = |(at, content)| self.insert(&job.table, content).map_err(|failure| (at, failure));
                contents.iter().enumerate().map(insert).collect::<Result<_, _>>().map(Done::InsertedMany)
            }
            Work::Replace(target, content) => {
                self.replace(&job.table, target, content).map(Done::Replaced).map_err(first)
            }
            Work::Delete(target) => self.delete(&job.table, target).map(|()| Done::Deleted).map_err(first),
        }
    }

    fn insert(&mut self, table: &Ready, content: &RowContent<Doc>) -> Result<RowId, WriteFailure> {
        let discriminator = content.discriminator.as_deref();
        let Some(variant) = table.variant(discriminator) else { return Err(self.stranger(table, discriminator)) };
        let insert = &table.statements.inserts[variant];
        let run = || {
            let mut statement = self.connection.prepare_cached(&insert.sql)?;
            statement.raw_bind_parameter(1, content.doc.as_str())?;
            statement.raw_bind_parameter(2, content.written_at.map(|at| at.to_string()))?;
            let mut next = 3;
            if table.layout.has_type {
                statement.raw_bind_parameter(next, discriminator)?;
                next += 1;
            }
            for column in &insert.columns {
                statement.raw_bind_parameter(next, column_value(table, content, *column))?;
                next += 1;
            }
            statement.raw_execute()
        };
        match run() {
            Ok(_) => Ok(id_of(self.connection.last_insert_rowid())),
            Err(error) => Err(self.refused(table, content, None, error)),
        }
    }

    fn replace(&mut self, table: &Ready, target: &Target, content: &RowContent<Doc>) -> Result<u64, WriteFailure> {
        let discriminator = content.discriminator.as_deref();
        if table.variant(discriminator).is_none() {
            return Err(self.stranger(table, discriminator));
        }
        let Some(id) = row_number(target) else { return Err(WriteFailure::Missing) };
        let current = self.current(table, id, discriminator, |stored, column| {
            !is_same(stored, &column_value(table, content, column))
        })?;
        let Some(current) = current else { return Err(WriteFailure::Missing) };
        current.ensure_target(target)?;
        let sql = table.statements.update(&current.changed, current.other_type);
        let run = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            statement.raw_bind_parameter(1, content.doc.as_str())?;
            statement.raw_bind_parameter(2, content.written_at.map(|at| at.to_string()))?;
            let mut next = 3;
            if current.other_type {
                statement.raw_bind_parameter(next, discriminator)?;
                next += 1;
            }
            for column in &current.changed {
                statement.raw_bind_parameter(next, column_value(table, content, *column))?;
                next += 1;
            }
            statement.raw_bind_parameter(next, id)?;
            statement.raw_execute()
        };
        match run() {
            Ok(1) => Ok(current.version.saturating_add(1)),
            Ok(_) => Err(WriteFailure::Missing),
            Err(error) => Err(self.refused(table, content, Some(id), error)),
        }
    }

    fn delete(&mut self, table: &Ready, target: &Target) -> Result<(), WriteFailure> {
        let Some(id) = row_number(target) else { return Err(WriteFailure::Missing) };
        let variant =
            target.scope.map(|scope| table.variant_of_scope(scope).ok_or(WriteFailure::Missing)).transpose()?;
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

    /// What is stored, and which of the columns differ from what is to be written.
    fn current(
        &self,
        table: &Ready,
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

    /// Why the store refused the row. Which key it was is not in what SQLite says, but in the rows.
    fn refused(
        &mut self,
        table: &Ready,
        content: &RowContent<Doc>,
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
            self.unexplained = true;
        }
        self.failed(table, error)
    }

    /// The row that has the content's values in a key.
    fn holder(&self, table: &Ready, content: &RowContent<Doc>, position: usize) -> rusqlite::Result<Option<i64>> {
        let Some(sql) = table.statements.get(position, None) else { return Ok(None) };
        let mut statement = self.connection.prepare_cached(sql)?;
        for (at, column) in table.definition.indexes[position].columns.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, column_value(table, content, *column))?;
        }
        let mut rows = statement.raw_query();
        rows.next()?.map(|row| row.get(0)).transpose()
    }

    fn stranger(&self, table: &Ready, discriminator: Option<&str>) -> WriteFailure {
        let reason = format!("it does not know the discriminator {discriminator:?}");
        SqliteError::Refused { table: table.layout.table.clone(), reason }.into()
    }

    fn failed(&self, table: &Ready, error: rusqlite::Error) -> WriteFailure {
        WriteFailure::Other(self.site.write_failed(error, &table.layout.table, table.definition.type_name))
    }

    fn execute(&self, sql: &str) -> Result<(), SqliteError> {
        let run = || self.connection.prepare_cached(sql)?.execute(params![]);
        run().map(drop).map_err(|error| self.site.failed(error))
    }

    /// After a failure. What SQLite has rolled back already need not be.
    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "cannot roll a transaction back");
        }
    }
}

/// A row before it is replaced or deleted.
struct Current {
    version: u64,
    discriminator: Option<String>,
    other_type: bool,
    /// The positions of the realized columns whose values change.
    changed: Vec<usize>,
}

impl Current {
    /// Whether it is the row that is meant: in scope, and of the version.
    fn ensure_target(&self, target: &Target) -> Result<(), WriteFailure> {
        let name = self.discriminator.as_deref();
        if target.scope.is_some_and(|scope| !name.is_some_and(|name| scope.contains(&name))) {
            return Err(WriteFailure::Missing);
        }
        match target.version {
            Some(version) if version != self.version => Err(WriteFailure::Stale { found: self.version }),
            _ => Ok(()),
        }
    }
}

/// `None` if no row of SQLite's has such an id.
fn row_number(target: &Target) -> Option<i64> {
    u64::try_from(target.id.as_u128()).ok().map(u64::cast_signed)
}

/// The value of a realized column.
fn column_value<'a>(table: &Ready, content: &'a RowContent<Doc>, column: usize) -> ToSqlOutput<'a> {
    match content.columns.get(column) {
        Some(value) => encoded(value.as_value_ref(), table.layout.columns[column].form),
        None => encoded(Value::None(0).as_value_ref(), table.layout.columns[column].form),
    }
}
