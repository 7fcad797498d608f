//! The one connection that writes, and the queue in front of it.
//!
//! No thread waits for writes. A write is put into the queue and yields once, so that others who are ready to write get there
//! too; whoever comes back first takes the connection and everything in the queue, and commits it as one transaction. A
//! single writer pays nothing for this, many share the cost of a commit.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rusqlite::Connection;
use smallvec::SmallVec;

use crate::database::Database;
use crate::failure::{Site, SqliteError};
use crate::write::{Answer, Job, Patience, run};

/// How many writes one transaction takes.
const BATCH: usize = 1024;

pub(crate) struct Writer {
    connection: Mutex<Connection>,
    queue: Mutex<VecDeque<Arc<Ticket>>>,
}

/// A write that was handed in.
struct Ticket {
    state: Mutex<State>,
}

enum State {
    /// In the queue: the job, and who waits for it.
    Queued(Job, Waker),
    /// Taken out of the queue, or answered and fetched.
    Taken(Waker),
    Answered(Answer),
    Fetched,
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
        Self { connection: Mutex::new(connection), queue: Mutex::default() }
    }

    /// Waits for the connection.
    pub(crate) fn lock(&self) -> Held<'_> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        Held { connection, _tell: Tell(self) }
    }

    fn try_lock(&self) -> Option<Held<'_>> {
        let connection = match self.connection.try_lock() {
            Ok(connection) => connection,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(Held { connection, _tell: Tell(self) })
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Arc<Ticket>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes all who are in the queue: the first to come takes the connection. One alone would not do, for it may never come.
    fn wake_all(&self) {
        let waiting: SmallVec<[Arc<Ticket>; 8]> = self.queue().iter().cloned().collect();
        waiting.iter().for_each(|ticket| ticket.wake());
    }

    /// Does what is in the queue.
    fn drain(&self, database: &Arc<Database>, connection: &mut Connection) {
        let tickets: Vec<_> = {
            let mut queue = self.queue();
            let batch = queue.len().min(BATCH);
            queue.drain(..batch).collect()
        };
        let (tickets, jobs): (Vec<_>, Vec<_>) =
            tickets.into_iter().filter_map(|ticket| ticket.take().map(|job| (ticket, job))).unzip();
        match run(connection, &database.site, jobs, Patience::None) {
            Ok(answers) => answer(&tickets, answers),
            Err(jobs) => wait_elsewhere(Arc::clone(database), tickets, jobs),
        }
    }
}

fn answer(tickets: &[Arc<Ticket>], answers: Vec<Answer>) {
    for (ticket, answer) in tickets.iter().zip(answers) {
        ticket.answer(answer);
    }
}

/// Does jobs in a thread of their own, when another process's lock comes free: the thread that asked may be all that a
/// runtime has.
fn wait_elsewhere(database: Arc<Database>, tickets: Vec<Arc<Ticket>>, jobs: Vec<Job>) {
    let (own, site) = (tickets.clone(), database.site.clone());
    let wait = move || {
        let mut held = database.writer.lock();
        let waited = held.busy_timeout(database.site.timeout);
        match waited.map(|()| run(&mut held, &database.site, jobs, Patience::Full)) {
            Ok(Ok(answers)) => answer(&tickets, answers),
            Ok(Err(_)) => fail(&tickets, &database.site),
            Err(error) => {
                tracing::warn!(%error, "cannot set the busy timeout");
                fail(&tickets, &database.site);
            }
        }
        if let Err(error) = held.busy_timeout(Duration::ZERO) {
            tracing::warn!(%error, "cannot set the busy timeout");
        }
    };
    if std::thread::Builder::new().name("longevity-write".to_owned()).spawn(wait).is_err() {
        fail(&own, &site);
    }
}

/// Answers that the lock was not to be had.
fn fail(tickets: &[Arc<Ticket>], site: &Site) {
    let locked = || SqliteError::Locked { path: site.path.clone(), timeout: site.timeout };
    tickets.iter().for_each(|ticket| ticket.answer(Err((0, locked().into()))));
}

impl Ticket {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Job> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Fetched) {
            State::Queued(job, waker) => {
                *state = State::Taken(waker);
                Some(job)
            }
            other => {
                *state = other;
                None
            }
        }
    }

    fn answer(&self, answer: Answer) {
        let before = std::mem::replace(&mut *self.state(), State::Answered(answer));
        if let State::Taken(waker) = before {
            waker.wake();
        }
    }

    /// The answer, if there is one; else `waker` is who waits from now on.
    fn fetch(&self, waker: &Waker) -> Option<Answer> {
        let mut state = self.state();
        match &mut *state {
            State::Queued(_, waiting) | State::Taken(waiting) => {
                waiting.clone_from(waker);
                None
            }
            State::Answered(_) | State::Fetched => match std::mem::replace(&mut *state, State::Fetched) {
                State::Answered(answer) => Some(answer),
                _ => None,
            },
        }
    }

    fn wake(&self) {
        let waker = match &*self.state() {
            State::Queued(_, waker) | State::Taken(waker) => waker.clone(),
            State::Answered(_) | State::Fetched => return,
        };
        waker.wake();
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
}

impl Submission {
    pub(crate) fn new(database: Arc<Database>, job: Job) -> Self {
        Self { database, job: Some(job), ticket: None }
    }
}

impl Future for Submission {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        if let Some(job) = self.job.take() {
            let ticket = Arc::new(Ticket { state: Mutex::new(State::Queued(job, context.waker().clone())) });
            self.database.writer.queue().push_back(Arc::clone(&ticket));
            self.ticket = Some(ticket);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(ticket) = self.ticket.clone() else { return Poll::Pending };
        if let Some(answer) = ticket.fetch(context.waker()) {
            self.ticket = None;
            return Poll::Ready(answer);
        }
        let Some(mut held) = self.database.writer.try_lock() else { return Poll::Pending };
        // Nobody else was at work, so the job is in the queue still, if not answered just now.
        self.database.writer.drain(&self.database, &mut held);
        drop(held);
        match ticket.fetch(context.waker()) {
            Some(answer) => {
                self.ticket = None;
                Poll::Ready(answer)
            }
            // More were before it than a transaction takes: whoever waits was woken.
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
