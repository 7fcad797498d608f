//! A single server, which is all that most tests need.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use crate::error::Error;
use crate::find;
use crate::replica_set::ReplicaSet;
use crate::settings::Settings;
use crate::uri::{self, Credentials};

/// A server: either the server that `LONGEVITY_MONGODB_URI` names, or a started server, which is stopped when this is dropped or
/// the process ends. A started server is a replica set of one node, so that there are transactions and change streams, and it
/// accepts fail points (`configureFailPoint`).
///
/// ```
/// # if longevity_mongod::left_out() { return Ok(()) }
/// let server = longevity_mongod::Server::shared()?;
/// assert!(server.uri().starts_with("mongodb"));
/// assert!(server.uri_of("blog").contains("/blog"));
/// # Ok::<(), &longevity_mongod::Error>(())
/// ```
#[derive(Debug)]
pub struct Server {
    uri: String,
    /// The started server, if one was started.
    own: Option<ReplicaSet>,
}

impl Server {
    /// Starts a server for only this caller, in well under a second. If `LONGEVITY_MONGODB_URI` is set, this is that server,
    /// which is shared, so use a database of your own on it.
    ///
    /// # Errors
    ///
    /// Fails if there is no mongod and none can be fetched, and if it does not start within a minute.
    pub fn start() -> Result<Server, Error> {
        Server::builder().start()
    }

    /// The server of this process, which the first call starts. It is never dropped, but it is stopped when the process ends.
    ///
    /// # Errors
    ///
    /// Fails like [`start`](Self::start). Each call returns the same error, without another attempt.
    pub fn shared() -> Result<&'static Server, &'static Error> {
        static SHARED: OnceLock<Result<Server, Error>> = OnceLock::new();
        SHARED.get_or_init(Server::start).as_ref()
    }

    /// A builder for a server with other settings.
    pub fn builder() -> ServerBuilder {
        ServerBuilder { settings: Settings::of(1, false), own: false }
    }

    /// The server's URI, with credentials if it has any.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The same URI with a default database. Its other options are unchanged.
    pub fn uri_of(&self, database: &str) -> String {
        uri::with_database(&self.uri, database)
    }

    /// The process id of a started mongod; `None` for the server of `LONGEVITY_MONGODB_URI`.
    pub fn pid(&self) -> Option<u32> {
        self.own.as_ref()?.members().first()?.pid()
    }

    /// The folder of a started mongod, with its `log`; `None` for the server of `LONGEVITY_MONGODB_URI`.
    pub fn folder(&self) -> Option<PathBuf> {
        Some(self.own.as_ref()?.members().first()?.folder())
    }
}

/// The settings of a [`Server`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ServerBuilder {
    settings: Settings,
    own: bool,
}

impl ServerBuilder {
    /// Starts a server even if `LONGEVITY_MONGODB_URI` names another. This is for tests that make the server fail.
    pub fn of_its_own(mut self) -> Self {
        self.own = true;
        self
    }

    /// Turns on authentication, with one user who has all rights. This implies [`of_its_own`](Self::of_its_own).
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.settings.credentials = Some(Credentials { user: user.into(), password: password.into() });
        self.of_its_own()
    }

    /// Whether writes with the write concern `majority` wait for the disk. The default is `false`, because no test outlives the
    /// machine.
    pub fn journaled_majority(mut self, journaled: bool) -> Self {
        self.settings.journaled_majority = journaled;
        self
    }

    /// The existing folder in which the temporary folder is made. The default is `/dev/shm` if it has more than 1 GiB free, or
    /// else the folder for temporary files.
    pub fn folder_in(mut self, place: impl Into<PathBuf>) -> Self {
        self.settings.place = Some(place.into());
        self
    }

    /// The time limit for each step of the start. The default is 60 seconds.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.settings.time_limit = limit;
        self
    }

    /// Starts the server, unless `LONGEVITY_MONGODB_URI` names one, and waits until it accepts writes.
    ///
    /// # Errors
    ///
    /// Fails like [`Server::start`].
    pub fn start(self) -> Result<Server, Error> {
        if let (false, Some(uri)) = (self.own, find::given_uri()) {
            return Ok(Server { uri, own: None });
        }
        let own = ReplicaSet::start(self.settings)?;
        Ok(Server { uri: own.uri(), own: Some(own) })
    }
}
