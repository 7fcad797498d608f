//! The rows of a query in a snapshot, which are read as they are asked for.

use std::sync::{Arc, PoisonError};

use longevity_core::{Error, Row};

use crate::connection::database::Database;
use crate::encode::document::SqliteDocument;
use crate::encode::row;
use crate::schema::ready_table::ReadyTable;
use crate::transaction::open::{Shared, UsedConnection, ended, lost};

/// The ids of the rows that are still to be read.
pub(crate) struct SnapshotRows {
    pub(crate) database: Arc<Database>,
    pub(crate) table: Arc<ReadyTable>,
    pub(crate) open: Shared,
    pub(crate) ids: std::vec::IntoIter<i64>,
}

impl SnapshotRows {
    /// The next rows, up to this number; none if there are no more.
    pub(crate) fn next(&mut self, rows: usize) -> Vec<Result<Row<SqliteDocument>, Error>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (connection, failure) = match open.as_mut().map(|open| &open.connection) {
            Some(UsedConnection::Copy(connection)) => (connection, None),
            Some(UsedConnection::Reader(connection)) => (connection, connection.is_autocommit().then(lost)),
            Some(UsedConnection::Writer(_)) | None => {
                self.ids = Vec::new().into_iter();
                return vec![Err(ended())];
            }
        };
        let mut found = Vec::with_capacity(rows.min(self.ids.len()));
        let read = failure.map_or(Ok(()), Err).and_then(|()| {
            let failed = |error| Error::from(self.database.site.failed(error));
            let mut statement = connection.prepare_cached(&self.table.statements.by_id).map_err(failed)?;
            for id in self.ids.by_ref().take(rows) {
                found
                    .push(statement.query_row([id], |row| Ok(row::read(&self.table.definition, row))).map_err(failed)?);
            }
            Ok(())
        });
        if let Err(error) = read {
            self.ids = Vec::new().into_iter();
            found.push(Err(error));
        }
        found
    }
}
