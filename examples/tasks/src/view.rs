//! The thick view: all tasks and coordinators, each with the task that it refers to. It is read on demand, and never stored.

use std::collections::HashMap;

use longevity::prelude::*;

use crate::commands::{Outcome, Store};
use crate::model::{Coordinator, OneOff, Recurring, Task, TaskName, Waiting};
use crate::moment::relative;

/// All that is to be shown, as it was at one moment.
pub struct View {
    pub one_offs: Vec<PState<OneOff>>,
    pub recurring: Vec<PState<Recurring>>,
    /// Each with the task that it waits for.
    pub waiting: Vec<(PState<Waiting>, Option<PState<Task>>)>,
    /// Each with its task; the one that kicks off next is the first.
    pub coordinators: Vec<(PState<Coordinator>, Option<PState<Task>>)>,
}

impl View {
    /// Reads it in one query for each type, and one more for each thousand tasks that others refer to. Tasks that are done for good
    /// are only read on request.
    pub fn read(store: &Store, done_too: bool) -> Outcome<Self> {
        let (o, w, c) = (OneOff::props(), Waiting::props(), Coordinator::props());
        let one_offs = if done_too { OneOff::query().all() } else { OneOff::query().filter(o.done.is_none()) };
        let view = store.snapshot(|at| {
            Ok::<_, Error>(Self {
                one_offs: at.repo::<OneOff>().find(one_offs.clone())?,
                recurring: at.repo::<Recurring>().find(Recurring::query().all())?,
                waiting: at.repo::<Waiting>().find_with(Waiting::query().all(), &w.waits_for)?,
                coordinators: at
                    .repo::<Coordinator>()
                    .find_with(Coordinator::query().order_by(c.next_kick_off.asc()), &c.task)?,
            })
        });
        Ok(view?)
    }

    /// When each coordinated task starts again.
    pub fn next_kick_offs(&self) -> HashMap<&TaskName, Timestamp> {
        self.coordinators.iter().map(|(coordinator, _)| (&coordinator.task, coordinator.next_kick_off)).collect()
    }
}

/// When a task starts again. Nothing runs between two commands, so a time that has passed is not missed but due.
pub fn next_shown(at: Timestamp, now: Timestamp) -> String {
    if at <= now { "now (`tasks kick-off`)".to_owned() } else { relative(at, now) }
}
