//! The handle of a table.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use longevity_core::Path;
use longevity_core::table::TableDefinition;
use rusqlite::Connection;

use crate::connection::database::Database;
use crate::encode::sql_functions::Property;
use crate::error::SqliteError;
use crate::schema::create;
use crate::schema::layout::Layout;
use crate::schema::statements::Statements;

/// A table of a model on a [`Sqlite`](crate::Sqlite) database.
pub struct Table {
    pub(crate) definition: Arc<TableDefinition>,
    pub(crate) database: Arc<Database>,
    ready: OnceLock<Arc<Ready>>,
}

/// A table whose schema was read and found complete: all that an operation starts from.
pub(crate) struct Ready {
    pub(crate) definition: Arc<TableDefinition>,
    pub(crate) layout: Layout,
    pub(crate) statements: Statements,
    /// The properties without a column that queries asked for: their numbers, and what they are.
    properties: Mutex<HashMap<Path, Option<Numbered>>>,
}

/// A property and the number that statements call it by.
pub(crate) type Numbered = (usize, Arc<Property>);

impl Table {
    pub(crate) fn new(definition: Arc<TableDefinition>, database: Arc<Database>) -> Self {
        Self { definition, database, ready: OnceLock::new() }
    }

    /// The table, ready for use. Fails until the schema is created: without its keys, the table would take what they
    /// forbid.
    #[inline]
    pub(crate) async fn ready(&self) -> Result<&Arc<Ready>, SqliteError> {
        match self.ready.get() {
            Some(ready) => Ok(ready),
            None => {
                let found = self.database.read(|connection| self.find(connection)).await?;
                Ok(self.ready.get_or_init(|| found))
            }
        }
    }

    /// The same, by this connection, which has just been used or is about to be.
    #[inline]
    pub(crate) fn ready_on(&self, connection: &Connection) -> Result<&Arc<Ready>, SqliteError> {
        match self.ready.get() {
            Some(ready) => Ok(ready),
            None => {
                let found = self.find(connection)?;
                Ok(self.ready.get_or_init(|| found))
            }
        }
    }

    #[cold]
    fn find(&self, connection: &Connection) -> Result<Arc<Ready>, SqliteError> {
        let layout = create::ready(connection, &self.database.site, &self.definition)?;
        let ready = Ready {
            statements: Statements::new(&self.definition, &layout),
            definition: Arc::clone(&self.definition),
            layout,
            properties: Mutex::default(),
        };
        Ok(Arc::new(ready))
    }

    /// Another handle of the same table.
    pub(crate) fn handle(&self) -> Self {
        Self {
            definition: Arc::clone(&self.definition),
            database: Arc::clone(&self.database),
            ready: self.ready.clone(),
        }
    }
}

impl Ready {
    /// The property at a path that has no column; `None` if no variant has it.
    pub(crate) fn property(&self, database: &Database, path: &Path) -> Option<Numbered> {
        let mut properties = self.properties.lock().unwrap_or_else(PoisonError::into_inner);
        // Keys come from anywhere: they are not to be remembered.
        let without_keys = path.entry().map(|_| path.without_keys());
        let path = without_keys.as_ref().unwrap_or(path);
        if let Some(known) = properties.get(path) {
            return known.clone();
        }
        let found = Property::of(&self.definition, path).map(|property| database.properties.number(property));
        properties.insert(path.clone(), found.clone());
        found
    }

    /// The position of the variant with this discriminator.
    pub(crate) fn variant(&self, discriminator: Option<&str>) -> Option<usize> {
        self.definition.position(discriminator)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.definition.name).finish()
    }
}
