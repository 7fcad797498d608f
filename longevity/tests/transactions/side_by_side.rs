//! Two sides of a story, in an order that the test says, as far as the store lets them go.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use longevity::backend::Backend;

use crate::bank::Store;

/// By which a side lets the other one go on.
#[derive(Clone, Default)]
pub(crate) struct Turn(Arc<AtomicBool>);

impl Turn {
    /// Lets the other side go on, until it does the same, has ended, or waits for this one.
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

/// The waker of a side. It notes that the side can go on, and wakes the task that polls both sides.
struct Told {
    is_told: AtomicBool,
    outer: Waker,
}

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.is_told.store(true, Ordering::SeqCst);
        self.outer.wake_by_ref();
    }
}

/// Whether the store is a server, for which each operation waits.
pub(crate) fn is_far<B: Backend>(bank: &Store<B>) -> bool {
    bank.backend().name() == "mongo"
}

/// Runs two sides in turn, beginning with the first. A side that waits for the other one, as it does where transactions come one after
/// the other, goes on after that one. On MongoDB none does, and each waits for the server.
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
            let told = Arc::new(Told { is_told: AtomicBool::new(false), outer: context.waker().clone() });
            let waker = Waker::from(Arc::clone(&told));
            // How many sides in a row could not go on.
            let mut stuck = 0;
            while stuck < 2 {
                let Some(side) = &mut sides[at] else {
                    (at, stuck) = (1 - at, stuck + 1);
                    continue;
                };
                told.is_told.store(false, Ordering::SeqCst);
                let is_over = side.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
                let has_passed = turn.was_passed();
                if is_over {
                    sides[at] = None;
                }
                if is_over || has_passed {
                    (at, stuck) = (1 - at, 0);
                } else if is_far {
                    return Poll::Pending;
                } else if !told.is_told.load(Ordering::SeqCst) {
                    (at, stuck) = (1 - at, stuck + 1);
                }
            }
            if sides.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
    (results.unwrap(), others.unwrap())
}
