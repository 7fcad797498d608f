//! An open transaction: the session that its commands share, and how it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use longevity_core::Error;
use longevity_core::backend::TransactionMode;
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, Timestamp, doc};
use mongodb::error::{Error as DriverError, ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{ReadConcern, ReadPreference, SelectionCriteria};
use tokio::sync::{Mutex, MutexGuard};

use crate::connection::{Connection, PATIENCE};
use crate::executor::Running;
use crate::failure::{MongoError, WRITE_CONCERN_FAILED, code_of};
use crate::step::Step;

/// Before a commit is asked for again.
const PAUSE: Duration = Duration::from_millis(2);
/// How long a command that nobody waits for may take before it is interrupted, so that its transaction can be undone.
const SOON: Duration = Duration::from_millis(100);
/// How long one tries to tell the server that a transaction is undone. It finds out by itself, later.
const UNDOING: Duration = Duration::from_secs(5);

// https://github.com/mongodb/mongo/blob/v8.0/src/mongo/base/error_codes.yml
const SNAPSHOT_TOO_OLD: i32 = 239;
const NO_SUCH_TRANSACTION: i32 = 251;
const EXCEEDED_LIFETIME: i32 = 290;
/// How long the server lets a transaction live, unless it is told otherwise (`transactionLifetimeLimitSeconds`).
const LIFETIME: Duration = Duration::from_secs(60);

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A transaction that sees one moment, and its own writes.
    Transaction,
    /// The same for the writes of one operation, which read what they write alone.
    Batch,
    /// Reads of one moment. It is no transaction of the server's, which would end it after a minute.
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

/// An open transaction. Dropped, it is undone.
pub(crate) struct Open {
    connection: Arc<Connection>,
    kind: Kind,
    begun: Instant,
    /// The session's name on the server.
    id: Document,
    /// Held by an operation while it runs.
    turn: Mutex<()>,
    /// Held by a command while it runs, which may be longer than the operation that sent it.
    session: Arc<Mutex<ClientSession>>,
    is_over: Arc<AtomicBool>,
    /// Whether the server has ended it.
    is_lost: AtomicBool,
}

/// An operation's turn in a transaction.
pub(crate) struct Turn<'a> {
    open: &'a Open,
    _held: MutexGuard<'a, ()>,
}

impl Open {
    pub(crate) async fn begin(connection: &Arc<Connection>, kind: Kind) -> Result<Self, DriverError> {
        // What the address says of reads does not fit transactions, of which the driver would take it.
        let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
        let concern = match kind {
            Kind::Transaction => ReadConcern::snapshot(),
            Kind::Batch => ReadConcern::local(),
            Kind::Snapshot => {
                let moment = moment(connection, primary).await?;
                let start = connection.client.start_session().causal_consistency(false).snapshot(true);
                let session = match moment {
                    Some(moment) => start.snapshot_time(moment).await?,
                    // A router need not say it: then the moment is that of the first read.
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
            turn: Mutex::new(()),
            session: Arc::new(Mutex::new(session)),
            is_over: Arc::default(),
            is_lost: AtomicBool::new(false),
        }
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The turn of an operation, after those that came before.
    pub(crate) async fn turn(&self) -> Result<Turn<'_>, Error> {
        let held = self.turn.lock().await;
        if self.is_over.load(Ordering::SeqCst) {
            return Err(ended());
        }
        if self.is_lost.load(Ordering::SeqCst) {
            return Err(lost());
        }
        Ok(Turn { open: self, _held: held })
    }

    /// Commits it. What the driver says if it fails.
    pub(crate) async fn commit(&self) -> Result<Result<(), DriverError>, Error> {
        // Operations that have begun are part of it.
        let turn = self.turn().await?;
        let Some(()) = self.close() else { return Ok(Ok(())) };
        drop(turn);
        if self.kind == Kind::Snapshot {
            return Ok(Ok(()));
        }
        let (session, connection, id) = (Arc::clone(&self.session), Arc::clone(&self.connection), self.id.clone());
        let work = async move {
            let committed = commit(&mut *session.lock_owned().await, &connection).await;
            if committed.as_ref().is_err_and(|error| error.contains_label(TRANSIENT_TRANSACTION_ERROR)) {
                // It is not committed. The driver takes it for ended, and the server need not have ended it.
                let _ = tokio::time::timeout(UNDOING, kill(&connection, id)).await;
            }
            committed
        };
        Ok(Step::new(&self.connection.runtime, work).awaited(&self.connection.endings).await)
    }

    /// Undoes it, unless its commit has begun. A task goes on with it when this is dropped, and others wait for that.
    pub(crate) fn undo(&self) -> Option<Step<()>> {
        self.close()?;
        if self.kind == Kind::Snapshot {
            return None;
        }
        let (session, connection, id) = (Arc::clone(&self.session), Arc::clone(&self.connection), self.id.clone());
        let work = async move {
            if tokio::time::timeout(UNDOING, undo(session, &connection, id)).await.is_err() {
                tracing::debug!("a transaction is left to the server, which ends it by itself");
            }
        };
        Some(Step::new(&self.connection.runtime, work).awaited(&self.connection.endings))
    }

    /// From here on nothing happens in it. `None` if that was so before.
    fn close(&self) -> Option<()> {
        (!self.is_over.swap(true, Ordering::SeqCst)).then_some(())
    }

    /// Why an operation in it, or its commit, failed without anything having been changed.
    pub(crate) async fn undone(&self, error: DriverError) -> Error {
        if has_outlived(&self.connection, &error, self.begun.elapsed()).await {
            return MongoError::TransactionTooOld.into();
        }
        if self.kind == Kind::Snapshot {
            let is_too_old = code_of(&error) == Some(SNAPSHOT_TOO_OLD);
            return if is_too_old { MongoError::SnapshotTooOld } else { MongoError::of_read(error) }.into();
        }
        if error.contains_label(TRANSIENT_TRANSACTION_ERROR) && !is_waited_for(&error) {
            return Error::TransactionConflict { tries: 1, source: MongoError::of_read(error).into() };
        }
        MongoError::of_read(error).into()
    }

    /// Why its commit failed.
    pub(crate) async fn uncommitted(&self, error: DriverError) -> Error {
        if error.contains_label(TRANSIENT_TRANSACTION_ERROR) {
            return self.undone(error).await;
        }
        MongoError::of_write(error).into()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        drop(self.undo());
    }
}

impl Turn<'_> {
    /// Runs a command in the transaction.
    pub(crate) async fn run<T, C>(&self, command: C) -> Result<T, DriverError>
    where
        T: Send + 'static,
        C: for<'s> FnOnce(&'s mut ClientSession) -> Running<'s, T> + Send + 'static,
    {
        let (session, is_over) = (Arc::clone(&self.open.session), Arc::clone(&self.open.is_over));
        let work = async move {
            let mut session = session.lock_owned().await;
            // Whoever ended it meanwhile was faster: the driver would run the command outside of it.
            if is_over.load(Ordering::SeqCst) {
                return Err(DriverError::custom("the transaction has ended"));
            }
            command(&mut session).await
        };
        Step::new(&self.open.connection.runtime, work).await
    }

    pub(crate) fn is_snapshot(&self) -> bool {
        self.open.kind == Kind::Snapshot
    }

    /// The server has ended it, as it does after each failure.
    pub(crate) fn lose(&self) {
        if !self.is_snapshot() {
            self.open.is_lost.store(true, Ordering::SeqCst);
        }
    }

    /// Why a command failed.
    pub(crate) async fn failed(&self, error: DriverError) -> Error {
        if self.open.is_over.load(Ordering::SeqCst) {
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

/// The server's time: it has done nothing later.
async fn moment(connection: &Connection, primary: SelectionCriteria) -> Result<Option<Timestamp>, DriverError> {
    let mut session = connection.session().await?;
    connection.database.run_command(doc! { "ping": 1 }).selection_criteria(primary).session(&mut session).await?;
    Ok(session.operation_time())
}

/// Commits, and asks again while the answer is not known.
async fn commit(session: &mut ClientSession, connection: &Connection) -> Result<(), DriverError> {
    let started = Instant::now();
    // How long a majority may take, if the user says so: it is not waited for again.
    let has_limit = connection.database.write_concern().is_some_and(|concern| concern.w_timeout.is_some());
    loop {
        match session.commit_transaction().await {
            // Whether it is committed is not known; to commit again is to ask.
            Err(error)
                if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
                    && started.elapsed() < PATIENCE
                    && !is_waited_for(&error)
                    && !(has_limit && code_of(&error) == Some(WRITE_CONCERN_FAILED)) => {}
            answer => return answer,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn undo(session: Arc<Mutex<ClientSession>>, connection: &Connection, id: Document) {
    let session = Arc::clone(&session).lock_owned();
    tokio::pin!(session);
    let mut session = match tokio::time::timeout(SOON, &mut session).await {
        Ok(session) => session,
        Err(_) => {
            // A command that nobody waits for is still on its way.
            kill(connection, id).await;
            session.await
        }
    };
    // The server ends it by itself if this does not arrive.
    let _ = session.abort_transaction().await;
}

/// Ends what the server does in a session.
async fn kill(connection: &Connection, id: Document) {
    let killed = connection.client.database("admin").run_command(doc! { "killSessions": [id] }).await;
    if let Err(error) = killed {
        tracing::debug!(error = %MongoError::of_read(error), "what was given up ends by itself");
    }
}

/// Whether the server ended a transaction for its age: another try would take as long.
pub(crate) async fn has_outlived(connection: &Connection, error: &DriverError, age: Duration) -> bool {
    match code_of(error) {
        // So it says of a statement that runs when the time is over, and does not call it transient.
        Some(EXCEEDED_LIFETIME) => true,
        // And so of one that it ended in between, for whatever reason.
        Some(NO_SUCH_TRANSACTION) => {
            let ask = doc! { "getParameter": 1, "transactionLifetimeLimitSeconds": 1 };
            // Not everybody may ask.
            let reply = connection.client.database("admin").run_command(ask).await.ok();
            let seconds = reply.as_ref().and_then(|reply| match reply.get("transactionLifetimeLimitSeconds") {
                Some(Bson::Int32(seconds)) => u64::try_from(*seconds).ok(),
                Some(Bson::Int64(seconds)) => u64::try_from(*seconds).ok(),
                _ => None,
            });
            age >= seconds.map_or(LIFETIME, Duration::from_secs)
        }
        _ => false,
    }
}

/// Whether there was no server for as long as the user is willing to wait for one.
pub(crate) fn is_waited_for(error: &DriverError) -> bool {
    matches!(*error.kind, ErrorKind::ServerSelection { .. })
}
