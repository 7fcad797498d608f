//! The errors of starting and using a server.

use std::io;
use std::time::Duration;

/// A server could not be found or started, or did not do what was requested. The message is for the person who runs the tests.
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
        /// What was tried and why it failed, with a line for each attempt.
        tried: String,
    },

    /// A mongod ended while it was starting.
    #[error("mongod ended with exit code {code} while it was starting; the end of its output and of its log:\n{log}")]
    Ended {
        /// Its exit code, as a shell reports it.
        code: String,
        /// The last lines of what it printed and of its log.
        log: String,
    },

    /// A condition was not met within the time limit.
    #[error("waited {limit:?} in vain for {what}; the end of the log:\n{log}")]
    TimeLimit {
        /// The condition.
        what: String,
        /// The time limit.
        limit: Duration,
        /// The last lines of the log of each server concerned.
        log: String,
    },

    /// The server refuses a command.
    #[error("the server refuses {command}")]
    Command {
        /// The command.
        command: &'static str,
        /// The driver's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The operating system refuses something.
    #[error("cannot {what}")]
    Io {
        /// What was attempted.
        what: String,
        /// The operating system's error.
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
