//! A commit that waits until it is on the disk.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::error::SqliteError;
use crate::writer::group_commit::Gathering;
use crate::writer::write_connection::Writer;

/// Waits until a commit is on the disk. If this is dropped, the commit is still done.
pub(crate) struct SynchronizedCommit {
    writer: Arc<Writer>,
    number: u64,
    yields: u8,
}

impl SynchronizedCommit {
    pub(crate) fn new(writer: Arc<Writer>, number: u64) -> Self {
        Self { writer, number, yields: 0 }
    }
}

impl Future for SynchronizedCommit {
    type Output = Result<(), SqliteError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let writer = Arc::clone(&self.writer);
        let syncs = &writer.syncs;
        let mut state = syncs.state();
        if state.synced >= self.number {
            return Poll::Ready(Ok(()));
        }
        if let Some(reason) = &state.broken {
            return Poll::Ready(Err(SqliteError::Unsynchronized { reason: reason.clone() }));
        }
        if state.is_busy {
            if !state.waiting.iter().any(|waiting| waiting.will_wake(context.waker())) {
                state.waiting.push(context.waker().clone());
            }
            return Poll::Pending;
        }
        // This waits for transactions that wait for the connection, because they may commit soon. It does not wait if one of them is already running on another thread.
        let there = usize::try_from(state.committed - state.synced).unwrap_or(usize::MAX);
        let is_gathered = syncs.gathering.is_complete(self.yields, || there)
            && (Gathering::has_yielded_enough(self.yields) || !writer.is_wanted());
        let is_overlapped = self.yields > 0 && writer.is_leased();
        if !(is_gathered || is_overlapped) {
            drop(state);
            self.yields += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        state.is_busy = true;
        drop(state);
        syncs.synchronize().into_iter().for_each(Waker::wake);
        let state = syncs.state();
        Poll::Ready(match &state.broken {
            Some(reason) if state.synced < self.number => Err(SqliteError::Unsynchronized { reason: reason.clone() }),
            _ => Ok(()),
        })
    }
}
