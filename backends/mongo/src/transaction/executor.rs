//! Runs the commands of an operation: each on its own, or all in the session of a transaction.

use longevity_core::Error;
use mongodb::bson::RawDocumentBuf;
use mongodb::error::Error as DriverError;
use mongodb::{ClientSession, Collection};

use crate::connection::client::Connection;
use crate::error::MongoError;
use crate::table::ReadyTable;
use crate::transaction::open_transaction::Operation;
use crate::transaction::queue::Running;

/// Where the commands of an operation run.
pub(crate) enum Executor<'a> {
    /// Each command on its own, in a session that the first command starts.
    Alone { connection: &'a Connection, session: Option<Box<ClientSession>> },
    /// In a transaction.
    Transaction(Operation<'a>),
}

impl<'a> Executor<'a> {
    /// For an operation outside of a transaction.
    pub(crate) fn alone(connection: &'a Connection) -> Self {
        Self::Alone { connection, session: None }
    }

    /// Runs a command, which owns all that it needs. If this is dropped in a transaction, the next command there [finishes
    /// it](crate::transaction::queue::CommandQueue).
    pub(crate) async fn run<T, C>(&mut self, command: C) -> Result<T, DriverError>
    where
        T: Send + 'static,
        C: for<'s> FnOnce(&'s mut ClientSession) -> Running<'s, T> + Send + 'static,
    {
        match self {
            Self::Alone { connection, session } => {
                let session = match session {
                    Some(session) => session,
                    None => session.insert(Box::new(connection.session().await?)),
                };
                command(session).await
            }
            Self::Transaction(operation) => operation.run(command).await,
        }
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        matches!(self, Self::Transaction(_))
    }

    /// The collection with the read concern of this executor.
    pub(crate) fn collection(&self, table: &ReadyTable) -> Collection<RawDocumentBuf> {
        match self {
            Self::Transaction(operation) if operation.is_snapshot() => table.snapshot_collection.clone(),
            Self::Alone { .. } | Self::Transaction(_) => table.collection.clone(),
        }
    }

    /// The error of a command that only reads.
    pub(crate) async fn read_failed(&self, error: DriverError) -> Error {
        match self {
            Self::Alone { .. } => MongoError::of_read(error).into(),
            Self::Transaction(operation) => operation.failed(error).await,
        }
    }

    /// The error of a command that writes.
    pub(crate) async fn write_failed(&self, error: DriverError) -> Error {
        match self {
            Self::Alone { .. } => MongoError::of_write(error).into(),
            Self::Transaction(operation) => operation.failed(error).await,
        }
    }

    /// Notes that the server refused a row, which ends a transaction.
    pub(crate) fn row_is_refused(&self) {
        if let Self::Transaction(operation) = self {
            operation.lose();
        }
    }
}
