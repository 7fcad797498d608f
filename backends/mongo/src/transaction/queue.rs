//! The commands of a transaction run one after the other in its session.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use mongodb::ClientSession;
use mongodb::error::Error as DriverError;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

/// A command that is running.
pub(crate) type Running<'a, T> = Pin<Box<dyn Future<Output = Result<T, DriverError>> + Send + 'a>>;

/// A command in the queue. Each clone can poll it to its end.
type UnderWay = Shared<BoxFuture<'static, ()>>;

/// A queue of commands. A caller may drop the future of a command, or keep it without polling it. Then the next caller polls that
/// command to its end before its own. So no command is interrupted, and none blocks another.
pub(crate) struct CommandQueue {
    session: Arc<Mutex<ClientSession>>,
    queue: Arc<Queue>,
    is_over: Arc<AtomicBool>,
}

/// The commands that are not finished. The first one has begun.
#[derive(Default)]
struct Queue(StdMutex<VecDeque<UnderWay>>);

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<UnderWay>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls the commands in order until this one is finished, or all of them if none is given.
    async fn run_until(&self, until: Option<&UnderWay>) {
        while until.is_none_or(|until| until.peek().is_none()) {
            let Some(first) = self.waiting().front().cloned() else { return };
            first.clone().await;
            let mut waiting = self.waiting();
            if waiting.front().is_some_and(|front| front.ptr_eq(&first)) {
                waiting.pop_front();
            }
        }
    }
}

impl CommandQueue {
    pub(crate) fn new(session: ClientSession) -> Self {
        Self { session: Arc::new(Mutex::new(session)), queue: Arc::default(), is_over: Arc::default() }
    }

    /// Runs a command, which owns all that it needs, after the commands before it. Poll this in the session's runtime.
    pub(crate) async fn run<T, C>(&self, command: C) -> Result<T, DriverError>
    where
        T: Send + 'static,
        C: for<'s> FnOnce(&'s mut ClientSession) -> Running<'s, T> + Send + 'static,
    {
        let (give, take) = oneshot::channel();
        let (session, is_over) = (Arc::clone(&self.session), Arc::clone(&self.is_over));
        let work = async move {
            // No other command has the session, because this is the first in the queue.
            let mut session = session.lock_owned().await;
            // After the end of the transaction, the driver would run the command outside of it.
            let done = if is_over.load(Ordering::SeqCst) { Err(ended()) } else { command(&mut session).await };
            // The caller may be gone.
            drop(give.send(done));
        };
        let own = work.boxed().shared();
        self.queue.waiting().push_back(own.clone());
        self.queue.run_until(Some(&own)).await;
        take.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Prevents further commands. Returns `false` if the queue was closed before.
    pub(crate) fn close(&self) -> bool {
        !self.is_over.swap(true, Ordering::SeqCst)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Waits for the commands in the queue, and returns the session. Poll this in the session's runtime.
    pub(crate) fn session(&self) -> impl Future<Output = OwnedMutexGuard<ClientSession>> + Send + use<> {
        let (queue, session) = (Arc::clone(&self.queue), Arc::clone(&self.session));
        async move {
            queue.run_until(None).await;
            session.lock_owned().await
        }
    }
}

#[cold]
fn ended() -> DriverError {
    DriverError::custom("the transaction has ended")
}
