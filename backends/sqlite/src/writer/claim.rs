//! A task that wants to lease the connection.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::error::SqliteError;
use crate::writer::deadline::Wait;

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
    pub(crate) fn new(waker: Waker) -> Self {
        Self { state: Mutex::new(State::Waiting(waker)), wait: Wait::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn waker(&self) -> Option<Waker> {
        match &*self.state() {
            State::Waiting(waker) => Some(waker.clone()),
            State::Expired(_) => None,
        }
    }

    /// Notes that its deadline has passed, and returns the task to wake.
    #[must_use = "a task waits"]
    pub(crate) fn expire(&self, error: &SqliteError) -> Option<Waker> {
        match std::mem::replace(&mut *self.state(), State::Expired(error.clone())) {
            State::Waiting(waker) => Some(waker),
            State::Expired(_) => None,
        }
    }

    /// The error, if its deadline has passed. If not, `waker` is the one to wake from now on.
    pub(crate) fn expired(&self, waker: &Waker) -> Option<SqliteError> {
        self.wait.polled();
        let mut state = self.state();
        match &mut *state {
            State::Waiting(waiting) => {
                let old = std::mem::replace(waiting, waker.clone());
                // A waker runs code of its own when it is dropped, so it is dropped after the lock is released.
                drop(state);
                drop(old);
                None
            }
            State::Expired(error) => Some(error.clone()),
        }
    }
}
