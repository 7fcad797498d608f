//! The tasks that wait for the connection that writes, and whose turn it is.
//!
//! Writes are done together, by whichever of their tasks is polled first. Claims get the connection one after the other, in the order in
//! which they came. Where both wait, they take turns. A task that was woken may never be polled, because its future is only held. Then the
//! watcher, a thread, lets any other task have the connection.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::database::Database;
use crate::failure::SqliteError;
use crate::lease::Claim;
use crate::ticket::{Ticket, Turn};

/// How often the watcher looks: a task that was woken has as long to be polled.
const TICK: Duration = Duration::from_millis(10);

/// The tasks that wait for the connection.
#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) writes: VecDeque<Arc<Ticket>>,
    /// Tasks that want to lease it.
    pub(crate) claims: VecDeque<Arc<Claim>>,
    /// Whether there is a watcher. Without one there are no turns.
    watched: bool,
    /// Whether a claim comes next, if writes wait too.
    is_turn_of_claims: bool,
    /// Whether the task whose turn it is was not polled in time, so that any other may go first.
    is_free_for_all: bool,
}

pub(crate) type Wakers = SmallVec<[Waker; 8]>;

impl Queue {
    /// Whether a write may have the connection now.
    pub(crate) fn may_write(&self) -> bool {
        !self.watched || self.is_free_for_all || !self.is_turn_of_claims || self.claims.is_empty()
    }

    /// Whether a claim may have it now; `None` is one that does not wait yet.
    pub(crate) fn may_claim(&self, claim: Option<&Arc<Claim>>) -> bool {
        if !self.watched || self.is_free_for_all {
            return true;
        }
        let is_first = match (self.claims.front(), claim) {
            (None, _) => true,
            (Some(first), Some(claim)) => Arc::ptr_eq(first, claim),
            (Some(_), None) => false,
        };
        is_first && (self.is_turn_of_claims || self.writes.is_empty())
    }

    /// A task has the connection now.
    pub(crate) fn taken(&mut self) {
        self.is_free_for_all = false;
    }

    /// A lease has ended. Gives the tasks to wake.
    pub(crate) fn freed(&mut self) -> Wakers {
        self.is_turn_of_claims = false;
        self.next()
    }

    /// Writes have the connection now.
    pub(crate) fn wrote(&mut self) {
        self.taken();
        self.is_turn_of_claims = true;
    }

    /// The tasks whose turn it may be: all writes, because any of them can do the work of all, and the first claim; without turns, all claims.
    pub(crate) fn next(&self) -> Wakers {
        let claims = if self.watched && !self.is_free_for_all { 1 } else { self.claims.len() };
        let claims = self.claims.iter().take(claims).filter_map(|claim| claim.waker());
        claims.chain(self.writes.iter().filter_map(|ticket| ticket.waker())).collect()
    }

    /// Sets the deadline of each task that has none yet, and says whether any task waits.
    fn wait_until(&mut self, deadline: Instant) -> bool {
        self.writes.iter().for_each(|ticket| ticket.wait_until(deadline));
        self.claims.iter().for_each(|claim| claim.wait_until(deadline));
        !self.writes.is_empty() || !self.claims.is_empty()
    }

    /// Takes the tasks out of the queue whose deadline is over at this moment, or all that have one.
    fn expire(&mut self, now: Option<Instant>) -> Expired {
        let is_over =
            |deadline: Option<Instant>| deadline.is_some_and(|deadline| now.is_none_or(|now| deadline <= now));
        let (over, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.writes).into_iter().partition(|ticket| is_over(ticket.deadline()));
        self.writes = left.into();
        let (claims, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.claims).into_iter().partition(|claim| is_over(claim.deadline()));
        self.claims = left.into();
        Expired { writes: Turn(over), claims }
    }

    /// The first deadline.
    fn next_deadline(&self) -> Option<Instant> {
        let writes = self.writes.iter().filter_map(|ticket| ticket.deadline());
        writes.chain(self.claims.iter().filter_map(|claim| claim.deadline())).min()
    }
}

/// Tasks whose deadline is over.
struct Expired {
    writes: Turn,
    claims: Vec<Arc<Claim>>,
}

impl Expired {
    fn fail(self, error: &SqliteError) {
        self.writes.fail(error).into_iter().for_each(Waker::wake);
        self.claims.iter().filter_map(|claim| claim.expire()).for_each(Waker::wake);
    }
}

/// Starts the watcher, unless there is one, and sets the deadlines of the tasks that wait. A task that waits for its own transaction would
/// wait for ever otherwise.
pub(crate) fn watch(database: &Arc<Database>) {
    let now = Instant::now();
    let mut queue = database.writer.queue();
    let is_to_watch = now.checked_add(database.site.timeout).is_some_and(|deadline| queue.wait_until(deadline));
    if !is_to_watch || queue.watched {
        return;
    }
    let own = Watch(Arc::downgrade(database));
    queue.watched = std::thread::Builder::new().name("longevity-wait".to_owned()).spawn(move || own.run()).is_ok();
    if !queue.watched {
        // There is no thread. They fail now, because nothing would end their waiting later.
        let expired = queue.expire(None);
        drop(queue);
        expired.fail(&database.site.occupied());
    }
}

/// The watcher: a thread that runs as long as any task has a deadline.
struct Watch(Weak<Database>);

impl Watch {
    fn run(&self) {
        let mut was_free = false;
        while let Some(database) = self.0.upgrade() {
            let writer = &database.writer;
            let now = Instant::now();
            let is_free = writer.is_free();
            let mut queue = writer.queue();
            let Some(next) = queue.next_deadline() else {
                queue.watched = false;
                return;
            };
            if is_free {
                // Nothing is in their way, so their time is not over.
                queue.is_free_for_all |= was_free;
                let wakers = queue.next();
                drop(queue);
                wakers.into_iter().for_each(Waker::wake);
            } else {
                let expired = queue.expire(Some(now));
                drop(queue);
                expired.fail(&database.site.occupied());
            }
            was_free = is_free;
            drop(database);
            let pause = next.saturating_duration_since(now);
            std::thread::sleep(if pause.is_zero() { TICK } else { pause.min(TICK) });
        }
    }
}

/// After a panic there is no watcher, and the next task that waits starts one.
impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(database) = self.0.upgrade()
        {
            database.writer.queue().watched = false;
        }
    }
}
