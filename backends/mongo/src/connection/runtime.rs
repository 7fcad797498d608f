//! The tokio runtimes in which the driver's connections live: the caller's, or our own.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::OnceCell;
use tokio::task::AbortHandle;

use crate::error::MongoError;

/// The runtime of this thread. If there is none, our own, which lives as long as the process.
pub(crate) fn current() -> Result<Handle, MongoError> {
    Handle::try_current().or_else(|_| own())
}

/// Our own runtime, which the first caller starts.
pub(crate) fn own() -> Result<Handle, MongoError> {
    static OWN: Mutex<Option<Runtime>> = Mutex::new(None);
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*own {
        return Ok(runtime.handle().clone());
    }
    // The runtime has two threads, because one may be processing a reply when the next arrives.
    let built = Builder::new_multi_thread().worker_threads(2).thread_name("longevity-mongo").enable_all().build();
    let runtime = built.map_err(|error| MongoError::Other {
        reason: format!("a runtime for the connections cannot be started: {error}"),
        code: None,
    })?;
    let handle = runtime.handle().clone();
    *own = Some(runtime);
    Ok(handle)
}

/// A future of the driver that is polled and dropped within the runtime of its connections. The driver's timers, sockets and
/// tasks need that runtime, and the caller may be on any thread.
pub(crate) struct Within<F> {
    handle: Handle,
    // This is dropped within the runtime too.
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

/// One value for each runtime that uses it. The value of a runtime that ended is dropped when another runtime needs one.
pub(crate) struct PerRuntime<T> {
    slots: Mutex<Vec<Slot<T>>>,
}

struct Slot<T> {
    liveness: Liveness,
    thing: Arc<OnceCell<Arc<T>>>,
}

impl<T> Default for PerRuntime<T> {
    fn default() -> Self {
        Self { slots: Mutex::default() }
    }
}

impl<T> PerRuntime<T> {
    /// The value of this runtime, if it already has one.
    pub(crate) fn known(&self, runtime: &Handle) -> Option<Arc<T>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.iter().find(|slot| slot.liveness.is_of(runtime)).and_then(|slot| slot.thing.get().map(Arc::clone))
    }

    /// The value of any runtime.
    pub(crate) fn any(&self) -> Option<Arc<T>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.iter().find_map(|slot| slot.thing.get().map(Arc::clone))
    }

    /// The slot of this runtime. The first caller fills it.
    pub(crate) fn slot(&self, runtime: &Handle) -> Arc<OnceCell<Arc<T>>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.iter().find(|slot| slot.liveness.is_of(runtime)) {
            return Arc::clone(&slot.thing);
        }
        slots.retain(|slot| !slot.liveness.has_ended());
        let thing = Arc::default();
        slots.push(Slot { liveness: Liveness::of(runtime), thing: Arc::clone(&thing) });
        thing
    }
}

/// Whether a runtime is still running: a task in it is dropped when it ends. After that, another runtime may get the same id.
struct Liveness {
    runtime: tokio::runtime::Id,
    ended: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Liveness {
    fn of(runtime: &Handle) -> Self {
        struct End(Arc<AtomicBool>);
        impl Drop for End {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Release);
            }
        }
        let ended = Arc::new(AtomicBool::new(false));
        let end = End(Arc::clone(&ended));
        let waits = runtime.spawn(async move {
            let _end = end;
            pending::<()>().await;
        });
        Self { runtime: runtime.id(), ended, task: waits.abort_handle() }
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    fn is_of(&self, runtime: &Handle) -> bool {
        self.runtime == runtime.id() && !self.has_ended()
    }
}

impl Drop for Liveness {
    fn drop(&mut self) {
        self.task.abort();
    }
}
