//! The connection that writes, leased to one task: for as long as a transaction takes, also while that waits for something else.
//!
//! A task that wants it claims it, and waits as a future does. So do all other writes meanwhile, and in a database in memory, which has
//! one connection, all other reads. A task that waits for its own transaction would wait for ever, so each wait has a limit, the
//! `busy_timeout`.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_channel::oneshot;
use rusqlite::Connection;

use crate::connection::database::Database;
use crate::connection::open::Patient;
use crate::error::SqliteError;
use crate::write::job::begin;
use crate::writer::deadline::Wait;
use crate::writer::queue::watch;

/// The connection. Dropped, it is given back as it was: what is open on it is rolled back.
pub(crate) struct Lease {
    database: Arc<Database>,
}

impl Lease {
    /// Waits for the connection.
    pub(crate) fn claim(database: &Arc<Database>) -> Claiming {
        Claiming { database: Arc::clone(database), claim: None, to_relax: false }
    }

    /// Waits for the connection, and begins a transaction that writes.
    pub(crate) async fn begin(database: &Arc<Database>) -> Result<Self, SqliteError> {
        let to_relax = database.is_synchronized();
        Claiming { database: Arc::clone(database), claim: None, to_relax }.await?.begun().await
    }

    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.database.writer.leased()
    }

    /// While another process has the lock, a thread waits for it.
    async fn begun(self) -> Result<Self, SqliteError> {
        let begun = self.begin_now();
        let site = &self.database.site;
        if !matches!(begun, Err(SqliteError::Locked { .. })) || site.timeout.is_zero() {
            return begun.map(|()| self);
        }
        let locked = site.locked();
        let (sender, receiver) = oneshot::channel();
        let wait = move || {
            let begun = self.begin_patiently();
            // If the task was dropped, this gives the connection back.
            drop(sender.send(begun.map(|()| self)));
        };
        match std::thread::Builder::new().name("longevity-write".to_owned()).spawn(wait) {
            // If it panicked, nothing is begun.
            Ok(_) => receiver.await.unwrap_or(Err(locked)),
            Err(_) => Err(locked),
        }
    }

    fn begin_now(&self) -> Result<(), SqliteError> {
        let writer = &self.database.writer;
        let (connection, site) = (self.connection(), &self.database.site);
        if self.database.is_synchronized() && writer.syncs.open(&connection) {
            writer.relax(&connection).map_err(|error| site.failed(error))?;
        }
        begin(&connection, site)
    }

    fn begin_patiently(&self) -> Result<(), SqliteError> {
        let site = &self.database.site;
        let patient = Patient::new(self.connection(), site.timeout).map_err(|error| site.failed(error))?;
        begin(&patient, site)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.database.writer.give_back();
    }
}

/// A task that waits for the connection.
pub(crate) struct Claim {
    state: Mutex<State>,
    pub(crate) wait: Wait,
}

enum State {
    Waiting(Waker),
    Expired(SqliteError),
}

impl Claim {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn waker(&self) -> Option<Waker> {
        match &*self.state() {
            State::Waiting(waker) => Some(waker.clone()),
            State::Expired(_) => None,
        }
    }

    /// Its deadline is over. Gives the task to wake.
    #[must_use = "somebody waits"]
    pub(crate) fn expire(&self, error: &SqliteError) -> Option<Waker> {
        match std::mem::replace(&mut *self.state(), State::Expired(error.clone())) {
            State::Waiting(waker) => Some(waker),
            State::Expired(_) => None,
        }
    }

    /// The error, if its deadline is over. If not, `waker` is the one to wake from now on.
    fn expired(&self, waker: &Waker) -> Option<SqliteError> {
        self.wait.polled();
        let mut state = self.state();
        match &mut *state {
            State::Waiting(waiting) => {
                let old = std::mem::replace(waiting, waker.clone());
                // A waker may own whatever it likes: it is dropped outside of the lock.
                drop(state);
                drop(old);
                None
            }
            State::Expired(error) => Some(error.clone()),
        }
    }
}

/// Waits for the connection.
pub(crate) struct Claiming {
    database: Arc<Database>,
    claim: Option<Arc<Claim>>,
    /// Whether the connection is to commit without synchronizing.
    to_relax: bool,
}

impl Claiming {
    /// The connection, if it is free and it is this one's turn.
    fn lease(&self) -> Option<Lease> {
        if !self.database.writer.queue().may_claim(self.claim.as_ref()) {
            return None;
        }
        let is_taken = self.database.writer.take(&self.database, self.to_relax);
        is_taken.then(|| Lease { database: Arc::clone(&self.database) })
    }

    fn withdraw(&mut self) -> bool {
        let Some(claim) = self.claim.take() else { return false };
        self.database.writer.queue().claims.retain(|other| !Arc::ptr_eq(other, &claim));
        true
    }
}

impl Future for Claiming {
    type Output = Result<Lease, SqliteError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(claim) = &self.claim
            && let Some(error) = claim.expired(context.waker())
        {
            self.claim = None;
            self.database.writer.passed_over();
            return Poll::Ready(Err(error));
        }
        let mut lease = self.lease();
        if lease.is_none() && self.claim.is_none() {
            let state = Mutex::new(State::Waiting(context.waker().clone()));
            let claim = Arc::new(Claim { state, wait: Wait::default() });
            self.database.writer.queue().claims.push_back(Arc::clone(&claim));
            self.claim = Some(claim);
            watch(&self.database);
            // It may have become free just before the claim was in the queue.
            lease = self.lease();
        }
        let Some(lease) = lease else { return Poll::Pending };
        self.withdraw();
        Poll::Ready(match self.database.writer.syncs.broken() {
            None => Ok(lease),
            Some(error) => Err(error),
        })
    }
}

impl Drop for Claiming {
    fn drop(&mut self) {
        if self.withdraw() {
            self.database.writer.passed_over();
        }
    }
}

#[cfg(test)]
mod tests {
    use longevity_core::backend::Predicate;
    use longevity_core::backend::{Backend, Session, Target, Transaction, TransactionMode, Write, WriteFailure};
    use longevity_core::{RowId, block_on};
    use smallvec::smallvec;

    use super::*;
    use crate::Sqlite;
    use crate::query::statement_reuse_tests::{content, definition};

    #[test]
    fn whoever_does_not_want_it_any_more_is_forgotten() {
        let sqlite = Sqlite::in_memory();
        let table = block_on(sqlite.open(&[Arc::new(definition())])).unwrap().remove(0);
        let database = &table.database;
        let lease = block_on(Lease::claim(database)).unwrap();
        let mut second = Box::pin(Lease::claim(database));
        assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(database.writer.is_wanted());
        drop(second);
        assert!(!database.writer.is_wanted());
        drop(lease);
        assert!(!database.writer.is_leased());
    }

    /// What a write in a transaction is refused for leaves the transaction as it was.
    #[test]
    fn a_refused_write_is_undone_and_nothing_else() {
        let sqlite = Sqlite::in_memory();
        let table = block_on(sqlite.open(&[Arc::new(definition())])).unwrap().remove(0);
        block_on(sqlite.create_schema(&[&table])).unwrap();
        let tx = block_on(sqlite.begin(TransactionMode::ReadWrite)).unwrap();
        let insert = |name| Write::Insert(content(name, 0));
        block_on(tx.write(&table, smallvec![insert("ann")])).unwrap();
        let target =
            |id| Target { id: RowId::from_u128(id), version: Some(0), scope: None, primary_key: None, before: false };
        let twice = block_on(tx.write(&table, smallvec![insert("bob"), insert("cec"), insert("ann")]));
        assert!(matches!(twice, Err((2, WriteFailure::Duplicate(0)))), "{twice:?}");
        let gone = block_on(tx.write(&table, smallvec![Write::Delete(target(1)), Write::Delete(target(9))]));
        assert!(matches!(gone, Err((1, WriteFailure::Missing))), "{gone:?}");
        assert_eq!(block_on(tx.count(&table, Predicate::True)).unwrap(), 1);
        block_on(tx.write(&table, smallvec![insert("dan")])).unwrap();
        block_on(tx.commit()).unwrap();
        assert_eq!(block_on(sqlite.count(&table, Predicate::True)).unwrap(), 2);
    }
}
