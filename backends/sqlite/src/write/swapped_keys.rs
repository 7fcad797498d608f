//! Rows that swap the values of their keys. SQLite checks a key after each row, and core after all of them.
//!
//! The rows leave the table, and come back with their ids, their versions and the times of their creation. Most changes of
//! several rows do not need this: they are made row by row, and continue here at the first row whose key value is taken.

use longevity_core::RowContent;
use longevity_core::backend::{AllWritten, Before, Target, Write, WriteFailure, Written};
use rusqlite::OptionalExtension;
use rusqlite::types::Value as Owned;

use crate::encode::document::SqliteDocument;
use crate::schema::ready_table::ReadyTable;
use crate::write::row_writer::{RowWriter, bind_columns, row_number};

/// The rest of a write, after all rows that the writes change have left the table.
enum Next<'a> {
    Insert(&'a RowContent<SqliteDocument>),
    ComeBack(RemovedRow, &'a RowContent<SqliteDocument>, Before<SqliteDocument>),
    Nothing(Before<SqliteDocument>),
}

/// A row that has left the table.
struct RemovedRow {
    id: i64,
    version: u64,
    created_at: Owned,
    updated_at: Owned,
}

impl RowWriter<'_> {
    /// Does these writes of a job, the first of which is at position `first`. All of it is in the job's transaction.
    pub(crate) fn write_together(
        &mut self,
        table: &ReadyTable,
        writes: &[Write<'_, SqliteDocument>],
        first: usize,
        written: &mut AllWritten<SqliteDocument>,
    ) -> Result<(), (usize, WriteFailure)> {
        let mut all = Vec::with_capacity(writes.len());
        for (position, write) in (first..).zip(writes) {
            let next = match write {
                Write::Insert(content) => Ok(Next::Insert(content)),
                Write::Delete(target) => self
                    .before(table, target)
                    .and_then(|before| self.delete(table, target).map(|()| Next::Nothing(before))),
                Write::Replace(target, content) => self.before(table, target).and_then(|before| {
                    self.leave(table, target).map(|removed| Next::ComeBack(removed, content, before))
                }),
            };
            all.push(next.map_err(|failure| (position, failure))?);
        }
        for (position, next) in (first..).zip(all) {
            let done = match next {
                Next::Insert(content) => self.insert(table, content, None).map(Written::Inserted),
                Next::ComeBack(removed, content, before) => {
                    self.come_back(table, &removed, content).map(|version| Written::Replaced(version, before))
                }
                Next::Nothing(before) => Ok(Written::Deleted(before)),
            };
            written.push(done.map_err(|failure| (position, failure))?);
        }
        Ok(())
    }

    fn leave(&mut self, table: &ReadyTable, target: &Target<'_>) -> Result<RemovedRow, WriteFailure> {
        let id = row_number(target).ok_or(WriteFailure::Missing)?;
        let current = self.current(table, id, None, |_, _| false)?.ok_or(WriteFailure::Missing)?;
        current.ensure_target(target)?;
        let times = || {
            let mut statement = self.connection.prepare_cached(&table.statements.times)?;
            statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        };
        let (created_at, updated_at) =
            times().map_err(|error| self.failed(table, error))?.ok_or(WriteFailure::Missing)?;
        self.delete(table, target)?;
        Ok(RemovedRow { id, version: current.version().wrapping_add(1), created_at, updated_at })
    }

    /// Inserts the row again, and returns its version.
    fn come_back(
        &mut self,
        table: &ReadyTable,
        removed: &RemovedRow,
        content: &RowContent<SqliteDocument>,
    ) -> Result<u64, WriteFailure> {
        let discriminator = content.discriminator.as_deref();
        let Some(variant) = table.variant(discriminator) else { return Err(self.stranger(table, discriminator)) };
        let insert = &table.statements.inserts[variant];
        let run = || {
            let mut statement = self.connection.prepare_cached(&insert.again)?;
            statement.raw_bind_parameter(1, content.doc.as_str())?;
            statement.raw_bind_parameter(2, &removed.created_at)?;
            match content.written_at {
                Some(at) => statement.raw_bind_parameter(3, at.to_string())?,
                None => statement.raw_bind_parameter(3, &removed.updated_at)?,
            }
            statement.raw_bind_parameter(4, removed.id)?;
            statement.raw_bind_parameter(5, removed.version.cast_signed())?;
            bind_columns(&mut statement, table, insert, content, 6)?;
            statement.raw_execute()
        };
        run().map(|_| removed.version).map_err(|error| self.refused(table, content, Some(removed.id), error))
    }
}
