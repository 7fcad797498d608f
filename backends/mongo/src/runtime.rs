//! The tokio runtime that the driver's connections live in, whoever polls.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::failure::MongoError;

/// The runtime of this thread; where there is none, one of our own, which lives as long as the process.
pub(crate) fn current() -> Result<Handle, MongoError> {
    Handle::try_current().or_else(|_| own())
}

/// Our own: started by the first who asks for it.
pub(crate) fn own() -> Result<Handle, MongoError> {
    static OWN: Mutex<Option<Runtime>> = Mutex::new(None);
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*own {
        return Ok(runtime.handle().clone());
    }
    // Two: one may be at work on a reply when the next arrives.
    let built = Builder::new_multi_thread().worker_threads(2).thread_name("longevity-mongo").enable_all().build();
    let runtime = built.map_err(|error| MongoError::Other {
        reason: format!("there is no runtime for the connections: {error}"),
        code: None,
    })?;
    let handle = runtime.handle().clone();
    *own = Some(runtime);
    Ok(handle)
}

/// A future of the driver's, polled and dropped within the runtime that its connections live in: the driver's timers,
/// sockets and tasks need one, and the caller may be any thread.
pub(crate) struct Within<F> {
    handle: Handle,
    // Dropped within the runtime too.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Within<F> {
    pub(crate) fn new(handle: &Handle, future: F) -> Self {
        Self { handle: handle.clone(), future: Some(Box::pin(future)) }
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let _entered = this.handle.enter();
        match &mut this.future {
            Some(future) => future.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Within<F> {
    fn drop(&mut self) {
        let _entered = self.handle.enter();
        self.future = None;
    }
}
