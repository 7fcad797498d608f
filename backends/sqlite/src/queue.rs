//! The tasks that wait for the connection that writes, and whose turn it is.
//!
//! Writes are done together, by whichever of their tasks comes first. Those who want the connection for themselves get it one after the
//! other, in the order in which they came. Where both wait, they take turns. A task that was woken may never come, for its future may be
//! held and not polled: then a thread, which looks after all who wait, lets anybody have the connection.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::database::Database;
use crate::failure::SqliteError;
use crate::lease::Claim;
use crate::ticket::{Ticket, Turn};

/// How long a task that was woken may take to come.
const TICK: Duration = Duration::from_millis(10);

/// Those who wait for the connection.
#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) writes: VecDeque<Arc<Ticket>>,
    /// Those who want it for themselves.
    pub(crate) claims: VecDeque<Arc<Claim>>,
    /// Whether a thread looks after them. Without it, everybody may have the connection at any time.
    watched: bool,
    /// Whether a claim comes next, where writes wait too.
    is_turn_of_claims: bool,
    /// Whether the one whose turn it is did not come.
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

    /// Somebody has it now.
    pub(crate) fn taken(&mut self) {
        self.is_free_for_all = false;
    }

    /// A claim has had it. Gives whom to wake.
    pub(crate) fn freed(&mut self) -> Wakers {
        self.is_turn_of_claims = false;
        self.next()
    }

    /// Writes have it now.
    pub(crate) fn wrote(&mut self) {
        self.taken();
        self.is_turn_of_claims = true;
    }

    /// Those whose turn it may be. All writes, for one of them alone may never come; the first claim, or all of them if nobody looks
    /// whether it comes.
    pub(crate) fn next(&self) -> Wakers {
        let claims = if self.watched && !self.is_free_for_all { 1 } else { self.claims.len() };
        let claims = self.claims.iter().take(claims).filter_map(|claim| claim.waker());
        claims.chain(self.writes.iter().filter_map(|ticket| ticket.waker())).collect()
    }

    /// Gives those who have none yet a time until which they wait, and says whether anybody has one.
    fn wait_until(&mut self, deadline: Instant) -> bool {
        self.writes.iter().for_each(|ticket| ticket.wait_until(deadline));
        self.claims.iter().for_each(|claim| claim.wait_until(deadline));
        !self.writes.is_empty() || !self.claims.is_empty()
    }

    /// Those who have waited for too long at this moment, or all, who are in the queue no more.
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

    /// When the next one will have waited for too long.
    fn next_deadline(&self) -> Option<Instant> {
        let writes = self.writes.iter().filter_map(|ticket| ticket.deadline());
        writes.chain(self.claims.iter().filter_map(|claim| claim.deadline())).min()
    }
}

/// Those who have waited for too long.
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

/// Sees to it that nobody in the queue waits for ever, as a task would that waits for its own transaction.
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
        // Better now than never.
        let expired = queue.expire(None);
        drop(queue);
        expired.fail(&database.site.occupied());
    }
}

/// The thread that looks after those who wait, until nobody waits any more.
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
                // Nobody is in their way, so nobody has waited for too long: whoever comes may have it.
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

/// If it ends by a panic, too, somebody else is to be the next.
impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(database) = self.0.upgrade()
        {
            database.writer.queue().watched = false;
        }
    }
}
