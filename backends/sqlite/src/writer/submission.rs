//! A write on its way through the queue.
//!
//! No thread waits for writes. A write joins the queue and yields, so that other tasks that are ready to write get there too. The
//! first of them to be polled again takes the connection and everything in the queue, and commits it as one transaction. Many
//! writes share the cost of a commit. A write that is alone yields only now and then, to see whether it still is.
//!
//! While another process has the file locked, a thread waits for that, so that no task has to: the queue stays as it is until the
//! lock is free. The queue also stays as it is while a transaction has the connection: see [`lease`](crate::writer::lease).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use rusqlite::Connection;

use crate::write::job::{Answer, Begun, Job, begin, run};
use crate::writer::patient_connection::PatientConnection;
use crate::writer::ticket::{Ticket, Turn};
use crate::writer::watcher::watch;
use crate::writer::write_connection::Writer;

/// How many writes one transaction takes.
const BATCH: usize = 1024;

/// A write on its way. If it is dropped before its turn, it is not done; if it is dropped in its turn, it is done.
pub(crate) struct Submission {
    writer: Arc<Writer>,
    job: Option<Job>,
    ticket: Option<Arc<Ticket>>,
    yields: u8,
}

impl Submission {
    pub(crate) fn new(writer: Arc<Writer>, job: Job) -> Self {
        Self { writer, job: Some(job), ticket: None, yields: 0 }
    }
}

impl Future for Submission {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        if let Some(job) = self.job.take() {
            let ticket = Arc::new(Ticket::new(job, context.waker().clone()));
            self.writer.queue().writes.push_back(Arc::clone(&ticket));
            self.ticket = Some(ticket);
        }
        let Some(ticket) = self.ticket.clone() else { return Poll::Pending };
        if let Some(answer) = ticket.fetch(context.waker()) {
            self.ticket = None;
            return Poll::Ready(answer);
        }
        let writer = &self.writer;
        if ticket.wait.deadline().is_none() && writer.is_leased() {
            watch(&self.writer);
        }
        // The thread that waits for another process does the writes in the queue, and wakes the tasks that came too late for
        // that. If it is a transaction's turn, the transaction wakes them when it ends.
        if writer.is_waiting() || !writer.queue().may_write() {
            return Poll::Pending;
        }
        if !writer.gathering.is_complete(self.yields, || writer.queue().writes.len()) {
            self.yields += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(mut held) = writer.try_lock() else {
            // It may have been leased just now.
            if ticket.wait.deadline().is_none() && writer.is_leased() {
                watch(&self.writer);
            }
            return Poll::Pending;
        };
        let wakers = writer.drain(&mut held);
        // The connection is free before the tasks are woken, because they may want it at once.
        drop(held);
        wakers.into_iter().for_each(Waker::wake);
        match ticket.fetch(context.waker()) {
            Some(answer) => {
                self.ticket = None;
                Poll::Ready(answer)
            }
            // More writes came before it than one transaction takes, or another process has the lock.
            None => Poll::Pending,
        }
    }
}

impl Drop for Submission {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        let writer = &self.writer;
        writer.queue().writes.retain(|other| !Arc::ptr_eq(other, &ticket));
        writer.passed_over();
    }
}

impl Writer {
    /// The writes whose turn it is, and their jobs.
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

    /// Does the writes in the queue, on this thread. Returns the tasks to wake once the connection is free.
    fn drain(self: &Arc<Self>, connection: &mut Connection) -> Vec<Waker> {
        let (turn, jobs) = self.next_turn();
        if let Some(error) = self.syncs.broken() {
            return turn.fail(&error);
        }
        self.gathering.note(jobs.len());
        match run(connection, &self.site, jobs, Begun::Not) {
            Ok(answers) => turn.answer(answers),
            Err(jobs) => {
                let tickets = turn.give_back(jobs);
                let mut queue = self.queue();
                tickets.into_iter().rev().for_each(|ticket| queue.writes.push_front(ticket));
                drop(queue);
                self.wait_elsewhere()
            }
        }
    }

    /// Has another thread wait for the other process's lock, because this thread may be the only one of a runtime.
    fn wait_elsewhere(self: &Arc<Self>) -> Vec<Waker> {
        self.waiting.store(true, Ordering::Release);
        let own = Arc::clone(self);
        let wait = move || own.wait();
        match std::thread::Builder::new().name("longevity-write".to_owned()).spawn(wait) {
            Ok(_) => Vec::new(),
            Err(_) => {
                self.waiting.store(false, Ordering::Release);
                self.next_turn().0.fail(&self.site.locked())
            }
        }
    }

    /// Does the writes in the queue when the other process's lock is free. A write that is dropped until then is not done.
    fn wait(&self) {
        // The tasks that wait are woken last, even after a panic. Until then they leave the connection to this thread.
        let _waiting = Waiting(self);
        // If a transaction was faster, the writes in the queue follow it.
        let Some(held) = self.lock() else { return };
        let site = &self.site;
        let mut wakers = Vec::new();
        let mut patient = PatientConnection::new(held, site.timeout).map_err(|error| site.failed(error));
        loop {
            // A write that comes while this waits is waited for separately.
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
                    // The transaction has begun, so it waits for no other process any more.
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

/// Notes, until it is dropped, that a thread waits.
struct Waiting<'a>(&'a Writer);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.store(false, Ordering::Release);
        self.0.wake();
    }
}
