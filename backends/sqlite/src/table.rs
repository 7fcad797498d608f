//! The handle of a table.

use std::fmt;
use std::sync::{Arc, OnceLock};

use longevity_core::table::{Scope, TableDefinition};
use rusqlite::Connection;

use crate::connection::database::Database;
use crate::error::SqliteError;
use crate::schema::comparison;
use crate::schema::ready_table::ReadyTable;

/// A table of a model on a [`Sqlite`](crate::Sqlite) database.
pub struct Table {
    pub(crate) definition: Arc<TableDefinition>,
    pub(crate) database: Arc<Database>,
    /// The keys whose rows in a scope are the targets of references.
    pub(crate) referred: Arc<[(usize, Scope)]>,
    ready: OnceLock<Arc<ReadyTable>>,
}

impl Table {
    pub(crate) fn new(
        definition: Arc<TableDefinition>,
        database: Arc<Database>,
        referred: Arc<[(usize, Scope)]>,
    ) -> Self {
        Self { definition, database, referred, ready: OnceLock::new() }
    }

    /// The table, ready for use. Fails until the schema is created, because without its keys the table would accept rows that
    /// they forbid.
    #[inline]
    pub(crate) async fn ready(&self) -> Result<&Arc<ReadyTable>, SqliteError> {
        match self.ready.get() {
            Some(ready) => Ok(ready),
            None => {
                let found = self.database.read(|connection| self.find(connection)).await?;
                Ok(self.ready.get_or_init(|| found))
            }
        }
    }

    /// The table, ready for use. If its schema has to be read, this connection reads it.
    #[inline]
    pub(crate) fn ready_on(&self, connection: &Connection) -> Result<&Arc<ReadyTable>, SqliteError> {
        match self.ready.get() {
            Some(ready) => Ok(ready),
            None => {
                let found = self.find(connection)?;
                Ok(self.ready.get_or_init(|| found))
            }
        }
    }

    #[cold]
    fn find(&self, connection: &Connection) -> Result<Arc<ReadyTable>, SqliteError> {
        let layout = comparison::ready(connection, &self.database.site, &self.definition)?;
        Ok(Arc::new(ReadyTable::new(Arc::clone(&self.definition), layout)))
    }

    /// Another handle of the same table.
    pub(crate) fn handle(&self) -> Self {
        Self {
            definition: Arc::clone(&self.definition),
            database: Arc::clone(&self.database),
            referred: Arc::clone(&self.referred),
            ready: self.ready.clone(),
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.definition.name).finish()
    }
}
