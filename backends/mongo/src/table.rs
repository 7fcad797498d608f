//! The handle of a table.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use longevity_core::Path;
use longevity_core::table::{Index, TableDefinition};
use mongodb::bson::RawDocumentBuf;
use mongodb::options::{CollectionOptions, ReadConcern as DriverReadConcern};
use mongodb::{Collection, Database};
use tokio::runtime::Handle;

use crate::connection::client::{Connection, Connections};
use crate::connection::runtime::{self, PerRuntime, Within};
use crate::encode::property::Property;
use crate::error::MongoError;
use crate::schema::layout::{self, Wanted};
use crate::schema::{create, sharding};

/// A table of a model on a [`Mongo`](crate::Mongo) database.
#[derive(Clone)]
pub struct Table {
    pub(crate) definition: Arc<TableDefinition>,
    connections: Arc<Connections>,
    ready: Arc<PerRuntime<ReadyTable>>,
}

/// A table whose indexes were read and found complete. Every operation starts from it.
pub(crate) struct ReadyTable {
    pub(crate) definition: Arc<TableDefinition>,
    pub(crate) connection: Arc<Connection>,
    pub(crate) collection: Collection<RawDocumentBuf>,
    /// The same collection with the read concern `snapshot`: all reads in a session see the same moment.
    pub(crate) snapshot_collection: Collection<RawDocumentBuf>,
    /// The names of the database and the collection, as the server writes them in its messages.
    pub(crate) namespace: String,
    pub(crate) database: Database,
    pub(crate) wanted: Vec<Wanted>,
    /// The fields of the primary key by which a cluster routes, in the order of the key's columns. Empty if the server is not a
    /// cluster.
    pub(crate) routing: Vec<String>,
    /// The field that has the values of each column.
    pub(crate) fields: Vec<String>,
    /// The number of rows that the server sends at once.
    pub(crate) batch_size: u32,
    properties: Mutex<HashMap<Path, Option<Arc<Property>>>>,
}

impl Table {
    pub(crate) fn new(definition: Arc<TableDefinition>, connections: Arc<Connections>) -> Self {
        Self { definition, connections, ready: Arc::default() }
    }

    /// The connection of the caller's runtime.
    pub(crate) async fn connection(&self) -> Result<Arc<Connection>, MongoError> {
        self.connections.of(&runtime::current()?).await
    }

    /// The table in the caller's runtime, ready for use. This fails until the schema is created: without its keys, the collection
    /// would accept rows that the keys forbid. Waits for transactions that were given up and are still being undone.
    #[inline]
    pub(crate) async fn ready(&self) -> Result<Arc<ReadyTable>, MongoError> {
        let ready = self.ready_in(&runtime::current()?).await?;
        ready.connection.settled().await;
        Ok(ready)
    }

    /// The table in the runtime of a transaction. This does not wait for other transactions.
    #[inline]
    pub(crate) async fn ready_in(&self, runtime: &Handle) -> Result<Arc<ReadyTable>, MongoError> {
        match self.ready.known(runtime) {
            Some(ready) => Ok(ready),
            None => self.find(runtime).await,
        }
    }

    /// The table in any runtime in which it is ready.
    pub(crate) fn known(&self) -> Option<Arc<ReadyTable>> {
        self.ready.any()
    }

    #[cold]
    async fn find(&self, runtime: &Handle) -> Result<Arc<ReadyTable>, MongoError> {
        let connection = self.connections.of(runtime).await?;
        let find = async {
            connection.within(create::ensure_created(&connection, &self.definition)).await?;
            Ok::<_, MongoError>(Arc::new(ReadyTable::new(Arc::clone(&connection), &self.definition)?))
        };
        Ok(Arc::clone(self.ready.slot(runtime).get_or_try_init(|| find).await?))
    }
}

impl ReadyTable {
    fn new(connection: Arc<Connection>, definition: &Arc<TableDefinition>) -> Result<Self, MongoError> {
        let routing = if connection.is_cluster { layout::shard_key(definition) } else { None };
        Ok(Self {
            collection: connection.database.collection(&definition.name),
            snapshot_collection: connection.database.collection_with_options(
                &definition.name,
                CollectionOptions::builder().read_concern(DriverReadConcern::snapshot()).build(),
            ),
            namespace: format!("{}.{}", connection.database.name(), definition.name),
            database: connection.database.clone(),
            wanted: sharding::enforceable(&connection, definition, layout::wanted(definition))?,
            routing: routing.unwrap_or_default().keys().cloned().collect(),
            fields: definition.columns.iter().map(|column| layout::field_of(definition, column)).collect(),
            batch_size: connection.settings.batch_size,
            definition: Arc::clone(definition),
            properties: Mutex::default(),
            connection,
        })
    }

    /// Wraps a future of the driver, so that any thread can poll it.
    pub(crate) fn within<F: Future>(&self, future: F) -> Within<F> {
        self.connection.within(future)
    }

    /// The property at a path; `None` if no variant has it.
    pub(crate) fn property(&self, path: &Path) -> Option<Arc<Property>> {
        // The keys in such a path come from outside and could be many, so they are not cached.
        if path.entry().is_some() {
            return Property::of(&self.definition, path).map(Arc::new);
        }
        let mut properties = self.properties.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = properties.get(path) {
            return known.clone();
        }
        let found = Property::of(&self.definition, path).map(Arc::new);
        properties.insert(path.clone(), found.clone());
        found
    }

    /// Whether documents have a discriminator.
    pub(crate) fn has_type(&self) -> bool {
        self.definition.discriminators().next().is_some()
    }

    /// The name of the type with this discriminator.
    pub(crate) fn type_name(&self, discriminator: Option<&str>) -> &'static str {
        let variant = self.definition.variant(discriminator);
        variant.map_or(self.definition.type_name, |variant| variant.type_name)
    }

    /// The position of the key on these fields that a row with this discriminator is in.
    pub(crate) fn key_on(&self, fields: &[String], discriminator: Option<&str>) -> Option<usize> {
        layout::key_on(&self.definition, &self.wanted, fields, discriminator)
    }

    /// The keys that are enforced for all rows of this variant, or for all rows of the table.
    pub(crate) fn keys_of(&self, scope: Option<usize>) -> impl Iterator<Item = &Index> {
        let unique = self.wanted.iter().filter(|wanted| wanted.unique);
        let indexes = unique.flat_map(|wanted| &wanted.serves).map(|position| &self.definition.indexes[*position]);
        indexes.filter(move |index| index.scope.is_none_or(|own| Some(own.variant) == scope))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.definition.name).finish()
    }
}
