//! Transactions whose callers are gone, and that a task is still ending. The next operation waits for them, because they may
//! still hold locks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// How long we try to end the work of a caller that is gone. After that we close its connection, which ends the work too. The
/// server ends a transaction after a minute.
pub(crate) const UNDO_TIMEOUT: Duration = Duration::from_secs(5);

/// The transactions that tasks are ending.
#[derive(Default)]
pub(crate) struct Unfinished {
    are_any: AtomicBool,
    known: Mutex<OpenTransactions>,
}

#[derive(Default)]
struct OpenTransactions {
    begun: u64,
    /// Each receiver is closed when its transaction has ended.
    open: BTreeMap<u64, watch::Receiver<()>>,
}

/// One such transaction. Dropping this means that the transaction has ended.
pub(crate) struct Ending {
    of: Arc<Unfinished>,
    number: u64,
    /// The receivers wait until this is dropped.
    _over: watch::Sender<()>,
}

impl Unfinished {
    pub(crate) fn begin(self: &Arc<Self>) -> Ending {
        let (over, receiver) = watch::channel(());
        let mut known = self.known();
        known.begun += 1;
        let number = known.begun;
        known.open.insert(number, receiver);
        self.are_any.store(true, Ordering::SeqCst);
        Ending { of: Arc::clone(self), number, _over: over }
    }

    fn known(&self) -> MutexGuard<'_, OpenTransactions> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, numbers: impl IntoIterator<Item = u64>) {
        let mut known = self.known();
        for number in numbers {
            known.open.remove(&number);
        }
        self.are_any.store(!known.open.is_empty(), Ordering::SeqCst);
    }

    #[inline]
    pub(crate) fn are_any(&self) -> bool {
        self.are_any.load(Ordering::SeqCst)
    }

    /// Waits until the transactions that are known now have ended. Poll this in a runtime.
    pub(crate) async fn settled(&self) {
        self.settled_within(UNDO_TIMEOUT).await;
    }

    async fn settled_within(&self, timeout: Duration) {
        let open = self.known().open.clone();
        let numbers: Vec<_> = open.keys().copied().collect();
        let all = async {
            for mut ending in open.into_values() {
                // The sender sends nothing. It is only dropped.
                let _ = ending.changed().await;
            }
        };
        if tokio::time::timeout(timeout, all).await.is_err() {
            tracing::warn!("a transaction that was given up is still not undone after {timeout:?}");
            // No later operation waits for them again.
            self.forget(numbers);
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.of.forget([self.number]);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::task::Poll;

    use super::*;

    fn in_a_runtime(work: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(work);
    }

    #[test]
    fn only_transactions_that_are_already_known_are_waited_for() {
        in_a_runtime(async {
            let unfinished = Arc::new(Unfinished::default());
            let first = unfinished.begin();
            let waits = unfinished.settled();
            tokio::pin!(waits);
            assert!(now(waits.as_mut()).await.is_none());
            let second = unfinished.begin();
            drop(first);
            waits.await;
            assert!(unfinished.are_any());
            drop(second);
            assert!(!unfinished.are_any());
        });
    }

    #[test]
    fn a_transaction_that_does_not_end_is_waited_for_once() {
        in_a_runtime(async {
            let unfinished = Arc::new(Unfinished::default());
            let never = unfinished.begin();
            unfinished.settled_within(Duration::from_millis(1)).await;
            assert!(!unfinished.are_any());
            drop(never);
        });
    }

    /// The output of a future, if its next poll returns one.
    async fn now<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
        poll_fn(|context| {
            Poll::Ready(match future.as_mut().poll(context) {
                Poll::Ready(output) => Some(output),
                Poll::Pending => None,
            })
        })
        .await
    }
}
