//! Jobs: writes that are done together, in a transaction of their own or in one that they share with other jobs.

use std::sync::Arc;

use longevity_core::backend::{AllWritten, Write, WriteFailure, Writes, Written};
use rusqlite::{Connection, params};
use smallvec::smallvec;

use crate::encode::document::SqliteDocument;
use crate::error::{ErrorSite, SqliteError};
use crate::schema::ready_table::ReadyTable;
use crate::write::row_writer::RowWriter;
use crate::write::targets::Targets;

/// Writes that wait for their turn. Either all of them are done or none.
pub(crate) struct Job {
    pub(crate) table: Arc<ReadyTable>,
    pub(crate) writes: Writes<'static, SqliteDocument>,
    /// The rows that must be there. Otherwise, the first write is [`WriteFailure::Missing`]. Such a job has one write, an insert.
    pub(crate) targets: Option<Targets>,
}

/// The answer to a job. A failure has the position of the write that failed.
pub(crate) type Answer = Result<AllWritten<SqliteDocument>, (usize, WriteFailure)>;

/// Does the jobs, and answers each. Several jobs share a transaction. If it fails as a whole, each job is tried alone, so that a
/// job that fills the disk does not make the others fail.
///
/// If another process has the lock, this does nothing and gives the jobs back.
pub(crate) fn run(
    connection: &mut Connection,
    site: &ErrorSite,
    jobs: Vec<Job>,
    begun: Begun,
) -> Result<Vec<Answer>, Vec<Job>> {
    let mut writing = RowWriter::new(connection, site);
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
        // Another process was faster, and no job waits twice.
        if writing.locked.get() { Err((0, site.locked().into())) } else { writing.alone(job) }
    });
    Ok(one_by_one.collect())
}

/// Begins a transaction that writes.
pub(crate) fn begin(connection: &Connection, site: &ErrorSite) -> Result<(), SqliteError> {
    let run = || connection.prepare_cached("BEGIN IMMEDIATE")?.execute(params![]);
    run().map(drop).map_err(|error| site.failed(error))
}

/// Does the writes in a transaction that continues after them. If they are refused, the transaction is left as it was.
pub(crate) fn in_transaction(
    connection: &mut Connection,
    site: &ErrorSite,
    table: &ReadyTable,
    writes: &[Write<'_, SqliteDocument>],
) -> Answer {
    let mut writing = RowWriter::new(connection, site);
    if let [Write::Replace(target, content)] = writes
        && !target.before
        && let Some(replaced) = writing.replace_likely(table, target, content)
    {
        return replaced.map(|version| smallvec![Written::Replaced(version, None)]).map_err(|failure| (0, failure));
    }
    writing.among_others(table, writes, None).unwrap_or_else(|error| Err((0, error.into())))
}

/// Whether the jobs' transaction is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    Not,
    Already,
}

impl RowWriter<'_> {
    /// Does all jobs in the transaction that was begun; `None` if it failed as a whole, and nothing was done.
    fn together(&mut self, jobs: &[Job]) -> Option<Vec<Answer>> {
        let answers: Option<Vec<_>> = jobs
            .iter()
            .map(|job| {
                self.among_others(&job.table, &job.writes, job.targets.as_ref())
                    .ok()
                    .filter(|_| !self.connection.is_autocommit())
            })
            .collect();
        if answers.is_some() && self.execute("COMMIT").is_ok() {
            return answers;
        }
        self.roll_back();
        None
    }

    /// Does the writes of one job in a transaction with others. A failure such as a full disk may end the whole transaction.
    fn among_others(
        &mut self,
        table: &ReadyTable,
        writes: &[Write<'_, SqliteDocument>],
        targets: Option<&Targets>,
    ) -> Result<Answer, SqliteError> {
        // A statement that fails is undone by SQLite; several need a savepoint.
        let several = writes.len() > 1;
        if several {
            self.execute("SAVEPOINT job")?;
        }
        let answer = self.work(table, writes, targets);
        if several && !self.connection.is_autocommit() {
            if answer.is_err() {
                self.execute("ROLLBACK TO job")?;
            }
            self.execute("RELEASE job")?;
        }
        Ok(answer)
    }

    /// Does the job in a transaction of its own.
    fn alone(&mut self, job: &Job) -> Answer {
        // If `unexplained` kept its value from an earlier job, this job could be done twice.
        self.unexplained = false;
        let is_asked = job.writes.iter().any(Write::wants_before);
        // A single statement is a transaction.
        if let ([Write::Insert(_) | Write::Delete(_)], false) = (job.writes.as_slice(), is_asked) {
            let answer = self.work(&job.table, &job.writes, job.targets.as_ref());
            if answer.is_ok() || !self.unexplained {
                return answer;
            }
            // Another process changed the conflicting row before it could be found. In a transaction it cannot.
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
        let answer = self.work(&job.table, &job.writes, job.targets.as_ref());
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

    fn work(&mut self, table: &ReadyTable, writes: &[Write<'_, SqliteDocument>], targets: Option<&Targets>) -> Answer {
        let mut written = AllWritten::with_capacity(writes.len());
        for (at, write) in writes.iter().enumerate() {
            match self.write(table, write, targets) {
                Ok(done) => written.push(done),
                // A row that a later write changes may have the key value now.
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
        table: &ReadyTable,
        write: &Write<'_, SqliteDocument>,
        targets: Option<&Targets>,
    ) -> Result<Written<SqliteDocument>, WriteFailure> {
        match write {
            Write::Insert(content) => self.insert(table, content, targets).map(Written::Inserted),
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
}
