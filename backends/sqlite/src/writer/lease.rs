//! The connection that writes, leased to one task for as long as a transaction takes, even while the transaction waits for
//! something else.
//!
//! A task that wants the connection claims it, and waits without blocking its thread. So do all other writes meanwhile, and also
//! all other reads of a database in memory, which has one connection. A task that waits for its own transaction would wait for
//! ever, so each wait has a limit, the `busy_timeout`.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};

use futures_channel::oneshot;
use rusqlite::Connection;

use crate::error::SqliteError;
use crate::write::job::begin;
use crate::writer::claim::Claim;
use crate::writer::patient_connection::PatientConnection;
use crate::writer::watcher::watch;
use crate::writer::write_connection::Writer;

/// The leased connection. When this is dropped, an open transaction is rolled back, and the connection is free again.
pub(crate) struct Lease {
    writer: Arc<Writer>,
}

impl Lease {
    /// Waits for the connection.
    pub(crate) fn claim(writer: &Arc<Writer>) -> Claiming {
        Claiming { writer: Arc::clone(writer), claim: None, to_relax: false }
    }

    /// Waits for the connection, and begins a transaction that writes.
    pub(crate) async fn begin(writer: &Arc<Writer>) -> Result<Self, SqliteError> {
        let to_relax = writer.is_synchronized;
        Claiming { writer: Arc::clone(writer), claim: None, to_relax }.await?.begun().await
    }

    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.writer.leased()
    }

    /// Begins a transaction. While another process has the lock, a thread waits for it.
    async fn begun(self) -> Result<Self, SqliteError> {
        let begun = self.begin_now();
        let site = &self.writer.site;
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
            // If the thread panicked, no transaction has begun.
            Ok(_) => receiver.await.unwrap_or(Err(locked)),
            Err(_) => Err(locked),
        }
    }

    fn begin_now(&self) -> Result<(), SqliteError> {
        let writer = &self.writer;
        let (connection, site) = (self.connection(), &self.writer.site);
        if self.writer.is_synchronized && writer.syncs.open(&connection) {
            writer.relax(&connection).map_err(|error| site.failed(error))?;
        }
        begin(&connection, site)
    }

    fn begin_patiently(&self) -> Result<(), SqliteError> {
        let site = &self.writer.site;
        let patient = PatientConnection::new(self.connection(), site.timeout).map_err(|error| site.failed(error))?;
        begin(&patient, site)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.writer.give_back();
    }
}

/// Waits for the connection.
pub(crate) struct Claiming {
    writer: Arc<Writer>,
    claim: Option<Arc<Claim>>,
    /// Whether the connection is to commit without synchronizing.
    to_relax: bool,
}

impl Claiming {
    /// The connection, if it is free and it is the turn of this claim.
    fn lease(&self) -> Option<Lease> {
        if !self.writer.queue().may_claim(self.claim.as_ref()) {
            return None;
        }
        if !self.writer.take(self.to_relax) {
            return None;
        }
        // A task that has just failed to get the lock did not see a lease, and has no deadline yet.
        watch(&self.writer);
        Some(Lease { writer: Arc::clone(&self.writer) })
    }

    fn withdraw(&mut self) -> bool {
        let Some(claim) = self.claim.take() else { return false };
        self.writer.queue().claims.retain(|other| !Arc::ptr_eq(other, &claim));
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
            self.writer.passed_over();
            return Poll::Ready(Err(error));
        }
        let mut lease = self.lease();
        if lease.is_none() && self.claim.is_none() {
            let claim = Arc::new(Claim::new(context.waker().clone()));
            self.writer.queue().claims.push_back(Arc::clone(&claim));
            self.claim = Some(claim);
            watch(&self.writer);
            // The connection may have become free just before the claim was in the queue.
            lease = self.lease();
        }
        let Some(lease) = lease else { return Poll::Pending };
        self.withdraw();
        Poll::Ready(match self.writer.syncs.broken() {
            None => Ok(lease),
            Some(error) => Err(error),
        })
    }
}

impl Drop for Claiming {
    fn drop(&mut self) {
        if self.withdraw() {
            self.writer.passed_over();
        }
    }
}

#[cfg(test)]
mod tests {
    use longevity_core::backend::Predicate;
    use longevity_core::backend::{Backend, Session, Target, Transaction, TransactionMode, Write, WriteFailure};
    use std::task::Waker;

    use longevity_core::{RowId, block_on};
    use smallvec::smallvec;

    use super::*;
    use crate::Sqlite;
    use crate::test_table::{content, definition};

    #[test]
    fn a_claim_that_is_dropped_leaves_the_queue() {
        let sqlite = Sqlite::in_memory();
        let table = block_on(sqlite.open(&[Arc::new(definition())])).unwrap().remove(0);
        let database = &table.database;
        let lease = block_on(Lease::claim(&database.writer)).unwrap();
        let mut second = Box::pin(Lease::claim(&database.writer));
        assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(database.writer.is_wanted());
        drop(second);
        assert!(!database.writer.is_wanted());
        drop(lease);
        assert!(!database.writer.is_leased());
    }

    #[test]
    fn a_refused_write_leaves_its_transaction_as_it_was() {
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
