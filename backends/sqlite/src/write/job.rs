//! Writes: what a job does, alone and among others in one transaction.

use std::cell::Cell;
use std::sync::Arc;

use longevity_core::backend::{AllWritten, Before, Target, Write, WriteFailure, Writes, Written};
use longevity_core::value::Value;
use longevity_core::{RowContent, RowId};
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Statement, params};
use smallvec::smallvec;

use crate::encode::column_value::encoded;
use crate::encode::document::SqliteDocument;
use crate::encode::row::{self, id_of};
use crate::error::{Site, SqliteError, is_check, is_duplicate};
use crate::schema::statements::Insert;
use crate::schema::undeclared;
use crate::table::Ready;

/// Writes that wait for their turn: all are done, or none.
pub(crate) struct Job {
    pub(crate) table: Arc<Ready>,
    pub(crate) writes: Writes<'static, SqliteDocument>,
}

/// With the position of the write that failed.
pub(crate) type Answer = Result<AllWritten<SqliteDocument>, (usize, WriteFailure)>;

/// Does the jobs, and answers each. More than one share a transaction; if that fails as a whole, each is tried by itself, so
/// that one who fills the disk takes nobody with it.
///
/// Gives the jobs back, and has done nothing, if another process has the lock.
pub(crate) fn run(
    connection: &mut Connection,
    site: &Site,
    jobs: Vec<Job>,
    begun: Begun,
) -> Result<Vec<Answer>, Vec<Job>> {
    let mut writing = Writing { connection, site, unexplained: false, locked: Cell::new(false) };
    if let ([job], Begun::Not) = (jobs.as_slice(), begun) {
        let answer = writing.alone(job);
        return if answer.is_err() && writing.locked.get() { Err(jobs) } else { Ok(vec![answer]) };
    }
    if begun == Begun::Not {
        match begin(writing.connection, site) {
            Ok(()) => {}
            Err(SqliteError::Locked { .. }) => return Err(jobs),
            Err(error) => return Ok(jobs.iter().map(|_| Err((0, error.clone().into()))).collect()),
        }
    }
    if let Some(answers) = writing.together(&jobs) {
        return Ok(answers);
    }
    writing.locked.set(false);
    let one_by_one = jobs.iter().map(|job| {
        // Another process was faster: nobody waits twice.
        if writing.locked.get() { Err((0, site.locked().into())) } else { writing.alone(job) }
    });
    Ok(one_by_one.collect())
}

/// Begins a transaction that writes.
pub(crate) fn begin(connection: &Connection, site: &Site) -> Result<(), SqliteError> {
    let run = || connection.prepare_cached("BEGIN IMMEDIATE")?.execute(params![]);
    run().map(drop).map_err(|error| site.failed(error))
}

/// Writes in a transaction that goes on after them. If they are refused, it is as it was before.
pub(crate) fn in_transaction(
    connection: &mut Connection,
    site: &Site,
    table: &Ready,
    writes: &[Write<'_, SqliteDocument>],
) -> Answer {
    let mut writing = Writing { connection, site, unexplained: false, locked: Cell::new(false) };
    if let [Write::Replace(target, content)] = writes
        && !target.before
        && let Some(replaced) = writing.replace_likely(table, target, content)
    {
        return replaced.map(|version| smallvec![Written::Replaced(version, None)]).map_err(|failure| (0, failure));
    }
    writing.among_others(table, writes).unwrap_or_else(|error| Err((0, error.into())))
}

/// Whether the jobs' transaction is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    Not,
    Already,
}

pub(crate) struct Writing<'a> {
    pub(crate) connection: &'a mut Connection,
    site: &'a Site,
    /// Whether the store refused a write, and nothing was found that explains it.
    unexplained: bool,
    /// Whether another process had the lock.
    locked: Cell<bool>,
}

impl Writing<'_> {
    /// All jobs in the transaction that was begun; `None` if it failed as a whole, and nothing was done.
    fn together(&mut self, jobs: &[Job]) -> Option<Vec<Answer>> {
        let answers: Option<Vec<_>> = jobs
            .iter()
            .map(|job| self.among_others(&job.table, &job.writes).ok().filter(|_| !self.connection.is_autocommit()))
            .collect();
        if answers.is_some() && self.execute("COMMIT").is_ok() {
            return answers;
        }
        self.roll_back();
        None
    }

    /// Writes in a transaction that has others too, and that they may take with them, as a full disk does.
    fn among_others(&mut self, table: &Ready, writes: &[Write<'_, SqliteDocument>]) -> Result<Answer, SqliteError> {
        // A statement that fails undoes itself; several need a mark to go back to.
        let several = writes.len() > 1;
        if several {
            self.execute("SAVEPOINT job")?;
        }
        let answer = self.work(table, writes);
        if several && !self.connection.is_autocommit() {
            if answer.is_err() {
                self.execute("ROLLBACK TO job")?;
            }
            self.execute("RELEASE job")?;
        }
        Ok(answer)
    }

    /// The job in a transaction of its own.
    fn alone(&mut self, job: &Job) -> Answer {
        // What was said of another job: this one would be done twice.
        self.unexplained = false;
        let is_asked = job.writes.iter().any(Write::wants_before);
        // A single statement is a transaction.
        if let ([Write::Insert(_) | Write::Delete(_)], false) = (job.writes.as_slice(), is_asked) {
            let answer = self.work(&job.table, &job.writes);
            if answer.is_ok() || !self.unexplained {
                return answer;
            }
            // Another process has changed what was in the way before it could be seen: nothing moves in a transaction.
        }
        if let ([Write::Replace(target, content)], false) = (job.writes.as_slice(), is_asked)
            && let Some(answer) = self.replace_likely(&job.table, target, content)
        {
            return match answer {
                Ok(version) => Ok(smallvec![Written::Replaced(version, None)]),
                Err(failure) => Err((0, failure)),
            };
        }
        let failed = |error: SqliteError| (0, WriteFailure::from(error));
        self.execute("BEGIN IMMEDIATE").map_err(failed)?;
        let answer = self.work(&job.table, &job.writes);
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

    fn work(&mut self, table: &Ready, writes: &[Write<'_, SqliteDocument>]) -> Answer {
        let mut written = AllWritten::with_capacity(writes.len());
        for (at, write) in writes.iter().enumerate() {
            match self.write(table, write) {
                Ok(done) => written.push(done),
                // Perhaps by a row whose turn comes later.
                Err(WriteFailure::Duplicate(_)) if writes[at + 1..].iter().any(|later| later.target().is_some()) => {
                    self.unexplained = false;
                    self.write_together(table, &writes[at..], at, &mut written)?;
                    break;
                }
                Err(failure) => return Err((at, failure)),
            }
        }
        Ok(written)
    }

    fn write(
        &mut self,
        table: &Ready,
        write: &Write<'_, SqliteDocument>,
    ) -> Result<Written<SqliteDocument>, WriteFailure> {
        match write {
            Write::Insert(content) => self.insert(table, content).map(Written::Inserted),
            Write::Replace(target, content) => {
                let before = self.before(table, target)?;
                self.replace(table, target, content).map(|version| Written::Replaced(version, before))
            }
            Write::Delete(target) => {
                let before = self.before(table, target)?;
                self.delete(table, target).map(|()| Written::Deleted(before))
            }
        }
    }

    /// The row that a write is about, if it asks for it: in the transaction that changes it.
    pub(crate) fn before(&self, table: &Ready, target: &Target<'_>) -> Result<Before<SqliteDocument>, WriteFailure> {
        let Some(id) = row_number(target).filter(|_| target.before) else { return Ok(None) };
        let run = || {
            let mut statement = self.connection.prepare_cached(&table.statements.by_id)?;
            statement.query_row([id], |row| Ok(row::read(table, row))).optional()
        };
        match run().map_err(|error| self.failed(table, error))? {
            Some(Ok(row)) => Ok(Some(Box::new(row))),
            Some(Err(error)) => Err(error.into()),
            // There is no such row. The write itself reports that.
            None => Ok(None),
        }
    }

    pub(crate) fn insert(
        &mut self,
        table: &Ready,
        content: &RowContent<SqliteDocument>,
    ) -> Result<RowId, WriteFailure> {
        let discriminator = content.discriminator.as_deref();
        let Some(variant) = table.variant(discriminator) else { return Err(self.stranger(table, discriminator)) };
        let insert = &table.statements.inserts[variant];
        let run = || {
            let mut statement = self.connection.prepare_cached(&insert.sql)?;
            statement.raw_bind_parameter(1, content.doc.as_str())?;
            statement.raw_bind_parameter(2, content.written_at.map(|at| at.to_string()))?;
            bind_columns(&mut statement, table, insert, content, 3)?;
            statement.raw_execute()
        };
        match run() {
            Ok(_) => Ok(id_of(self.connection.last_insert_rowid())),
            Err(error) => Err(self.refused(table, content, None, error)),
        }
    }

    pub(crate) fn delete(&mut self, table: &Ready, target: &Target<'_>) -> Result<(), WriteFailure> {
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

    /// Why the store refused the row. Which key it was is not in what SQLite says, but in the rows.
    pub(crate) fn refused(
        &mut self,
        table: &Ready,
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
        table: &Ready,
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

    pub(crate) fn stranger(&self, table: &Ready, discriminator: Option<&str>) -> WriteFailure {
        let reason = format!("it does not know the discriminator {discriminator:?}");
        SqliteError::Refused { table: table.layout.table.clone(), reason }.into()
    }

    pub(crate) fn failed(&self, table: &Ready, error: rusqlite::Error) -> WriteFailure {
        self.note(&error);
        if is_check(&error) {
            let reason =
                "another version of the model has created its schema since this program opened the table, and keeps \
                          other columns: open the store again, and call `create_schema`"
                    .to_owned();
            return SqliteError::Refused { table: table.layout.table.clone(), reason }.into();
        }
        WriteFailure::Other(self.site.write_failed(error, &table.layout.table, table.definition.type_name))
    }

    fn execute(&self, sql: &str) -> Result<(), SqliteError> {
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

    /// After a failure. What SQLite has rolled back already need not be.
    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "cannot roll a transaction back");
        }
    }
}

/// `None` if no row of SQLite's has such an id.
pub(crate) fn row_number(target: &Target<'_>) -> Option<i64> {
    u64::try_from(target.id.as_u128()).ok().map(u64::cast_signed)
}

/// Binds what an insertion has after the values that every row has: the discriminator and the columns of its variant.
pub(crate) fn bind_columns(
    statement: &mut Statement<'_>,
    table: &Ready,
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
    table: &Ready,
    content: &'a RowContent<SqliteDocument>,
    column: usize,
) -> ToSqlOutput<'a> {
    match content.columns.get(column) {
        Some(value) => encoded(value.as_value_ref(), table.layout.columns[column].form),
        None => encoded(Value::NONE.as_value_ref(), table.layout.columns[column].form),
    }
}
