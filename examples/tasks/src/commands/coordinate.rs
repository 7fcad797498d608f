//! `tasks coordinate`: gives a recurring task a coordinator, changes when it starts next, or takes the coordinator away.

use clap::Args;
use longevity::prelude::*;

use super::{Outcome, Store, Tx};
use crate::model::{Coordinator, Task, TaskName};
use crate::problem::Problem;
use crate::view::next_shown;

#[derive(Debug, Args)]
pub struct Coordinate {
    /// A recurring task.
    task: TaskName,

    /// When the task starts next: `2026-03-01T08:00:00Z`, or with another offset than `Z`. By default, one interval from now.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,

    /// Take the coordinator away. The task stays, and does not start again.
    #[arg(long, conflicts_with = "at")]
    stop: bool,
}

impl Coordinate {
    pub fn run(&self, store: &Store) -> Outcome {
        if self.stop {
            return store.transaction(|tx| self.take_away(&tx));
        }
        let now = Timestamp::now();
        store.transaction(|tx| self.give(&tx, now))
    }

    fn give(&self, tx: &Tx, now: Timestamp) -> Outcome {
        let name = &self.task;
        let Some(task) = tx.fetch(name)? else { return Err(Problem::NoTask(name.clone())) };
        let Task::Recurring(recurring) = task.get() else { return Err(Problem::NotRecurring(name.clone())) };
        let every = recurring.every;
        let next_kick_off = self.at.unwrap_or_else(|| every.first_after(now, now));

        // A task has one coordinator. Two programs that give it one at the same time conflict, because each makes a reference to
        // the same task: the second one is tried again, and finds the coordinator of the first.
        let coordinators = tx.repo::<Coordinator>();
        match coordinators.find_referring(name)?.pop() {
            Some(coordinator) => {
                coordinators.update(coordinator.modify(|it| it.next_kick_off = next_kick_off))?;
            }
            None => {
                coordinators.create(Coordinator { task: name.clone(), last_kick_off: None, next_kick_off })?;
            }
        }
        Ok(format!("{name} starts again {every}; next {}", next_shown(next_kick_off, now)))
    }

    fn take_away(&self, tx: &Tx) -> Outcome {
        let name = &self.task;
        if tx.fetch(name)?.is_none() {
            return Err(Problem::NoTask(name.clone()));
        }
        let c = Coordinator::props();
        match tx.repo::<Coordinator>().delete_where(Coordinator::query().filter(c.task.eq(name)))? {
            0 => Err(Problem::NoCoordinator(name.clone())),
            _ => Ok(format!("{name} no longer starts again by itself")),
        }
    }
}
