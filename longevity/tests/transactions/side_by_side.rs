//! Runs two sides of a test in the order that the test chooses, to the extent that the store lets them continue.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use longevity::backend::Backend;

use crate::bank::Store;

/// A side of a test uses this to let the other side continue.
#[derive(Clone, Default)]
pub(crate) struct Turn(Arc<AtomicBool>);

impl Turn {
    /// Lets the other side continue until it does the same, has ended, or waits for this one.
    pub(crate) async fn pass(&self) {
        self.0.store(true, Ordering::SeqCst);
        let mut is_passed = false;
        std::future::poll_fn(|_| if std::mem::replace(&mut is_passed, true) { Poll::Ready(()) } else { Poll::Pending })
            .await;
    }

    fn was_passed(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

/// The waker of a side. It notes that the side can continue, and wakes the task that polls both sides.
struct SideWaker {
    is_woken: AtomicBool,
    outer: Waker,
}

impl Wake for SideWaker {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        self.outer.wake_by_ref();
    }
}

/// Whether the store is a server, so that each operation has to wait for it.
pub(crate) fn is_far<B: Backend>(bank: &Store<B>) -> bool {
    bank.backend().name() == "mongo"
}

/// Runs two sides in turn, beginning with the first. A side that waits for the other one, as it does where transactions run one
/// after the other, continues after it. On MongoDB neither waits for the other, but each waits for the server.
pub(crate) async fn side_by_side<B: Backend, T, U>(
    bank: &Store<B>,
    first: impl AsyncFnOnce(Turn) -> T,
    second: impl AsyncFnOnce(Turn) -> U,
) -> (T, U) {
    let is_far = is_far(bank);
    let turn = Turn::default();
    let (mut results, mut others) = (None, None);
    {
        let mut sides: [Option<Pin<Box<dyn Future<Output = ()> + '_>>>; 2] = [
            Some(Box::pin(async { results = Some(first(turn.clone()).await) })),
            Some(Box::pin(async { others = Some(second(turn.clone()).await) })),
        ];
        let mut at = 0;
        std::future::poll_fn(|context| {
            let side_waker = Arc::new(SideWaker { is_woken: AtomicBool::new(false), outer: context.waker().clone() });
            let waker = Waker::from(Arc::clone(&side_waker));
            // The number of consecutive sides that could not continue.
            let mut stuck = 0;
            while stuck < 2 {
                let Some(side) = &mut sides[at] else {
                    (at, stuck) = (1 - at, stuck + 1);
                    continue;
                };
                side_waker.is_woken.store(false, Ordering::SeqCst);
                let is_over = side.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
                let has_passed = turn.was_passed();
                if is_over {
                    sides[at] = None;
                }
                if is_over || has_passed {
                    (at, stuck) = (1 - at, 0);
                } else if is_far {
                    return Poll::Pending;
                } else if !side_waker.is_woken.load(Ordering::SeqCst) {
                    (at, stuck) = (1 - at, stuck + 1);
                }
            }
            if sides.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
    (results.unwrap(), others.unwrap())
}
