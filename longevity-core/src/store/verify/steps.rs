//! Work that is done step by step, as a stream of what each step yields.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::error::Error;

/// Work that is done in steps.
pub(super) trait Work: Send + Sized + 'static {
    type Item: Send + 'static;

    /// Does some of the work. Returns what is left of it, or `None` if it is done.
    fn step(self, yielded: &mut VecDeque<Self::Item>) -> impl Future<Output = Result<Option<Self>, Error>> + Send;
}

/// A step that runs. It returns what it has yielded, and the next step.
type Step<T> = Pin<Box<dyn Future<Output = (VecDeque<T>, Result<Option<Next<T>>, Error>)> + Send>>;

/// Begins a step.
struct Next<T>(Box<dyn FnOnce() -> Step<T> + Send>);

/// The stream of what work yields. It ends after an error.
pub(super) struct Steps<T> {
    yielded: VecDeque<T>,
    running: Option<Step<T>>,
    next: Option<Next<T>>,
    failed: Option<Error>,
}

impl<T: Send + 'static> Steps<T> {
    pub(super) fn new(work: impl Work<Item = T>) -> Self {
        Self { yielded: VecDeque::new(), running: None, next: Some(next(work)), failed: None }
    }

    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            if let Some(item) = self.yielded.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            if let Some(error) = self.failed.take() {
                return Poll::Ready(Some(Err(error)));
            }
            if self.running.is_none() {
                self.running = self.next.take().map(|Next(begin)| begin());
            }
            let Some(running) = &mut self.running else { return Poll::Ready(None) };
            let (yielded, result) = ready!(running.as_mut().poll(context));
            self.running = None;
            self.yielded = yielded;
            match result {
                Ok(next) => self.next = next,
                Err(error) => self.failed = Some(error),
            }
        }
    }
}

fn next<W: Work>(work: W) -> Next<W::Item> {
    Next(Box::new(|| {
        Box::pin(async {
            let mut yielded = VecDeque::new();
            let left = work.step(&mut yielded).await;
            (yielded, left.map(|left| left.map(next)))
        })
    }))
}
