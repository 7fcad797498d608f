//! The driver's client, and what the server says about itself.

use std::sync::Arc;

use mongodb::bson::{Document, doc};
use mongodb::error::Error as DriverError;
use mongodb::options::{ClientOptions, ReadConcern as DriverReadConcern, SelectionCriteria, WriteConcern};
use mongodb::{Client, ClientSession, Database};
use tokio::runtime::Handle;

use crate::connection::address::hosts_and_database;
use crate::connection::names;
use crate::connection::runtime::{PerRuntime, Within};
use crate::connection::unfinished::Unfinished;
use crate::error::MongoError;
use crate::settings::{Acknowledgement, ReadConcern, Settings};

/// A client of one database.
pub(crate) struct Connection {
    pub(crate) database: Database,
    pub(crate) client: Client,
    /// The runtime that the client lives in.
    pub(crate) runtime: Handle,
    /// Whether the server is the router of a sharded cluster.
    pub(crate) is_cluster: bool,
    pub(crate) settings: Settings,
    pub(crate) unfinished: Arc<Unfinished>,
}

/// The connections to one database, one for each runtime that uses it. Sockets and timers work only while their runtime runs.
pub(crate) struct Connections {
    settings: Settings,
    each: PerRuntime<Connection>,
    /// The unfinished transactions of all runtimes.
    unfinished: Arc<Unfinished>,
}

impl Connections {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, each: PerRuntime::default(), unfinished: Arc::default() }
    }

    /// The connection of a runtime. The first caller makes it.
    pub(crate) async fn of(&self, runtime: &Handle) -> Result<Arc<Connection>, MongoError> {
        let slot = self.each.slot(runtime);
        let opened = slot.get_or_try_init(|| async {
            let open = Connection::open(&self.settings, runtime.clone(), Arc::clone(&self.unfinished));
            Within::new(runtime, open).await.map(Arc::new)
        });
        Ok(Arc::clone(opened.await?))
    }
}

impl Connection {
    pub(crate) async fn open(
        settings: &Settings,
        runtime: Handle,
        unfinished: Arc<Unfinished>,
    ) -> Result<Self, MongoError> {
        let (_, name) = hosts_and_database(settings)?;
        names::ensure_database(&name)?;
        let parsed = ClientOptions::parse(settings.uri.as_str()).await;
        let mut options = parsed.map_err(|error| MongoError::of_address(&error))?;
        let given = options.write_concern.clone().unwrap_or_default();
        if matches!(settings.acknowledgement, Some(Acknowledgement::Nodes(0)))
            || given.w == Some(mongodb::options::Acknowledgment::Nodes(0))
        {
            return Err(MongoError::InvalidAddress {
                reason:
                    "writes that no member acknowledges (`w=0`) could be lost unnoticed: require one member or more"
                        .to_owned(),
            });
        }
        let nodes = match (settings.acknowledgement, given.w.clone()) {
            (Some(Acknowledgement::Nodes(nodes)), _) => nodes.into(),
            (None, Some(given)) => given,
            _ => mongodb::options::Acknowledgment::Majority,
        };
        let mut write_concern = WriteConcern::builder().w(nodes).build();
        (write_concern.journal, write_concern.w_timeout) = (given.journal, given.w_timeout);
        options.write_concern = Some(write_concern);
        options.read_concern = Some(match (settings.read_concern, options.read_concern.take()) {
            (Some(ReadConcern::Local), _) => DriverReadConcern::local(),
            (Some(ReadConcern::Linearizable), _) => DriverReadConcern::linearizable(),
            (None, Some(given)) => given,
            _ => DriverReadConcern::majority(),
        });
        options.app_name.get_or_insert_with(|| "longevity".to_owned());
        let client = Client::with_options(options).map_err(|error| MongoError::of_address(&error))?;
        let database = client.database(&name);
        let primary = SelectionCriteria::ReadPreference(mongodb::options::ReadPreference::Primary);
        // This first command shows that the server is reachable and accepts the credentials, and reports its kind.
        let hello = database.run_command(doc! { "hello": 1 }).selection_criteria(primary).await;
        let hello = hello.map_err(MongoError::of_read)?;
        let is_cluster = hello.get_str("msg").is_ok_and(|message| message == "isdbgrid");
        if !is_cluster && !hello.contains_key("setName") {
            return Err(MongoError::Standalone);
        }
        Ok(Self { database, client, runtime, is_cluster, settings: settings.clone(), unfinished })
    }

    /// A session for an operation outside of a transaction.
    pub(crate) async fn session(&self) -> Result<ClientSession, DriverError> {
        self.client.start_session().causal_consistency(false).await
    }

    /// Runs a command on the database. Unlike the driver, it also checks whether enough members have the write.
    pub(crate) async fn run(&self, command: Document) -> Result<Document, DriverError> {
        self.run_in(&self.database, command).await
    }

    pub(crate) async fn run_in(&self, database: &Database, command: Document) -> Result<Document, DriverError> {
        let reply = database.run_command(command).await?;
        match reply.get_document("writeConcernError") {
            Ok(error) => {
                let message =
                    error.get_str("errmsg").unwrap_or("the write was not acknowledged as requested").to_owned();
                Err(DriverError::from(std::io::Error::other(message)))
            }
            Err(_) => Ok(reply),
        }
    }

    /// Waits for transactions that were given up and are still being undone.
    #[inline]
    pub(crate) async fn settled(&self) {
        if self.unfinished.are_any() {
            self.within(self.unfinished.settled()).await;
        }
    }

    /// Wraps a future of the driver, so that any thread can poll it.
    pub(crate) fn within<F: Future>(&self, future: F) -> Within<F> {
        Within::new(&self.runtime, future)
    }
}
