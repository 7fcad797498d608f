//! The one connection that writes, and the queue in front of it.
//!
//! No thread waits for writes. A write is put into the queue and yields, so that others who are ready to write get there too;
//! whoever comes back first takes the connection and everything in the queue, and commits it as one transaction. Many share
//! the cost of a commit. One who is alone yields now and then only, to see whether he still is.
//!
//! Only while another process has the file locked, a thread waits for it, so that those who asked need not: the queue stays as
//! it is until the lock is free.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rusqlite::Connection;
use smallvec::SmallVec;

use crate::database::Database;
use crate::failure::SqliteError;
use crate::ticket::{Ticket, Turn};
use crate::write::{Answer, Begun, Job, begin, run};

/// How many writes one transaction takes.
const BATCH: usize = 1024;
/// How often a write yields at most, until as many are there as were the last time.
const YIELDS: u8 = 32;
/// Who had so many transactions to himself takes himself to be alone, and yields once in so many.
const LOOK: usize = 16;
/// Nobody waits for more than so many.
const CROWD: usize = 64;

pub(crate) struct Writer {
    connection: Mutex<Connection>,
    queue: Mutex<VecDeque<Arc<Ticket>>>,
    /// Whether a thread waits for another process, to do what is in the queue.
    waiting: AtomicBool,
    /// How many were in the last transaction.
    crowd: AtomicUsize,
    /// How many transactions in a row had one alone.
    alone: AtomicUsize,
}

/// The connection, while it is held. Whoever waits for it is told when it is let go.
pub(crate) struct Held<'a> {
    // In this order: first it is free, then they are told. Who came too late to be told finds it free without.
    connection: MutexGuard<'a, Connection>,
    _tell: Tell<'a>,
}

/// Wakes those who wait, when it is dropped.
struct Tell<'a>(&'a Writer);

impl Drop for Tell<'_> {
    fn drop(&mut self) {
        self.0.wake_all();
    }
}

impl Writer {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection: Mutex::new(connection),
            queue: Mutex::default(),
            waiting: AtomicBool::new(false),
            crowd: AtomicUsize::new(0),
            alone: AtomicUsize::new(0),
        }
    }

    /// Waits for the connection.
    pub(crate) fn lock(&self) -> Held<'_> {
        self.held(self.connection.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn try_lock(&self) -> Option<Held<'_>> {
        match self.connection.try_lock() {
            Ok(connection) => Some(self.held(connection)),
            Err(TryLockError::Poisoned(poisoned)) => Some(self.held(poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn held<'a>(&'a self, connection: MutexGuard<'a, Connection>) -> Held<'a> {
        // What a panic left open is undone: what comes next would be acknowledged, and never committed.
        if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "cannot roll a transaction back");
        }
        Held { connection, _tell: Tell(self) }
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Arc<Ticket>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes all who are in the queue: the first to come takes the connection. One alone would not do, for it may never come.
    fn wake_all(&self) {
        let waiting: SmallVec<[Arc<Ticket>; 8]> = self.queue().iter().cloned().collect();
        waiting.iter().filter_map(|ticket| ticket.waker()).for_each(Waker::wake);
    }

    /// Those whose turn it is, and their jobs.
    fn next_turn(&self) -> (Turn, Vec<Job>) {
        let tickets: Vec<_> = {
            let mut queue = self.queue();
            let batch = queue.len().min(BATCH);
            queue.drain(..batch).collect()
        };
        let taken = tickets.into_iter().filter_map(|ticket| ticket.take().map(|job| (ticket, job)));
        let (tickets, jobs) = taken.unzip();
        (Turn(tickets), jobs)
    }

    /// Whether somebody who has yielded so often goes on to write: as many are there as were the last time, or it cannot be
    /// helped. Who was alone for long does not yield at all.
    fn is_gathered(&self, yields: u8) -> bool {
        if yields == 0 {
            let alone = self.alone.load(Ordering::Relaxed);
            return alone >= LOOK && !alone.is_multiple_of(LOOK);
        }
        yields >= YIELDS || self.queue().len() >= self.crowd.load(Ordering::Relaxed).min(CROWD)
    }

    /// Counts who shares a transaction. Off by one at times, which does no harm.
    fn count(&self, jobs: usize) {
        self.crowd.store(jobs, Ordering::Relaxed);
        let alone = if jobs > 1 { 0 } else { self.alone.load(Ordering::Relaxed).wrapping_add(1) };
        self.alone.store(alone, Ordering::Relaxed);
    }

    /// Does what is in the queue, on this thread; gives who is to be told once the connection is free.
    fn drain(&self, database: &Arc<Database>, connection: &mut Connection) -> Vec<Waker> {
        let (turn, jobs) = self.next_turn();
        self.count(jobs.len());
        match run(connection, &database.site, jobs, Begun::Not) {
            Ok(answers) => turn.answer(answers),
            Err(jobs) => {
                let tickets = turn.give_back(jobs);
                let mut queue = self.queue();
                tickets.into_iter().rev().for_each(|ticket| queue.push_front(ticket));
                drop(queue);
                self.wait_elsewhere(database)
            }
        }
    }

    /// Has a thread wait for the other process's lock, for the one that asked may be all that a runtime has.
    fn wait_elsewhere(&self, database: &Arc<Database>) -> Vec<Waker> {
        self.waiting.store(true, Ordering::Release);
        let own = Arc::clone(database);
        let wait = move || own.writer.wait(&own);
        match std::thread::Builder::new().name("longevity-write".to_owned()).spawn(wait) {
            Ok(_) => Vec::new(),
            Err(_) => {
                self.waiting.store(false, Ordering::Release);
                self.next_turn().0.fail(&database.site.locked())
            }
        }
    }

    /// Does what is in the queue when the other process's lock is free. What is dropped until then is not done.
    fn wait(&self, database: &Database) {
        let mut held = self.lock();
        // Said before the connection is free, also by a panic: else nobody would take it any more.
        let waiting = Waiting(&self.waiting);
        let mut wakers = Vec::new();
        let patient = held.busy_timeout(database.site.timeout);
        loop {
            // Who comes while this waits has a wait of his own.
            let first: Vec<_> = self.queue().iter().cloned().collect();
            if first.is_empty() {
                break;
            }
            let begun = patient.as_ref().map_err(|error| SqliteError::Other { reason: error.to_string(), code: None });
            match begun.and_then(|()| begin(&held, &database.site)) {
                Ok(()) => {
                    let (turn, jobs) = self.next_turn();
                    // Nobody else is waited for: what is begun is ended.
                    wakers.extend(match run(&mut held, &database.site, jobs, Begun::Already) {
                        Ok(answers) => turn.answer(answers),
                        Err(_) => turn.fail(&database.site.locked()),
                    });
                    break;
                }
                Err(error) => {
                    self.queue().retain(|ticket| !first.iter().any(|other| Arc::ptr_eq(ticket, other)));
                    wakers.extend(Turn(first).fail(&error));
                }
            }
        }
        if let Err(error) = held.busy_timeout(Duration::ZERO) {
            tracing::warn!(%error, "cannot set the busy timeout");
        }
        drop(waiting);
        drop(held);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// That a thread waits, until it is dropped.
struct Waiting<'a>(&'a AtomicBool);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Deref for Held<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// A write on its way. One that is dropped before its turn is not done; one that is dropped in its turn is.
pub(crate) struct Submission {
    database: Arc<Database>,
    job: Option<Job>,
    ticket: Option<Arc<Ticket>>,
    yields: u8,
}

impl Submission {
    pub(crate) fn new(database: Arc<Database>, job: Job) -> Self {
        Self { database, job: Some(job), ticket: None, yields: 0 }
    }
}

impl Future for Submission {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        if let Some(job) = self.job.take() {
            let ticket = Arc::new(Ticket::new(job, context.waker().clone()));
            self.database.writer.queue().push_back(Arc::clone(&ticket));
            self.ticket = Some(ticket);
        }
        let Some(ticket) = self.ticket.clone() else { return Poll::Pending };
        if let Some(answer) = ticket.fetch(context.waker()) {
            self.ticket = None;
            return Poll::Ready(answer);
        }
        let writer = &self.database.writer;
        // The thread that waits does what is in the queue, and wakes who comes too late for that.
        if writer.waiting.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        if !writer.is_gathered(self.yields) {
            self.yields += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(mut held) = writer.try_lock() else { return Poll::Pending };
        let wakers = writer.drain(&self.database, &mut held);
        // First free, then told: who is told may come at once.
        drop(held);
        wakers.into_iter().for_each(Waker::wake);
        match ticket.fetch(context.waker()) {
            Some(answer) => {
                self.ticket = None;
                Poll::Ready(answer)
            }
            // More were before it than a transaction takes, or another process has the lock.
            None => Poll::Pending,
        }
    }
}

impl Drop for Submission {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        let writer = &self.database.writer;
        writer.queue().retain(|other| !Arc::ptr_eq(other, &ticket));
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
