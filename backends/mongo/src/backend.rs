//! The back end: the handle of a database, and the operations of core's interface, which other modules carry out.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use longevity_core::backend::{
    AllWritten, Backend, Capabilities, DecodeError, Give, GiveValues, InPlace, Lookup, Predicate, Profile, Select,
    Session, TransactionMode, WriteFailure, Writes, find_values_of_documents,
};
use longevity_core::encoding::{Projection, PropertyReader};
use longevity_core::table::TableDefinition;
use longevity_core::{Encodable, Error, Explanation, Row, Timestamp, Value};

use crate::connection::client::Connections;
use crate::connection::runtime::{self, Within};
use crate::connection::{address, names};
use crate::encode::document::MongoDocument;
use crate::error::MongoError;
use crate::query::stream::Rows;
use crate::query::{explain, filter, read};
use crate::schema::{create, undeclared};
use crate::settings::{Acknowledgement, ReadConcern, Settings};
use crate::table::Table;
use crate::transaction::executor::Executor;
use crate::transaction::session::MongoTransaction;
use crate::write::{dispatch, patch};

/// A MongoDB database on a replica set or a sharded cluster. Clones share its connections.
///
/// No connection is made before the store is opened. This needs MongoDB 6.0 or newer, as a replica set (one member is enough) or
/// a sharded cluster. A standalone server has no transactions, and batches are transactions.
///
/// # How long an operation takes
///
/// If no server can be reached, an operation fails after `serverSelectionTimeoutMS` (30 seconds unless the connection string says
/// otherwise). If a server does not accept a connection, the operation fails after `connectTimeoutMS`. An operation that is under
/// way has no time limit: the driver waits for an answer while the connection is open, and the connection to a primary that
/// hangs, or that silently vanished from the network, can stay open for a long time. Set a limit of your own, as below. The
/// future of any operation can be dropped at any point, which gives up its connection:
///
/// ```
/// use std::time::Duration;
/// # use longevity_core::Error;
///
/// # async fn count() -> Result<u64, Error> { Ok(1) }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// // let count = users.count(User::query());
/// match tokio::time::timeout(Duration::from_secs(5), count()).await {
///     Ok(count) => assert_eq!(count?, 1),
///     Err(_) => println!("no answer yet"),
/// }
/// # Ok::<_, Error>(())
/// # }).unwrap();
/// ```
///
/// A read that was dropped has changed nothing. A write that was dropped may have happened, may happen later, or may never
/// happen: read the row before you write it again. A batch continues on its own until all of it is committed or undone.
///
/// ```
/// use longevity_mongo::{Acknowledgement, Mongo, ReadConcern};
///
/// let careful = Mongo::new("mongodb://localhost/blog?replicaSet=rs0");
/// let quick = careful.clone().acknowledged_by(Acknowledgement::Nodes(1)).read_concern(ReadConcern::Local);
/// assert_eq!(format!("{quick:?}"), "Mongo(localhost/blog)");
/// ```
#[derive(Clone)]
pub struct Mongo {
    pub(crate) settings: Settings,
    pub(crate) connections: Arc<Connections>,
}

impl Mongo {
    /// The database that a [connection string](https://www.mongodb.com/docs/manual/reference/connection-string/) names:
    /// `mongodb://host/database` or `mongodb+srv://host/database`, with credentials and options as usual.
    ///
    /// Its options `w`, `journal`, `readConcernLevel` and `readPreference` are respected. By default, a majority acknowledges
    /// writes, and reads go to the primary and see what a majority has.
    pub fn new(uri: impl Into<String>) -> Self {
        let settings = Settings {
            uri: uri.into(),
            database: None,
            acknowledgement: None,
            read_concern: None,
            validation: false,
            unenforced: BTreeSet::new(),
            batch_size: 4_000,
            rewriting: false,
        };
        Self { connections: Arc::new(Connections::new(settings.clone())), settings }
    }

    /// The same as [`new`](Self::new), but fails immediately if the string does not look like a connection string with a
    /// database.
    ///
    /// ```
    /// use longevity_mongo::Mongo;
    ///
    /// assert!(Mongo::from_uri("mongodb://localhost/blog").is_ok());
    /// let error = Mongo::from_uri("mongodb://ann:secret@localhost").unwrap_err().to_string();
    /// assert!(error.contains("names no database") && !error.contains("secret"));
    /// ```
    pub fn from_uri(uri: &str) -> Result<Self, Error> {
        let mongo = Self::new(uri);
        mongo.database_name()?;
        Ok(mongo)
    }

    /// Uses this database instead of the one in the connection string.
    pub fn database(self, name: impl Into<String>) -> Self {
        self.with(|settings| settings.database = Some(name.into()))
    }

    /// Sets when a write is acknowledged.
    pub fn acknowledged_by(self, acknowledgement: Acknowledgement) -> Self {
        self.with(|settings| settings.acknowledgement = Some(acknowledgement))
    }

    /// Sets which writes a read sees.
    pub fn read_concern(self, read_concern: ReadConcern) -> Self {
        self.with(|settings| settings.read_concern = Some(read_concern))
    }

    /// Sets whether `create_schema` gives each collection a validator (a `$jsonSchema`), so that the server refuses documents of
    /// other programs that this model could not read. Off by default.
    ///
    /// The validator knows the fields of each type, which of them are required, and what they contain. Documents with a
    /// discriminator that the model does not know pass. If the collection has a validator that longevity did not create, that is
    /// an error, and the validator stays. A validator of another version of the model is replaced, so the program that created
    /// the schema last decides which documents pass.
    pub fn validation(self, on: bool) -> Self {
        self.with(|settings| settings.validation = on)
    }

    /// Sets whether `create_schema` may rewrite rows of an older version of the model that lack a field of a new key. Rows that
    /// have the field under an alias (`#[serde(alias = "..")]`) get it under its name, and rows without a field that has a
    /// default (`#[serde(default)]`) get the default. In any key, new or not, a choice under an alias gets its name, because two
    /// names of one choice would be two key values. This model reads the same values from the rows as before. Off by default:
    /// such rows are then an error.
    ///
    /// Stop older programs first: they would no longer find the field, and they would write rows that the key does not cover.
    pub fn rewriting(self, on: bool) -> Self {
        self.with(|settings| settings.rewriting = on)
    }

    /// Accepts that a sharded cluster does not enforce this key. Name the type that declares the key and the property, as in
    /// `User.username`.
    ///
    /// A cluster enforces only keys that include the primary key by which it distributes the rows. `create_schema` refuses other
    /// keys unless they are named here. A replica set enforces every key, and ignores this setting.
    pub fn unenforced_key(self, key: impl Into<String>) -> Self {
        self.with(|settings| {
            settings.unenforced.insert(key.into());
        })
    }

    /// Sets the number of rows of a query or a stream that the server sends at once: 4,000 by default, and at most 100,000. The
    /// server sends fewer if they are large, because it sends at most 16 MiB. A stream keeps no more rows than this in memory.
    pub fn batch_size(self, rows: u32) -> Self {
        self.with(|settings| settings.batch_size = rows.clamp(1, 100_000))
    }

    /// Changes the settings and starts with new connections: existing connections keep their old settings.
    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self.connections = Arc::new(Connections::new(self.settings.clone()));
        self
    }

    /// The database's name.
    pub(crate) fn database_name(&self) -> Result<String, MongoError> {
        address::hosts_and_database(&self.settings).map(|(_, database)| database)
    }
}

/// The hosts and the database, without credentials. An invalid address is not shown at all.
impl fmt::Debug for Mongo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match address::hosts_and_database(&self.settings) {
            Ok((hosts, database)) => write!(f, "Mongo({hosts}/{database})"),
            Err(_) => f.write_str("Mongo(..)"),
        }
    }
}

impl Mongo {
    /// MongoDB's plan for the look-up of a key, given by its position, in one scope or in all.
    pub async fn plan_of_key(&self, table: &Table, lookup: Lookup<'_>) -> Result<Explanation, Error> {
        let ready = table.ready().await?;
        ready.within(async { explain::of_filter(&ready, filter::of_key(&ready, &lookup)?).await }).await
    }
}

impl Session for Mongo {
    type Document = MongoDocument;
    type Table = Table;
    type Rows = Rows;

    async fn write(
        &self,
        table: &Table,
        writes: Writes<'_, MongoDocument>,
    ) -> Result<AllWritten<MongoDocument>, (usize, WriteFailure)> {
        let ready = table.ready().await.map_err(|error| (0, error.into()))?;
        let mut executor = Executor::alone(&ready.connection);
        ready.within(dispatch::write(&ready, &mut executor, writes)).await
    }

    async fn patch(
        &self,
        table: &Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> Result<Option<Row<MongoDocument>>, Error> {
        let ready = table.ready().await?;
        let mut executor = Executor::alone(&ready.connection);
        ready.within(patch::patch(&ready, &mut executor, &lookup, changes, written_at)).await
    }

    async fn get(&self, table: &Table, lookup: Lookup<'_>) -> Result<Option<Row<MongoDocument>>, Error> {
        let ready = table.ready().await?;
        let mut executor = Executor::alone(&ready.connection);
        ready.within(read::get(&ready, &mut executor, &lookup)).await
    }

    async fn find_each(&self, table: &Table, select: Select, give: &mut dyn Give<MongoDocument>) -> Result<(), Error> {
        let ready = table.ready().await?;
        ready.within(read::each(&ready, None, &select, give)).await
    }

    async fn find_values(
        &self,
        table: &Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> Result<(), Error> {
        find_values_of_documents(self, |doc, property| self.read(doc, property), table, select, projection, give).await
    }

    async fn count(&self, table: &Table, predicate: Predicate) -> Result<u64, Error> {
        let ready = table.ready().await?;
        let mut executor = Executor::alone(&ready.connection);
        ready.within(read::count(&ready, &mut executor, &predicate)).await
    }

    async fn exists(&self, table: &Table, predicate: Predicate) -> Result<bool, Error> {
        let ready = table.ready().await?;
        let mut executor = Executor::alone(&ready.connection);
        ready.within(read::exists(&ready, &mut executor, &predicate)).await
    }

    fn stream(&self, table: &Table, select: Select) -> Rows {
        Rows::new(table, None, select)
    }

    async fn explain(&self, table: &Table, select: Select) -> Result<Explanation, Error> {
        let ready = table.ready().await?;
        ready.within(explain::of_select(&ready, &select)).await
    }
}

impl Backend for Mongo {
    type Transaction = MongoTransaction;

    const NAME: &'static str = crate::NAME;

    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn profile(&self) -> Profile {
        Profile { columns: false, limits_levels: true, patches_in_place: true, inserts_with_targets: false }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_atomic_batches().with_explain().with_transactions()
    }

    fn encode<T: Encodable>(&self, value: &T) -> Result<MongoDocument, Error> {
        MongoDocument::encode(value)
    }

    fn decode<T: Encodable>(&self, doc: &MongoDocument) -> Result<T, DecodeError> {
        doc.decode()
    }

    fn read(&self, doc: &MongoDocument, property: &PropertyReader) -> Result<Value, DecodeError> {
        doc.read(property)
    }

    async fn open(&self, definitions: &[Arc<TableDefinition>]) -> Result<Vec<Table>, Error> {
        let database = self.database_name()?;
        names::ensure_database(&database)?;
        definitions.iter().try_for_each(|definition| names::ensure_collection(&database, definition))?;
        // If no server can be reached, `open` fails, rather than the first use.
        self.connections.of(&runtime::current()?).await?;
        let table = |definition| Table::new(Arc::clone(definition), Arc::clone(&self.connections));
        Ok(definitions.iter().map(table).collect())
    }

    /// Creates the tables one after the other, because the server has no transaction for all of them.
    async fn create_schema(&self, tables: &[&Table]) -> Result<(), Error> {
        for table in tables {
            let connection = table.connection().await?;
            connection.within(create::create(&connection, &table.definition)).await?;
        }
        Ok(())
    }

    async fn undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        let ready = table.ready().await?;
        Ok(ready.within(undeclared::undeclared(&ready.connection, &ready.definition, &ready.wanted)).await?)
    }

    async fn drop_undeclared_keys(&self, table: &Table) -> Result<Vec<String>, Error> {
        let ready = table.ready().await?;
        Ok(ready.within(undeclared::drop_undeclared(&ready.connection, &ready.definition, &ready.wanted)).await?)
    }

    async fn begin(&self, mode: TransactionMode) -> Result<MongoTransaction, Error> {
        let connection = self.connections.of(&runtime::current()?).await?;
        connection.settled().await;
        connection.within(MongoTransaction::begin(&connection, mode)).await
    }

    async fn back_off(&self, tries: usize) {
        if let Ok(runtime) = runtime::current() {
            // The timer starts within the runtime.
            Within::new(&runtime, async { tokio::time::sleep(pause(tries)).await }).await;
        }
    }

    /// Runs the future on this thread, and the driver's work in a runtime of our own. The driver needs a runtime, and the caller
    /// may have none, or may be in one that must not be blocked.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        // If our own runtime cannot be started, the operations in the future fail with that error.
        let own = runtime::own().ok();
        let _entered = own.as_ref().map(tokio::runtime::Handle::enter);
        longevity_core::block_on(pin!(future))
    }
}

/// How long a transaction waits before it is tried again. The time is random, so that conflicting transactions do not collide
/// again, and grows with each attempt.
fn pause(tries: usize) -> Duration {
    let most = SHORTEST_PAUSE.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE);
    // The keys of a new hasher are random, and so is its hash.
    let chance = RandomState::new().hash_one(tries) >> 32;
    most.mul_f64(f64::from(u32::try_from(chance).unwrap_or(u32::MAX)) / f64::from(u32::MAX))
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
