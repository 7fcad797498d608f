//! The one connection that writes, and the queue in front of it.
//!
//! No thread waits for writes. A write is put into the queue and yields, so that others who are ready to write get there too;
//! whoever comes back first takes the connection and everything in the queue, and commits it as one transaction. Many share
//! the cost of a commit. One who is alone yields now and then only, to see whether he still is.
//!
//! Only while another process has the file locked, a thread waits for it, so that those who asked need not: the queue stays as
//! it is until the lock is free. The queue also stays as it is while a transaction has the connection: see [`lease`](crate::lease).

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use smallvec::SmallVec;

use crate::database::Database;
use crate::failure::SqliteError;
use crate::lease::Claim;
use crate::syncs::Syncs;
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
/// How many of those who want the connection for themselves are woken when it is free, if there is somebody who looks whether they
/// come.
const NEXT: usize = 1;
/// How often he looks.
const TICK: Duration = Duration::from_millis(10);
/// How often a write yields to those who want the connection for themselves, who else might never get it.
const COURTESY: u8 = 2;

pub(crate) struct Writer {
    connection: Mutex<Connection>,
    /// Whether somebody has the connection to himself, and not only while he holds its lock. Changed under the lock.
    leased: AtomicBool,
    /// Whether the connection does not synchronize its commits. Changed under the lock.
    relaxed: AtomicBool,
    pub(crate) syncs: Syncs,
    queue: Mutex<Queue>,
    /// Whether a thread waits for another process, to do what is in the queue.
    waiting: AtomicBool,
    /// How many were in the last transaction.
    crowd: AtomicUsize,
    /// How many transactions in a row had one alone.
    alone: AtomicUsize,
}

/// Those who wait for the connection.
#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) writes: VecDeque<Arc<Ticket>>,
    /// Those who want it for themselves.
    pub(crate) claims: Vec<Arc<Claim>>,
    /// Whether a thread looks after those who wait for too long.
    pub(crate) watched: bool,
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
        self.0.wake();
    }
}

impl Writer {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection: Mutex::new(connection),
            leased: AtomicBool::new(false),
            relaxed: AtomicBool::new(false),
            syncs: Syncs::default(),
            queue: Mutex::default(),
            waiting: AtomicBool::new(false),
            crowd: AtomicUsize::new(0),
            alone: AtomicUsize::new(0),
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
        roll_back(&connection);
        self.restore(&connection);
        Some(Held { connection, _tell: Tell(self) })
    }

    /// From here on, until it is [restored](Self::restore), the connection does not synchronize its commits: whoever commits does.
    pub(crate) fn relax(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.is_relaxed() {
            return Ok(());
        }
        self.relaxed.store(true, Ordering::Release);
        // A statement that was prepared before would do nothing: SQLite does this while it prepares.
        connection.execute_batch("PRAGMA synchronous = NORMAL")
    }

    fn restore(&self, connection: &Connection) {
        if self.is_relaxed() {
            match connection.execute_batch("PRAGMA synchronous = FULL") {
                Ok(()) => self.relaxed.store(false, Ordering::Release),
                Err(error) => tracing::error!(%error, "cannot have commits synchronized again"),
            }
        }
    }

    pub(crate) fn is_relaxed(&self) -> bool {
        self.relaxed.load(Ordering::Acquire)
    }

    pub(crate) fn is_leased(&self) -> bool {
        self.leased.load(Ordering::Acquire)
    }

    /// Takes the connection out of the reach of all others, if it is free; as it is if it is to be relaxed anyway.
    pub(crate) fn take(&self, database: &Arc<Database>, to_relax: bool) -> bool {
        let Some(connection) = self.free() else { return false };
        if self.is_leased() {
            return false;
        }
        roll_back(&connection);
        if !to_relax {
            self.restore(&connection);
        }
        self.leased.store(true, Ordering::Release);
        // Whoever has just tried does not know yet for whom he waits.
        self.watch(database);
        true
    }

    /// The connection, for him who has taken it.
    pub(crate) fn leased(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the connection back, and rolls back what is open on it.
    pub(crate) fn give_back(&self) {
        let connection = self.leased();
        roll_back(&connection);
        self.leased.store(false, Ordering::Release);
        drop(connection);
        self.wake();
    }

    /// Whether anybody wants the connection for himself.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.queue().claims.is_empty()
    }

    /// Sees to it that whoever waits for a leased connection does not wait for ever.
    pub(crate) fn watch(&self, database: &Arc<Database>) {
        let now = Instant::now();
        let mut queue = self.queue();
        let is_to_watch = now.checked_add(database.site.timeout).is_some_and(|deadline| queue.wait_until(deadline));
        if !is_to_watch || queue.watched {
            return;
        }
        let own = Arc::downgrade(database);
        queue.watched =
            std::thread::Builder::new().name("longevity-wait".to_owned()).spawn(move || watch(&own)).is_ok();
        if !queue.watched {
            // Better now than never.
            let expired = queue.expire(None);
            drop(queue);
            expired.fail(&database.site.occupied());
        }
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those who are in the queue: the first to come takes the connection. One alone would not do, for it may never come.
    fn wake(&self) {
        let queue = self.queue();
        let next = if queue.watched { NEXT } else { queue.claims.len() };
        let claims = queue.claims.iter().take(next).filter_map(|claim| claim.waker());
        let wakers: SmallVec<[Waker; 8]> =
            claims.chain(queue.writes.iter().filter_map(|ticket| ticket.waker())).collect();
        drop(queue);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Those whose turn it is, and their jobs.
    fn next_turn(&self) -> (Turn, Vec<Job>) {
        let tickets: Vec<_> = {
            let mut queue = self.queue();
            let batch = queue.writes.len().min(BATCH);
            queue.writes.drain(..batch).collect()
        };
        let taken = tickets.into_iter().filter_map(|ticket| ticket.take().map(|job| (ticket, job)));
        let (tickets, jobs) = taken.unzip();
        (Turn(tickets), jobs)
    }

    /// Whether somebody who has yielded so often goes on to write: as many are there as were the last time, or it cannot be
    /// helped. Who was alone for long does not yield at all.
    fn is_gathered(&self, yields: u8) -> bool {
        if yields < COURTESY && self.is_wanted() {
            return false;
        }
        if yields == 0 {
            let alone = self.alone.load(Ordering::Relaxed);
            return alone >= LOOK && !alone.is_multiple_of(LOOK);
        }
        yields >= YIELDS || self.queue().writes.len() >= self.crowd.load(Ordering::Relaxed).min(CROWD)
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
        if let Some(error) = self.syncs.broken() {
            return turn.fail(&error);
        }
        self.count(jobs.len());
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
    fn wait(&self, database: &Database) {
        let Some(mut held) = self.lock() else {
            // A transaction was faster. What is in the queue goes on after it.
            self.waiting.store(false, Ordering::Release);
            return;
        };
        // Said before the connection is free, also by a panic: else nobody would take it any more.
        let waiting = Waiting(&self.waiting);
        let mut wakers = Vec::new();
        let patient = held.busy_timeout(database.site.timeout);
        loop {
            // Who comes while this waits has a wait of his own.
            let first: Vec<_> = self.queue().writes.iter().cloned().collect();
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
                    self.queue().writes.retain(|ticket| !first.iter().any(|other| Arc::ptr_eq(ticket, other)));
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

/// Undoes what a panic left open, or whoever had it last: what comes next would be acknowledged, and never committed.
fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "cannot roll a transaction back");
    }
}

impl Queue {
    /// Gives those who have none yet a time until which they wait, and says whether anybody has one.
    fn wait_until(&mut self, deadline: Instant) -> bool {
        self.writes.iter().for_each(|ticket| ticket.wait_until(deadline));
        self.claims.iter().for_each(|claim| claim.wait_until(deadline));
        !self.writes.is_empty() || !self.claims.is_empty()
    }

    /// Those who have waited for too long at this moment, or all, who are in the queue no more.
    fn expire(&mut self, now: Option<Instant>) -> Expired {
        let is_over =
            |deadline: Option<Instant>| deadline.is_some_and(|deadline| now.is_none_or(|now| deadline <= now));
        let (over, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.writes).into_iter().partition(|ticket| is_over(ticket.deadline()));
        self.writes = left.into();
        Expired { writes: Turn(over), claims: self.claims.extract_if(.., |claim| is_over(claim.deadline())).collect() }
    }

    /// When the next one will have waited for too long.
    fn next_deadline(&self) -> Option<Instant> {
        let writes = self.writes.iter().filter_map(|ticket| ticket.deadline());
        writes.chain(self.claims.iter().filter_map(|claim| claim.deadline())).min()
    }
}

/// Those who have waited for too long.
struct Expired {
    writes: Turn,
    claims: Vec<Arc<Claim>>,
}

impl Expired {
    fn fail(self, error: &SqliteError) {
        self.writes.fail(error).into_iter().for_each(Waker::wake);
        self.claims.iter().filter_map(|claim| claim.expire()).for_each(Waker::wake);
    }
}

/// Tells those who wait for too long so, until nobody waits any more. Wakes all if those who were woken do not come.
fn watch(database: &Weak<Database>) {
    while let Some(database) = database.upgrade() {
        let writer = &database.writer;
        let now = Instant::now();
        let mut queue = writer.queue();
        let expired = queue.expire(Some(now));
        let next = queue.next_deadline();
        queue.watched = next.is_some();
        let is_free = !writer.is_leased();
        let claims = queue.claims.iter().filter(|_| is_free).filter_map(|claim| claim.waker());
        let left: Vec<Waker> = claims.collect();
        drop(queue);
        left.into_iter().for_each(Waker::wake);
        expired.fail(&database.site.occupied());
        drop(database);
        match next {
            Some(next) => std::thread::sleep(next.saturating_duration_since(now).min(TICK)),
            None => return,
        }
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
            self.database.writer.queue().writes.push_back(Arc::clone(&ticket));
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
        let Some(mut held) = writer.try_lock() else {
            if ticket.deadline().is_none() && writer.is_leased() {
                writer.watch(&self.database);
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
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
