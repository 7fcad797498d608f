//! What can go wrong in having a server.

use std::io;
use std::time::Duration;

/// A server could not be had, or does not do what was asked of it. The message is for whoever runs the tests.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no mongod, and none could be fetched.
    #[error(
        "there is no MongoDB for the tests. What was tried:\n{tried}\
         \nWhat you can do, one of:\
         \n  * set LONGEVITY_MONGODB_URI to the URI of a server (a replica set; databases will be made in it and dropped);\
         \n  * put a mongod on the PATH (a replica set of one node is started from it, and stopped);\
         \n  * leave these tests out by name: LONGEVITY_WITHOUT=mongodb"
    )]
    NoMongod {
        /// One line for each way: what was tried, and why it failed.
        tried: String,
    },

    /// A mongod ended while it was to start.
    #[error("mongod ended with exit code {code} while it was to start; the end of its output and of its log:\n{log}")]
    Ended {
        /// Its exit code, as a shell says it.
        code: String,
        /// The last lines of what it printed and of its log.
        log: String,
    },

    /// What was waited for has not come to be.
    #[error("waited {limit:?} for {what}, in vain; the end of the log:\n{log}")]
    TimeLimit {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// The last lines of the log of each server concerned.
        log: String,
    },

    /// The server refuses a command.
    #[error("the server refuses {command}")]
    Command {
        /// What was asked of it.
        command: &'static str,
        /// What the driver says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The operating system refuses something.
    #[error("cannot {what}")]
    Io {
        /// What was to be done.
        what: String,
        /// Why not.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        |source| Error::Io { what: what.into(), source }
    }

    /// For `map_err`.
    pub(crate) fn command(command: &'static str) -> impl FnOnce(mongodb::error::Error) -> Error {
        move |source| Error::Command { command, source: Box::new(source) }
    }
}
