//! `tasks done`: a task is done, and those that waited for it are ready.

use clap::Args;
use longevity::prelude::*;

use super::{Outcome, Store, Tx};
use crate::model::{OneOff, Task, TaskName, Waiting};
use crate::problem::{Problem, listed};

#[derive(Debug, Args)]
pub struct Done {
    /// The task that is done.
    task: TaskName,
}

impl Done {
    pub fn run(&self, store: &Store) -> Outcome {
        let ready = store.transaction(|tx| self.finish(&tx))?;
        let done = format!("done: {}", self.task);
        Ok(match ready.len() {
            0 => done,
            1 => format!("{done}; {} is ready now", listed(&ready, ", ")),
            _ => format!("{done}; {} are ready now", listed(&ready, ", ")),
        })
    }

    /// Writes that the task is done, and returns the tasks that no longer wait for it.
    fn finish(&self, tx: &Tx) -> Outcome<Vec<TaskName>> {
        let tasks = tx.repo::<Task>();
        let name = &self.task;
        let Some(task) = tasks.retrieve(name)? else { return Err(Problem::NoTask(name.clone())) };
        match task.get() {
            Task::OneOff(OneOff { done: Some(_), .. }) => return Err(Problem::DoneAlready(name.clone())),
            Task::Recurring(recurring) if !recurring.open => return Err(Problem::DoneForNow(name.clone())),
            Task::Waiting(Waiting { waits_for, .. }) => {
                return Err(Problem::Waits { task: name.clone(), other: waits_for.clone() });
            }
            Task::OneOff(_) | Task::Recurring(_) => {}
        }
        tasks.update(task.modify(|task| match task {
            Task::OneOff(one_off) => one_off.done = Some(Timestamp::now()),
            Task::Recurring(recurring) => recurring.open = false,
            Task::Waiting(_) => {}
        }))?;
        let mut ready = Vec::new();
        for waiting in tx.repo::<Waiting>().find_referring(name)? {
            ready.push(waiting.name.clone());
            // The row keeps its identity, and becomes another type of task.
            let one_off = waiting.get().clone().ready();
            tasks.update(waiting.widen().set(Task::OneOff(one_off)))?;
        }
        ready.sort();
        Ok(ready)
    }
}
