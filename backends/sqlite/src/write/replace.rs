//! Replacing a row. Only the columns that change are written, because each costs an entry in every index that it is in.

use longevity_core::RowContent;
use longevity_core::backend::{Target, WriteFailure};

use crate::encode::column_value::is_same;
use crate::encode::document::SqliteDocument;
use crate::error::is_duplicate;
use crate::schema::ready_table::ReadyTable;
use crate::write::row_writer::{RowWriter, column_value, row_number};

impl RowWriter<'_> {
    pub(crate) fn replace(
        &mut self,
        table: &ReadyTable,
        target: &Target<'_>,
        content: &RowContent<SqliteDocument>,
    ) -> Result<u64, WriteFailure> {
        let discriminator = content.discriminator.as_deref();
        let Some(variant) = table.variant(discriminator) else { return Err(self.stranger(table, discriminator)) };
        let Some(id) = row_number(target) else { return Err(WriteFailure::Missing) };
        let current = self.current(table, id, discriminator, |stored, column| {
            !is_same(stored, &column_value(table, content, column))
        })?;
        let Some(current) = current else { return Err(WriteFailure::Missing) };
        current.ensure_target(target)?;
        let sql = table.statements.update(variant, &current.changed, current.other_type);
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
            Ok(1) => {
                if !current.other_type {
                    table.statements.learn(variant, &current.changed);
                }
                Ok(current.version.saturating_add(1))
            }
            Ok(_) => Err(WriteFailure::Missing),
            Err(error) => Err(self.refused(table, content, Some(id), error)),
        }
    }

    /// Replaces a row by one statement, if it changes the same columns as the last update of its variant. Returns `None`, and
    /// changes nothing, if it changes others, or if the row is not in scope or has another version.
    pub(crate) fn replace_likely(
        &mut self,
        table: &ReadyTable,
        target: &Target<'_>,
        content: &RowContent<SqliteDocument>,
    ) -> Option<Result<u64, WriteFailure>> {
        let discriminator = content.discriminator.as_deref();
        let (id, version, variant) = (row_number(target)?, target.version?, table.variant(discriminator)?);
        if !target.is_in_scope(discriminator) {
            return None;
        }
        let likely = table.statements.likely(variant);
        let run = || {
            let mut statement = self.connection.prepare_cached(&likely.sql)?;
            statement.raw_bind_parameter(1, content.doc.as_str())?;
            statement.raw_bind_parameter(2, content.written_at.map(|at| at.to_string()))?;
            statement.raw_bind_parameter(3, id)?;
            statement.raw_bind_parameter(4, version.cast_signed())?;
            let mut next = 5;
            if table.layout.has_type {
                statement.raw_bind_parameter(next, discriminator)?;
                next += 1;
            }
            for column in &table.statements.inserts[variant].columns {
                statement.raw_bind_parameter(next, column_value(table, content, *column))?;
                next += 1;
            }
            statement.raw_execute()
        };
        match run() {
            Ok(0) => None,
            Ok(_) => Some(Ok(version.saturating_add(1))),
            // The caller repeats it in a transaction, where no other process can write before the key is looked up.
            Err(error) if is_duplicate(&error) => None,
            Err(error) => Some(Err(self.failed(table, error))),
        }
    }
}
