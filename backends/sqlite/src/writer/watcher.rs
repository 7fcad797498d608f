//! The thread that enforces the time limits of waiting tasks.

use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::writer::write_connection::Writer;

/// How often the watcher looks.
const TICK: Duration = Duration::from_millis(10);

/// Starts the watcher, unless it runs already, and sets the deadlines of the tasks that wait. Without a deadline, a task that
/// waits for its own transaction would wait for ever.
pub(crate) fn watch(writer: &Arc<Writer>) {
    let now = Instant::now();
    let mut queue = writer.queue();
    let is_to_watch = now.checked_add(writer.site.timeout).is_some_and(|deadline| queue.wait_until(deadline));
    if !is_to_watch || queue.watched {
        return;
    }
    let own = Watch(Arc::downgrade(writer));
    queue.watched = std::thread::Builder::new().name("longevity-wait".to_owned()).spawn(move || own.run()).is_ok();
    if !queue.watched {
        // The thread could not be started. The tasks fail now, because nothing would end their waiting later.
        let expired = queue.expire(None);
        drop(queue);
        expired.fail(&writer.site.occupied());
    }
}

/// The watcher: a thread that runs as long as any task has a deadline.
struct Watch(Weak<Writer>);

impl Watch {
    fn run(&self) {
        while let Some(writer) = self.0.upgrade() {
            let now = Instant::now();
            let mut queue = writer.queue();
            let Some(next) = queue.next_deadline() else {
                queue.watched = false;
                return;
            };
            // The queue is locked here. If the connection becomes free later, the tasks that are left are woken then.
            if writer.is_free() {
                // Deadlines do not apply, because a task that is polled gets the connection when it is its turn.
                let wakers = queue.pass_over(now);
                drop(queue);
                wakers.into_iter().for_each(Waker::wake);
            } else {
                let expired = queue.expire(Some(now));
                drop(queue);
                let site = &writer.site;
                expired.fail(&if writer.is_waiting() { site.locked() } else { site.occupied() });
            }
            drop(writer);
            let pause = next.saturating_duration_since(now);
            std::thread::sleep(if pause.is_zero() { TICK } else { pause.min(TICK) });
        }
    }
}

/// After a panic, another watcher continues.
impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(writer) = self.0.upgrade()
        {
            writer.queue().watched = false;
            watch(&writer);
        }
    }
}
