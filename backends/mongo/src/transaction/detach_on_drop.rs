//! Work that a task finishes if its future is dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use crate::connection::unfinished::Unfinished;

/// A future that runs in the driver's runtime. If it is dropped, a task there finishes it.
pub(crate) struct DetachOnDrop<T: Send + 'static> {
    runtime: Handle,
    /// Where such a task is registered.
    unfinished: Option<Arc<Unfinished>>,
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
}

impl<T: Send + 'static> DetachOnDrop<T> {
    pub(crate) fn new(runtime: &Handle, work: impl Future<Output = T> + Send + 'static) -> Self {
        Self { runtime: runtime.clone(), unfinished: None, work: Some(Box::pin(work)) }
    }

    /// Makes [others wait](Unfinished::settled) for the work if this is dropped.
    pub(crate) fn awaited(mut self, unfinished: &Arc<Unfinished>) -> Self {
        self.unfinished = Some(Arc::clone(unfinished));
        self
    }
}

impl<T: Send + 'static> Future for DetachOnDrop<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        let Some(work) = &mut this.work else { return Poll::Pending };
        let _entered = this.runtime.enter();
        let done = work.as_mut().poll(context);
        if done.is_ready() {
            this.work = None;
        }
        done
    }
}

impl<T: Send + 'static> Drop for DetachOnDrop<T> {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        let ending = self.unfinished.as_ref().map(Unfinished::begin);
        // If the runtime is gone, this drops the work.
        let _entered = self.runtime.enter();
        self.runtime.spawn(async move {
            work.await;
            drop(ending);
        });
    }
}
