//! The connection that writes, for one who has it to himself: for as long as a transaction takes, also while he waits for
//! something else.
//!
//! Whoever wants it claims it and waits as a future does. So do the writes of all others meanwhile, and in a database in memory, which has
//! one connection, their reads. Nobody waits for longer than the `busy_timeout`: who waits for a transaction within which he
//! is himself would wait for ever.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use rusqlite::Connection;

use crate::database::Database;
use crate::failure::SqliteError;
use crate::write::begin;

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
        let lease = Claiming { database: Arc::clone(database), claim: None, to_relax }.await?;
        lease.begun(to_relax).await
    }

    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.database.writer.leased()
    }

    /// While another process has the lock, a thread waits for it.
    async fn begun(self, to_relax: bool) -> Result<Self, SqliteError> {
        let begun = self.begin_now(to_relax);
        let site = &self.database.site;
        if !matches!(begun, Err(SqliteError::Locked { .. })) || site.timeout.is_zero() {
            return begun.map(|()| self);
        }
        let locked = site.locked();
        let (sender, receiver) = oneshot::channel();
        let wait = move || {
            let begun = self.begin_patiently();
            // If nobody waits any more, it is given back.
            drop(sender.send(begun.map(|()| self)));
        };
        match std::thread::Builder::new().name("longevity-write".to_owned()).spawn(wait) {
            Ok(_) => receiver.await.unwrap_or(Err(SqliteError::Panicked)),
            Err(_) => Err(locked),
        }
    }

    fn begin_now(&self, to_relax: bool) -> Result<(), SqliteError> {
        let writer = &self.database.writer;
        if let Some(error) = writer.syncs.broken() {
            return Err(error);
        }
        let (connection, site) = (self.connection(), &self.database.site);
        if to_relax && writer.syncs.open(&connection) {
            writer.relax(&connection).map_err(|error| site.failed(error))?;
        }
        begin(&connection, site)
    }

    fn begin_patiently(&self) -> Result<(), SqliteError> {
        let (connection, site) = (self.connection(), &self.database.site);
        let failed = |error| site.failed(error);
        connection.busy_timeout(site.timeout).map_err(failed)?;
        let begun = begin(&connection, site);
        connection.busy_timeout(Duration::ZERO).map_err(failed)?;
        begun
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.database.writer.give_back();
    }
}

/// One who waits for the connection.
pub(crate) struct Claim {
    state: Mutex<State>,
    deadline: OnceLock<Instant>,
}

enum State {
    Waiting(Waker),
    Expired,
}

impl Claim {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has it wait until then, unless it waits already.
    pub(crate) fn wait_until(&self, deadline: Instant) {
        self.deadline.get_or_init(|| deadline);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.get().copied()
    }

    pub(crate) fn waker(&self) -> Option<Waker> {
        match &*self.state() {
            State::Waiting(waker) => Some(waker.clone()),
            State::Expired => None,
        }
    }

    /// It has waited for too long. Gives who is to be told of that.
    #[must_use = "somebody waits"]
    pub(crate) fn expire(&self) -> Option<Waker> {
        match std::mem::replace(&mut *self.state(), State::Expired) {
            State::Waiting(waker) => Some(waker),
            State::Expired => None,
        }
    }

    /// Whether it has waited for too long; else `waker` is who waits from now on.
    fn is_expired(&self, waker: &Waker) -> bool {
        match &mut *self.state() {
            State::Waiting(waiting) => {
                waiting.clone_from(waker);
                false
            }
            State::Expired => true,
        }
    }
}

/// Waits for the connection. Who is dropped is passed over.
pub(crate) struct Claiming {
    database: Arc<Database>,
    claim: Option<Arc<Claim>>,
    /// Whether the connection is to commit without synchronizing.
    to_relax: bool,
}

impl Claiming {
    fn lease(&self) -> Option<Lease> {
        let is_taken = self.database.writer.take(&self.database, self.to_relax);
        is_taken.then(|| Lease { database: Arc::clone(&self.database) })
    }

    fn withdraw(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.database.writer.queue().claims.retain(|other| !Arc::ptr_eq(other, &claim));
        }
    }
}

impl Future for Claiming {
    type Output = Result<Lease, SqliteError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(claim) = &self.claim
            && claim.is_expired(context.waker())
        {
            return Poll::Ready(Err(self.database.site.occupied()));
        }
        let mut lease = self.lease();
        if lease.is_none() && self.claim.is_none() {
            let state = Mutex::new(State::Waiting(context.waker().clone()));
            let claim = Arc::new(Claim { state, deadline: OnceLock::new() });
            self.database.writer.queue().claims.push(Arc::clone(&claim));
            self.claim = Some(claim);
            // It may have become free before anybody knew who waits for it.
            lease = self.lease();
        }
        let Some(lease) = lease else {
            let writer = &self.database.writer;
            let is_watched = self.claim.as_ref().is_some_and(|claim| claim.deadline().is_some());
            if !is_watched && writer.is_leased() {
                writer.watch(&self.database);
            }
            return Poll::Pending;
        };
        self.withdraw();
        Poll::Ready(Ok(lease))
    }
}

impl Drop for Claiming {
    fn drop(&mut self) {
        self.withdraw();
    }
}

#[cfg(test)]
mod tests {
    use longevity_core::backend::{Backend, Session, Target, Transaction, TransactionMode, Write, WriteFailure};
    use longevity_core::query::Predicate;
    use longevity_core::{RowId, block_on};
    use smallvec::smallvec;

    use super::*;
    use crate::Sqlite;
    use crate::recompiles::{content, definition};

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
        assert_eq!(block_on(tx.count(&table, Predicate::All)).unwrap(), 1);
        block_on(tx.write(&table, smallvec![insert("dan")])).unwrap();
        block_on(tx.commit()).unwrap();
        assert_eq!(block_on(sqlite.count(&table, Predicate::All)).unwrap(), 2);
    }
}
