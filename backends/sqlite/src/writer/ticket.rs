//! A write in the queue, and its answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::error::SqliteError;
use crate::write::job::{Answer, Job};
use crate::writer::deadline::Wait;

/// A job in the queue, and the task that waits for it.
pub(crate) struct Ticket {
    state: Mutex<State>,
    pub(crate) wait: Wait,
}

enum State {
    /// In the queue, with the job and the task that waits.
    Queued(Job, Waker),
    /// Out of the queue, because it is its turn.
    Taken(Waker),
    Answered(Answer),
    Fetched,
}

impl Ticket {
    pub(crate) fn new(job: Job, waker: Waker) -> Self {
        Self { state: Mutex::new(State::Queued(job, waker)), wait: Wait::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the job out, because it is its turn.
    pub(crate) fn take(&self) -> Option<Job> {
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

    /// Gives the job back, so that it has another turn.
    pub(crate) fn give_back(&self, job: Job) {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Fetched) {
            State::Taken(waker) => *state = State::Queued(job, waker),
            other => *state = other,
        }
    }

    /// Answers, and returns the task to wake.
    #[must_use = "a task waits"]
    pub(crate) fn answer(&self, answer: Answer) -> Option<Waker> {
        match std::mem::replace(&mut *self.state(), State::Answered(answer)) {
            State::Queued(_, waker) | State::Taken(waker) => Some(waker),
            State::Answered(_) | State::Fetched => None,
        }
    }

    /// The answer, if there is one. If not, `waker` is the one to wake from now on.
    pub(crate) fn fetch(&self, waker: &Waker) -> Option<Answer> {
        self.wait.polled();
        let mut state = self.state();
        match &mut *state {
            State::Queued(_, waiting) | State::Taken(waiting) => {
                let old = std::mem::replace(waiting, waker.clone());
                // A waker runs code of its own when it is dropped, so it is dropped after the lock is released.
                drop(state);
                drop(old);
                None
            }
            State::Answered(_) | State::Fetched => match std::mem::replace(&mut *state, State::Fetched) {
                State::Answered(answer) => Some(answer),
                _ => None,
            },
        }
    }

    /// The task that waits for it.
    pub(crate) fn waker(&self) -> Option<Waker> {
        match &*self.state() {
            State::Queued(_, waker) | State::Taken(waker) => Some(waker.clone()),
            State::Answered(_) | State::Fetched => None,
        }
    }
}

/// The tickets whose turn it is. If the turn ends by a panic, they are answered too, because their tasks would wait for ever
/// otherwise.
pub(crate) struct Turn(pub(crate) Vec<Arc<Ticket>>);

impl Turn {
    /// Answers each, and returns the tasks to wake.
    pub(crate) fn answer(mut self, answers: Vec<Answer>) -> Vec<Waker> {
        std::mem::take(&mut self.0).iter().zip(answers).filter_map(|(ticket, answer)| ticket.answer(answer)).collect()
    }

    /// Answers all with one error, and returns the tasks to wake.
    pub(crate) fn fail(mut self, error: &SqliteError) -> Vec<Waker> {
        let tickets = std::mem::take(&mut self.0);
        tickets.iter().filter_map(|ticket| ticket.answer(Err((0, error.clone().into())))).collect()
    }

    /// Gives each its job back.
    pub(crate) fn give_back(mut self, jobs: Vec<Job>) -> Vec<Arc<Ticket>> {
        let tickets = std::mem::take(&mut self.0);
        tickets.iter().zip(jobs).for_each(|(ticket, job)| ticket.give_back(job));
        tickets
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            let error = SqliteError::Panicked;
            Self(std::mem::take(&mut self.0)).fail(&error).into_iter().for_each(Waker::wake);
        }
    }
}
