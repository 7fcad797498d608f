//! The tasks that wait for the connection that writes, and whose turn it is.
//!
//! Writes are done together, by the first of their tasks to be polled. Claims get the connection one after the other, in the
//! order in which they came. If both wait, they take turns. A task that was woken may never be polled, because its future is only
//! held. Then a thread, the [watcher](crate::writer::watcher), passes it over until it is polled.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::error::SqliteError;
use crate::writer::claim::Claim;
use crate::writer::ticket::{Ticket, Turn};

/// How long the connection stays free before it passes over the tasks whose turn it is.
const ALLOWANCE: Duration = Duration::from_millis(50);

/// The tasks that wait for the connection.
#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) writes: VecDeque<Arc<Ticket>>,
    /// Tasks that want to lease it.
    pub(crate) claims: VecDeque<Arc<Claim>>,
    /// Whether there is a watcher. Without one there are no turns.
    pub(crate) watched: bool,
    /// Whether a claim comes next, if writes wait too.
    is_turn_of_claims: bool,
    /// Since when no task has the connection.
    idle_since: Option<Instant>,
}

pub(crate) type Wakers = SmallVec<[Waker; 8]>;

impl Queue {
    /// Whether a write may have the connection now.
    pub(crate) fn may_write(&self) -> bool {
        !self.watched || !self.is_turn_of_claims || self.first_claim().is_none()
    }

    /// Whether a claim may have the connection now; `None` is a claim that does not wait yet.
    pub(crate) fn may_claim(&self, claim: Option<&Arc<Claim>>) -> bool {
        if !self.watched {
            return true;
        }
        let is_first = match (self.first_claim(), claim) {
            (None, _) => true,
            (Some(first), Some(claim)) => Arc::ptr_eq(first, claim),
            (Some(_), None) => false,
        };
        is_first && self.is_claim_next()
    }

    /// Whether a claim comes before the writes, if there is one.
    fn is_claim_next(&self) -> bool {
        self.is_turn_of_claims || self.writes.iter().all(|ticket| ticket.wait.is_passed_over())
    }

    fn first_claim(&self) -> Option<&Arc<Claim>> {
        self.claims.iter().find(|claim| !claim.wait.is_passed_over())
    }

    /// Notes that a lease begins.
    pub(crate) fn leased(&mut self) {
        self.idle_since = None;
    }

    /// Notes that a lease ends, and that writes come next.
    pub(crate) fn returned(&mut self) {
        self.is_turn_of_claims = false;
    }

    /// Notes that writes are done now, and that a claim comes next.
    pub(crate) fn wrote(&mut self) {
        self.idle_since = None;
        self.is_turn_of_claims = true;
    }

    /// Notes that the connection is free. Returns the tasks to wake, whose turn it may be: all writes, because any of them can do
    /// the work of all, and the first claim, or all claims if there are no turns.
    pub(crate) fn free(&mut self) -> Wakers {
        self.idle_since.get_or_insert_with(Instant::now);
        let writes = self.writes.iter().filter_map(|ticket| ticket.waker());
        match self.watched {
            true => writes.chain(self.first_claim().and_then(|claim| claim.waker())).collect(),
            false => writes.chain(self.claims.iter().filter_map(|claim| claim.waker())).collect(),
        }
    }

    /// If the connection has been free for too long at this moment, passes over the tasks whose turn it is, and returns the next
    /// tasks to wake.
    pub(crate) fn pass_over(&mut self, now: Instant) -> Wakers {
        let idle_since = *self.idle_since.get_or_insert(now);
        if now.saturating_duration_since(idle_since) < ALLOWANCE {
            return Wakers::new();
        }
        self.idle_since = Some(now);
        let passed_over = match self.first_claim() {
            Some(first) if self.is_claim_next() => {
                first.wait.pass_over();
                first.waker()
            }
            _ => {
                self.writes.iter().for_each(|ticket| ticket.wait.pass_over());
                None
            }
        };
        let mut wakers = self.free();
        // A claim that is polled at this moment may not have asked for its turn yet. It asks again, because nothing else would
        // wake it as long as it is passed over.
        wakers.extend(passed_over);
        wakers
    }

    /// Sets the deadline of each task that has none yet, and says whether any task waits.
    pub(crate) fn wait_until(&mut self, deadline: Instant) -> bool {
        self.writes.iter().for_each(|ticket| ticket.wait.until(deadline));
        self.claims.iter().for_each(|claim| claim.wait.until(deadline));
        !self.writes.is_empty() || !self.claims.is_empty()
    }

    /// Takes the tasks out of the queue whose deadline has passed at this moment, or all tasks that have a deadline.
    pub(crate) fn expire(&mut self, now: Option<Instant>) -> Expired {
        let is_over =
            |deadline: Option<Instant>| deadline.is_some_and(|deadline| now.is_none_or(|now| deadline <= now));
        let (over, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.writes).into_iter().partition(|ticket| is_over(ticket.wait.deadline()));
        self.writes = left.into();
        let (claims, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.claims).into_iter().partition(|claim| is_over(claim.wait.deadline()));
        self.claims = left.into();
        Expired { writes: Turn(over), claims }
    }

    /// The first deadline.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let writes = self.writes.iter().filter_map(|ticket| ticket.wait.deadline());
        writes.chain(self.claims.iter().filter_map(|claim| claim.wait.deadline())).min()
    }
}

/// Tasks whose deadline has passed.
pub(crate) struct Expired {
    writes: Turn,
    claims: Vec<Arc<Claim>>,
}

impl Expired {
    pub(crate) fn fail(self, error: &SqliteError) {
        self.writes.fail(error).into_iter().for_each(Waker::wake);
        self.claims.iter().filter_map(|claim| claim.expire(error)).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// It is passed over after its poll began, and before it asks whether it is its turn.
    #[test]
    fn a_claim_that_is_passed_over_while_it_is_polled_is_polled_again() {
        let counters = [Arc::<Counter>::default(), Arc::default()];
        let wakers = counters.each_ref().map(|counter| Waker::from(Arc::clone(counter)));
        let claims = wakers.each_ref().map(|waker| Arc::new(Claim::new(waker.clone())));
        let mut queue = Queue { watched: true, claims: claims.clone().into(), ..Queue::default() };
        drop(queue.free());
        assert!(claims[0].expired(&wakers[0]).is_none());
        queue.pass_over(Instant::now() + ALLOWANCE).into_iter().for_each(Waker::wake);
        assert!(!queue.may_claim(Some(&claims[0])));
        assert_eq!(counters.each_ref().map(|counter| counter.0.load(Ordering::SeqCst)), [1, 1]);
        assert!(claims[0].expired(&wakers[0]).is_none());
        assert!(queue.may_claim(Some(&claims[0])));
    }
}
