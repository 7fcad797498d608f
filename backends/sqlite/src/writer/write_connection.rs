//! The one connection that writes, and the queue in front of it.
//!
//! No thread waits for writes. A write is put into the queue and yields, so that others who are ready to write get there too;
//! whichever is polled again first takes the connection and everything in the queue, and commits it as one transaction. Many share
//! the cost of a commit. A write that is alone yields now and then only, to see whether it still is.
//!
//! While another process has the file locked, a thread waits for that, so that no task has to: the queue stays as it is until the lock is
//! free. The queue also stays as it is while a transaction has the connection: see [`lease`](crate::writer::lease).

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};

use rusqlite::Connection;

use crate::connection::database::Database;
use crate::connection::open::Patient;
use crate::write::job::{Answer, Begun, Job, begin, run};
use crate::writer::group_commit::Crowd;
use crate::writer::queue::{Queue, watch};
use crate::writer::synchronization::Syncs;
use crate::writer::ticket::{Ticket, Turn};

/// How many writes one transaction takes.
const BATCH: usize = 1024;

pub(crate) struct Writer {
    connection: Mutex<Connection>,
    /// Whether reads use it, too.
    only: bool,
    /// Whether a transaction has the connection, which it keeps without holding the lock. Changed under the lock.
    leased: AtomicBool,
    /// Whether the connection does not synchronize its commits. Changed under the lock.
    relaxed: AtomicBool,
    pub(crate) syncs: Syncs,
    queue: Mutex<Queue>,
    /// Whether a thread waits for another process, to do what is in the queue.
    waiting: AtomicBool,
    crowd: Crowd,
}

/// The connection, while its lock is held.
pub(crate) struct Held<'a> {
    // The order matters: the lock is released first, and then the tasks that wait are woken. A task that queues later finds it free.
    connection: MutexGuard<'a, Connection>,
    _tell: Tell<'a>,
}

/// Wakes the tasks that wait, when it is dropped.
struct Tell<'a>(&'a Writer);

impl Drop for Tell<'_> {
    fn drop(&mut self) {
        self.0.wake();
    }
}

impl Writer {
    /// If it is the `only` connection, writes wait for reads, which take it for a moment each.
    pub(crate) fn new(connection: Connection, only: bool) -> Self {
        Self {
            connection: Mutex::new(connection),
            only,
            leased: AtomicBool::new(false),
            relaxed: AtomicBool::new(false),
            syncs: Syncs::default(),
            queue: Mutex::default(),
            waiting: AtomicBool::new(false),
            crowd: Crowd::default(),
        }
    }

    /// Waits for the connection; `None` if it is leased.
    pub(crate) fn lock(&self) -> Option<Held<'_>> {
        self.held(self.connection.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn try_lock(&self) -> Option<Held<'_>> {
        self.held(self.free()?)
    }

    /// The connection, if nobody holds it at the moment.
    fn free(&self) -> Option<MutexGuard<'_, Connection>> {
        if self.only {
            // Many reads could keep it for ever otherwise.
            return (!self.is_leased()).then(|| self.leased());
        }
        match self.connection.try_lock() {
            Ok(connection) => Some(connection),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn held<'a>(&'a self, connection: MutexGuard<'a, Connection>) -> Option<Held<'a>> {
        if self.is_leased() {
            return None;
        }
        self.roll_back(&connection);
        self.restore(&connection);
        Some(Held { connection, _tell: Tell(self) })
    }

    /// Undoes what a panic or a dropped transaction left open: what comes next would be acknowledged, and never committed.
    fn roll_back(&self, connection: &Connection) {
        if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            self.syncs.fail(&format!("a transaction cannot be rolled back: {error}"));
        }
    }

    /// From here on, until it is [restored](Self::restore), the connection does not synchronize its commits: the transactions do.
    pub(crate) fn relax(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.is_relaxed() {
            return Ok(());
        }
        self.relaxed.store(true, Ordering::Release);
        // A statement that was prepared before would do nothing: SQLite does this while it prepares.
        connection.execute_batch("PRAGMA synchronous = NORMAL")
    }

    /// From here on the connection synchronizes its commits. What was committed before is put on the disk first: a failure to write what
    /// comes next would hide that it is missing.
    fn restore(&self, connection: &Connection) {
        if self.is_relaxed() {
            self.syncs.settle();
            match connection.execute_batch("PRAGMA synchronous = FULL") {
                Ok(()) => self.relaxed.store(false, Ordering::Release),
                Err(error) => self.syncs.fail(&error.to_string()),
            }
        }
    }

    pub(crate) fn is_relaxed(&self) -> bool {
        self.relaxed.load(Ordering::Acquire)
    }

    pub(crate) fn is_leased(&self) -> bool {
        self.leased.load(Ordering::Acquire)
    }

    /// Leases the connection if it is free. If it is `to_relax`, it stays as it is, for the caller relaxes it.
    pub(crate) fn take(&self, database: &Arc<Database>, to_relax: bool) -> bool {
        let Some(connection) = self.free() else { return false };
        if self.is_leased() {
            return false;
        }
        self.roll_back(&connection);
        if !to_relax {
            self.restore(&connection);
        }
        self.leased.store(true, Ordering::Release);
        self.queue().leased();
        drop(connection);
        // A task that has just failed to get the lock did not see a lease, and has no deadline yet.
        watch(database);
        true
    }

    /// The connection, for the one that has leased it.
    pub(crate) fn leased(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the connection back, and rolls back what is open on it.
    pub(crate) fn give_back(&self) {
        let connection = self.leased();
        self.roll_back(&connection);
        self.queue().returned();
        self.leased.store(false, Ordering::Release);
        drop(connection);
        self.wake();
    }

    /// Whether no transaction, and no thread that waits for another process, has the connection.
    pub(crate) fn is_free(&self) -> bool {
        !self.is_leased() && !self.is_waiting()
    }

    /// Whether a thread waits for another process.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// Whether any transaction waits for the connection.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.queue().claims.is_empty()
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the tasks whose turn it may be.
    fn wake(&self) {
        let wakers = self.queue().free();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// A task does not wait any more. If it was its turn, the next one has it.
    pub(crate) fn passed_over(&self) {
        if !self.is_leased() {
            self.wake();
        }
    }

    /// Those whose turn it is, and their jobs.
    fn next_turn(&self) -> (Turn, Vec<Job>) {
        let tickets: Vec<_> = {
            let mut queue = self.queue();
            queue.wrote();
            let batch = queue.writes.len().min(BATCH);
            queue.writes.drain(..batch).collect()
        };
        let taken = tickets.into_iter().filter_map(|ticket| ticket.take().map(|job| (ticket, job)));
        let (tickets, jobs) = taken.unzip();
        (Turn(tickets), jobs)
    }

    /// Does what is in the queue, on this thread; gives who is to be told once the connection is free.
    fn drain(&self, database: &Arc<Database>, connection: &mut Connection) -> Vec<Waker> {
        let (turn, jobs) = self.next_turn();
        if let Some(error) = self.syncs.broken() {
            return turn.fail(&error);
        }
        self.crowd.note(jobs.len());
        match run(connection, &database.site, jobs, Begun::Not) {
            Ok(answers) => turn.answer(answers),
            Err(jobs) => {
                let tickets = turn.give_back(jobs);
                let mut queue = self.queue();
                tickets.into_iter().rev().for_each(|ticket| queue.writes.push_front(ticket));
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
    fn wait(&self, database: &Arc<Database>) {
        // Last of all, also after a panic, those who wait are woken: until then they leave the connection to this thread.
        let _waiting = Waiting(self);
        // If a transaction was faster, what is in the queue goes on after it.
        let Some(held) = self.lock() else { return };
        let site = &database.site;
        let mut wakers = Vec::new();
        let mut patient = Patient::new(held, site.timeout).map_err(|error| site.failed(error));
        loop {
            // A write that comes while this waits has a wait of its own.
            let first: Vec<_> = self.queue().writes.iter().cloned().collect();
            if first.is_empty() {
                break;
            }
            let begun = match (&patient, self.syncs.broken()) {
                (Ok(connection), None) => begin(connection, site),
                (Err(error), _) => Err(error.clone()),
                (Ok(_), Some(error)) => Err(error),
            };
            match (begun, &mut patient) {
                (Ok(()), Ok(connection)) => {
                    let (turn, jobs) = self.next_turn();
                    // Nobody else is waited for: what is begun is ended.
                    wakers.extend(match run(connection, site, jobs, Begun::Already) {
                        Ok(answers) => turn.answer(answers),
                        Err(_) => turn.fail(&site.locked()),
                    });
                    break;
                }
                (begun, _) => {
                    let error = begun.err().unwrap_or_else(|| site.locked());
                    self.queue().writes.retain(|ticket| !first.iter().any(|other| Arc::ptr_eq(ticket, other)));
                    wakers.extend(Turn(first).fail(&error));
                }
            }
        }
        drop(patient);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// That a thread waits, until it is dropped.
struct Waiting<'a>(&'a Writer);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.store(false, Ordering::Release);
        self.0.wake();
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
            self.database.writer.queue().writes.push_back(Arc::clone(&ticket));
            self.ticket = Some(ticket);
        }
        let Some(ticket) = self.ticket.clone() else { return Poll::Pending };
        if let Some(answer) = ticket.fetch(context.waker()) {
            self.ticket = None;
            return Poll::Ready(answer);
        }
        let writer = &self.database.writer;
        if ticket.wait.deadline().is_none() && writer.is_leased() {
            watch(&self.database);
        }
        // The thread that waits for another process does what is in the queue, and wakes the tasks that came too late for that. The
        // transaction whose turn it is wakes them when it has ended.
        if writer.is_waiting() || !writer.queue().may_write() {
            return Poll::Pending;
        }
        if !writer.crowd.is_gathered(self.yields, || writer.queue().writes.len()) {
            self.yields += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(mut held) = writer.try_lock() else {
            // It may have been leased just now.
            if ticket.wait.deadline().is_none() && writer.is_leased() {
                watch(&self.database);
            }
            return Poll::Pending;
        };
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
        writer.queue().writes.retain(|other| !Arc::ptr_eq(other, &ticket));
        writer.passed_over();
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
