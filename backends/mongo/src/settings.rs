//! Which database, and how it is used.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use longevity_core::Error;

use crate::connection::address::Address;
use crate::connection::client::Connections;
use crate::error::MongoError;

/// A MongoDB database on a replica set or a sharded cluster. Clones share its connections.
///
/// Nothing is connected before the store is opened. Needs MongoDB 6.0 or newer, as a replica set (of one member, if need be) or
/// a cluster: a standalone server has no transactions, which batches are.
///
/// # How long an operation takes
///
/// A server that cannot be reached is an error after `serverSelectionTimeoutMS` (30 seconds unless the connection string says
/// otherwise), one that does not accept a connection after `connectTimeoutMS`. What is under way has no end of its own: the
/// driver waits for an answer as long as the connection stands, and that of a primary that hangs, or of one that vanished from
/// the network without a word, may stand for long. Bound it from outside. Every future of an operation may be dropped at any
/// point, which gives its connection up:
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
/// A read that was given up has done nothing. A write that was given up may have happened, may happen later, or never: read the
/// row before it is written again. A batch goes on by itself until it is committed or undone, in whole.
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

#[derive(Clone)]
pub(crate) struct Settings {
    /// May hold credentials.
    pub(crate) uri: String,
    pub(crate) database: Option<String>,
    pub(crate) acknowledgement: Option<Acknowledgement>,
    pub(crate) read_concern: Option<ReadConcern>,
    pub(crate) validation: bool,
    pub(crate) unenforced: BTreeSet<String>,
    pub(crate) batch_size: u32,
    pub(crate) rewriting: bool,
}

/// How many members of the replica set have a write when it is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Acknowledgement {
    /// More than half, on their disks: the write survives the loss of any member (`w: "majority"`).
    #[default]
    Majority,
    /// So many. With 1 a write that the primary acknowledged is undone if it fails before another has it (`w: 1`).
    Nodes(u32),
}

/// Which writes a read sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadConcern {
    /// Those that more than half of the members have, and that therefore stay. A read may not see the write before it if fewer
    /// acknowledged that, or if the primary changed in between and the new one does not know yet what the others have.
    #[default]
    Majority,
    /// Those that the member has.
    Local,
    /// As `Majority`, and of a query for one row all that was acknowledged before it began, whatever happened to the primary.
    /// A read waits for the other members, for ever if too few are there.
    Linearizable,
}

impl Mongo {
    /// The database that a [connection string](https://www.mongodb.com/docs/manual/reference/connection-string/) names:
    /// `mongodb://host/database`, `mongodb+srv://host/database`, with credentials and options as everywhere.
    ///
    /// What it says of `w`, `journal`, `readConcernLevel` and `readPreference` holds; where it says nothing, writes are
    /// acknowledged by a majority, and reads are from the primary and see what a majority has.
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

    /// The same, for a text that should be a connection string with a database in it: whether it looks like one is said at
    /// once.
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

    /// Another database than the one that the connection string names, if it names one.
    pub fn database(self, name: impl Into<String>) -> Self {
        self.with(|settings| settings.database = Some(name.into()))
    }

    /// When a write is acknowledged.
    pub fn acknowledged_by(self, acknowledgement: Acknowledgement) -> Self {
        self.with(|settings| settings.acknowledgement = Some(acknowledgement))
    }

    /// Which writes a read sees.
    pub fn read_concern(self, read_concern: ReadConcern) -> Self {
        self.with(|settings| settings.read_concern = Some(read_concern))
    }

    /// Whether `create_schema` gives each collection a validator (a `$jsonSchema`), so that the server refuses documents
    /// that other programs write and that this model could not read; off if not set.
    ///
    /// It knows each type's fields, which of them have to be there, and what they hold. Documents with a discriminator that
    /// the model does not know pass. A validator that somebody else made is an error, and stays; one of another version of the
    /// model is replaced, so that the last to create the schema says what passes.
    pub fn validation(self, on: bool) -> Self {
        self.with(|settings| settings.validation = on)
    }

    /// Whether `create_schema` may rewrite rows of an older version of the model that lack a field of a new key: those that have
    /// it under an alias (`#[serde(alias = "..")]`) get it under its name, those that have it by default (`#[serde(default)]`)
    /// get the default. Those that have a choice in a key, new or not, under an alias of the choice get its name: two names of
    /// one choice would be two keys. This model reads the same from them as before; off if not set, and then such rows are an
    /// error.
    ///
    /// An older program that still runs does not find the field any more, and writes rows that the key does not see: stop it
    /// first.
    pub fn rewriting(self, on: bool) -> Self {
        self.with(|settings| settings.rewriting = on)
    }

    /// Accepts that a sharded cluster does not enforce this key: `User.username`, the type that declares it and its property.
    ///
    /// A cluster enforces only keys that hold the primary key by which it spreads the rows. `create_schema` refuses the others
    /// unless they are named here; on a replica set every key is enforced, and this says nothing.
    pub fn unenforced_key(self, key: impl Into<String>) -> Self {
        self.with(|settings| {
            settings.unenforced.insert(key.into());
        })
    }

    /// How many rows of a query or a stream the server sends at once, up to 100,000; 4,000 if not set, or fewer where they are
    /// large: the server sends at most 16 MiB. A stream holds no more of them in memory.
    pub fn batch_size(self, rows: u32) -> Self {
        self.with(|settings| settings.batch_size = rows.clamp(1, 100_000))
    }

    /// Another database handle: this one's connections, if there are any, keep their settings.
    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self.connections = Arc::new(Connections::new(self.settings.clone()));
        self
    }

    /// The database's name.
    pub(crate) fn database_name(&self) -> Result<String, MongoError> {
        self.settings.place().map(|(_, database)| database)
    }
}

impl Settings {
    /// The hosts, and the database.
    pub(crate) fn place(&self) -> Result<(String, String), MongoError> {
        let Address { hosts, database } = Address::of(&self.uri)?;
        match self.database.clone().or(database) {
            Some(database) => Ok((hosts, database)),
            None => Err(MongoError::NoDatabase),
        }
    }
}

/// Where it is, without credentials; of what is no address, nothing.
impl fmt::Debug for Mongo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.settings.place() {
            Ok((hosts, database)) => write!(f, "Mongo({hosts}/{database})"),
            Err(_) => f.write_str("Mongo(..)"),
        }
    }
}
