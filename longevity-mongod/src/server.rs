//! A single server, which is what nearly all tests need.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use crate::error::Error;
use crate::find;
use crate::replica_set::ReplicaSet;
use crate::settings::Settings;
use crate::uri::{self, Credentials};

/// A server: the one that `LONGEVITY_MONGODB_URI` names, or one that was started, which is stopped when this is dropped or the
/// process ends. One that was started is a replica set of one node, so that there are transactions and change streams, and takes
/// fail points (`configureFailPoint`).
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
    /// What was started, if anything was.
    own: Option<ReplicaSet>,
}

impl Server {
    /// A server for the caller alone, in well under a second. That of `LONGEVITY_MONGODB_URI`, if it is set, is everyone's: use
    /// a database of your own on it.
    ///
    /// # Errors
    ///
    /// Where there is no mongod and none can be fetched; where it does not start within a minute.
    pub fn start() -> Result<Server, Error> {
        Server::builder().start()
    }

    /// The server of this process, started by whoever asks first. It is never dropped, and stopped all the same.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start); the same one each time, without another attempt.
    pub fn shared() -> Result<&'static Server, &'static Error> {
        static SHARED: OnceLock<Result<Server, Error>> = OnceLock::new();
        SHARED.get_or_init(Server::start).as_ref()
    }

    /// For a server that is not like all others.
    pub fn builder() -> ServerBuilder {
        ServerBuilder { settings: Settings::of(1, false), own: false }
    }

    /// Its URI, with credentials if it has any.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The same URI with a default database, its other options as they are.
    pub fn uri_of(&self, database: &str) -> String {
        uri::with_database(&self.uri, database)
    }

    /// The process id of the mongod that was started; `None` for one that was given.
    pub fn pid(&self) -> Option<u32> {
        self.own.as_ref()?.members().first()?.pid()
    }

    /// The folder of the mongod that was started, with its `log`; `None` for one that was given.
    pub fn folder(&self) -> Option<PathBuf> {
        Some(self.own.as_ref()?.members().first()?.folder())
    }
}

/// What a [`Server`] is to be like.
#[derive(Clone, Debug)]
#[must_use]
pub struct ServerBuilder {
    settings: Settings,
    own: bool,
}

impl ServerBuilder {
    /// One that is started, whether or not `LONGEVITY_MONGODB_URI` names another: for tests that make it fail.
    pub fn of_its_own(mut self) -> Self {
        self.own = true;
        self
    }

    /// With authentication, and one user, who may do anything. It is always [of its own](Self::of_its_own).
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.settings.credentials = Some(Credentials { user: user.into(), password: password.into() });
        self.of_its_own()
    }

    /// Whether writes with the write concern `majority` wait for the disk. They do not unless said otherwise: no test survives
    /// the machine.
    pub fn journaled_majority(mut self, journaled: bool) -> Self {
        self.settings.journaled_majority = journaled;
        self
    }

    /// In which existing folder the temporary one is made. In `/dev/shm`, unless said otherwise, if it has more than 1 GiB free,
    /// else in the folder for temporary files.
    pub fn folder_in(mut self, place: impl Into<PathBuf>) -> Self {
        self.settings.place = Some(place.into());
        self
    }

    /// For each step of the start. 60 seconds unless said otherwise.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.settings.time_limit = limit;
        self
    }

    /// Starts it, unless it is given, and waits until it takes writes.
    ///
    /// # Errors
    ///
    /// Those of [`Server::start`].
    pub fn start(self) -> Result<Server, Error> {
        if let (false, Some(uri)) = (self.own, find::given_uri()) {
            return Ok(Server { uri, own: None });
        }
        let own = ReplicaSet::start(self.settings)?;
        Ok(Server { uri: own.uri(), own: Some(own) })
    }
}
