//! An open transaction: the session that its commands share. The writes of a batch and the reads of a snapshot use it too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use longevity_core::Error;
use longevity_core::backend::TransactionMode;
use mongodb::ClientSession;
use mongodb::bson::{Document, Timestamp, doc};
use mongodb::error::{Error as DriverError, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{ReadConcern, ReadPreference, SelectionCriteria};
use tokio::sync::{Mutex, MutexGuard};

use crate::connection::client::Connection;
use crate::connection::runtime::Within;
use crate::connection::unfinished::UNDO_TIMEOUT;
use crate::error::{MongoError, SNAPSHOT_TOO_OLD, code_of};
use crate::transaction::commit::{LIFETIME, commit, has_outlived, is_selection_timeout};
use crate::transaction::detach_on_drop::DetachOnDrop;
use crate::transaction::kill_session::{KillOnDrop, REPLY_GRACE};
use crate::transaction::queue::{CommandQueue, Running};

/// The kinds of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A transaction that sees one moment and its own writes.
    Transaction,
    /// The transaction of one batch, which reads only what it writes.
    Batch,
    /// Reads of one moment. This is not a transaction of the server, which would end it after a minute.
    Snapshot,
}

impl From<TransactionMode> for Kind {
    fn from(mode: TransactionMode) -> Self {
        match mode {
            TransactionMode::ReadWrite => Self::Transaction,
            TransactionMode::ReadOnly => Self::Snapshot,
        }
    }
}

/// An open transaction or snapshot. Dropping it undoes it.
pub(crate) struct OpenTransaction {
    connection: Arc<Connection>,
    pub(crate) kind: Kind,
    begun: Instant,
    /// The id of the session on the server.
    id: Document,
    /// An operation that writes holds this, because its commands belong together.
    writing: Mutex<()>,
    commands: CommandQueue,
    /// Whether the server has ended the transaction.
    is_lost: AtomicBool,
}

/// An operation in a transaction.
pub(crate) struct Operation<'a> {
    open: &'a OpenTransaction,
    _writing: Option<MutexGuard<'a, ()>>,
}

impl OpenTransaction {
    pub(crate) async fn begin(connection: &Arc<Connection>, kind: Kind) -> Result<Self, DriverError> {
        // The read preference and read concern in the address do not suit transactions, but the driver would use them.
        let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
        let concern = match kind {
            Kind::Transaction => ReadConcern::snapshot(),
            Kind::Batch => ReadConcern::local(),
            Kind::Snapshot => {
                let moment = moment(connection, primary).await?;
                let start = connection.client.start_session().causal_consistency(false).snapshot(true);
                let session = match moment {
                    Some(moment) => start.snapshot_time(moment).await?,
                    // A router does not always report its time. Then the moment is that of the first read.
                    None => start.await?,
                };
                return Ok(Self::of(connection, kind, session));
            }
        };
        let mut session = connection.session().await?;
        session.start_transaction().selection_criteria(primary).read_concern(concern).await?;
        Ok(Self::of(connection, kind, session))
    }

    fn of(connection: &Arc<Connection>, kind: Kind, session: ClientSession) -> Self {
        Self {
            connection: Arc::clone(connection),
            kind,
            begun: Instant::now(),
            id: session.id().clone(),
            writing: Mutex::new(()),
            commands: CommandQueue::new(session),
            is_lost: AtomicBool::new(false),
        }
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Begins an operation that reads.
    pub(crate) fn reading(&self) -> Result<Operation<'_>, Error> {
        self.ensure_open()?;
        Ok(Operation { open: self, _writing: None })
    }

    /// Begins an operation that writes. Waits for other writes.
    pub(crate) async fn writing(&self) -> Result<Operation<'_>, Error> {
        self.ensure_open()?;
        let held = match self.writing.try_lock() {
            Ok(held) => held,
            Err(_) => {
                // The future of another write may be kept and never polled. That write ends only with the transaction, so this
                // does not wait for longer than a transaction lives.
                let wait = async { tokio::time::timeout(LIFETIME, self.writing.lock()).await };
                Within::new(&self.connection.runtime, wait).await.map_err(|_| MongoError::TransactionTooOld)?
            }
        };
        self.ensure_open()?;
        Ok(Operation { open: self, _writing: Some(held) })
    }

    fn ensure_open(&self) -> Result<(), Error> {
        if self.commands.is_over() {
            Err(ended())
        } else if self.is_lost.load(Ordering::SeqCst) {
            Err(lost())
        } else {
            Ok(())
        }
    }

    /// Commits the transaction. The inner error is the driver's.
    pub(crate) async fn commit(&self) -> Result<Result<(), DriverError>, Error> {
        if self.kind == Kind::Snapshot {
            // A read may continue after its caller is gone.
            drop(self.undo().ok_or_else(ended)?);
            return Ok(Ok(()));
        }
        // A write that has begun is part of the transaction.
        let writing = self.writing().await?;
        if !self.commands.close() {
            return Err(ended());
        }
        drop(writing);
        let (session, connection) = (self.commands.session(), Arc::clone(&self.connection));
        let given_up = KillOnDrop::new(&self.connection, &self.id);
        let work = async move {
            let mut session = session.await;
            let committed = commit(&mut session, &connection).await;
            if committed.as_ref().is_err_and(|error| !error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)) {
                // The driver believes that the transaction has ended. The server may still keep it open.
                let _ = tokio::time::timeout(UNDO_TIMEOUT, given_up.kill()).await;
            }
            given_up.done();
            committed
        };
        Ok(DetachOnDrop::new(&self.connection.runtime, work).awaited(&self.connection.unfinished).await)
    }

    /// Undoes the transaction, unless its commit has begun. If the returned future is dropped, a task finishes it, and other
    /// operations wait for that. No operation waits for a snapshot, which holds no locks.
    pub(crate) fn undo(&self) -> Option<DetachOnDrop<()>> {
        if !self.commands.close() {
            return None;
        }
        let (session, is_snapshot) = (self.commands.session(), self.kind == Kind::Snapshot);
        let given_up = KillOnDrop::new(&self.connection, &self.id);
        let undo = async move {
            tokio::pin!(session);
            let mut session = match tokio::time::timeout(REPLY_GRACE, &mut session).await {
                Ok(session) => session,
                Err(_) => {
                    // A command continues after its caller is gone.
                    given_up.kill().await;
                    session.await
                }
            };
            if !is_snapshot {
                // If this does not arrive, the server ends the transaction itself.
                let _ = session.abort_transaction().await;
            }
            given_up.done();
        };
        let work = async move {
            if tokio::time::timeout(UNDO_TIMEOUT, undo).await.is_err() {
                tracing::debug!("a transaction is left to the server, which ends it");
            }
        };
        let step = DetachOnDrop::new(&self.connection.runtime, work);
        Some(if is_snapshot { step } else { step.awaited(&self.connection.unfinished) })
    }

    /// The error of an operation or a commit that changed nothing.
    pub(crate) async fn undone(&self, error: DriverError) -> Error {
        if has_outlived(&self.connection, &error, self.begun.elapsed()).await {
            return MongoError::TransactionTooOld.into();
        }
        if self.kind == Kind::Snapshot {
            let is_too_old = code_of(&error) == Some(SNAPSHOT_TOO_OLD);
            return if is_too_old { MongoError::SnapshotTooOld } else { MongoError::of_read(error) }.into();
        }
        if error.contains_label(TRANSIENT_TRANSACTION_ERROR) && !is_selection_timeout(&error) {
            return Error::TransactionConflict { tries: 1, source: MongoError::of_read(error).into() };
        }
        MongoError::of_read(error).into()
    }

    /// The error of a commit.
    pub(crate) async fn uncommitted(&self, error: DriverError) -> Error {
        if error.contains_label(TRANSIENT_TRANSACTION_ERROR) {
            return self.undone(error).await;
        }
        MongoError::of_commit(&error).into()
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        drop(self.undo());
    }
}

impl Operation<'_> {
    /// Runs a command.
    pub(crate) async fn run<T, C>(&self, command: C) -> Result<T, DriverError>
    where
        T: Send + 'static,
        C: for<'s> FnOnce(&'s mut ClientSession) -> Running<'s, T> + Send + 'static,
    {
        self.open.commands.run(command).await
    }

    pub(crate) fn is_snapshot(&self) -> bool {
        self.open.kind == Kind::Snapshot
    }

    /// Notes that the server has ended the transaction, as it does after each failure.
    pub(crate) fn lose(&self) {
        if !self.is_snapshot() {
            self.open.is_lost.store(true, Ordering::SeqCst);
        }
    }

    /// The error of an operation whose command failed.
    pub(crate) async fn failed(&self, error: DriverError) -> Error {
        if self.open.commands.is_over() {
            return ended();
        }
        self.lose();
        self.open.undone(error).await
    }
}

#[cold]
fn ended() -> Error {
    Error::TransactionEnded { how: "it was committed or rolled back" }
}

#[cold]
fn lost() -> Error {
    let because = "the server has ended it, as it does when an operation in it fails".to_owned();
    Error::TransactionLost { because }
}

/// The server's current time. The driver does not repeat this command.
async fn moment(connection: &Connection, primary: SelectionCriteria) -> Result<Option<Timestamp>, DriverError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let mut session = connection.session().await?;
        let ask = connection.database.run_command(doc! { "ping": 1 }).selection_criteria(primary.clone());
        match ask.session(&mut session).await {
            Ok(_) => return Ok(session.operation_time()),
            Err(error) if tries > TRIES || is_selection_timeout(&error) => return Err(error),
            Err(error) => {
                tracing::debug!(error = %MongoError::of_read(error), "the server is asked for its time again");
            }
        }
    }
}

/// How often the request for the server's time is repeated.
const TRIES: usize = 2;
