//! `tasks add`: a new task.

use clap::Args;
use longevity::prelude::*;

use super::{Outcome, Store, Tx};
use crate::interval::Interval;
use crate::model::{OneOff, Recurring, Task, TaskName, Waiting};
use crate::problem::Problem;

#[derive(Debug, Args)]
pub struct Add {
    /// One word by which the other commands know the task.
    name: TaskName,

    /// What is to be done, in any number of words.
    title: Vec<String>,

    /// The task is done again and again, at this interval: `30min`, `12h`, `3d` or `2w`.
    #[arg(long, value_name = "INTERVAL", conflicts_with = "after")]
    every: Option<Interval>,

    /// The task waits until this one is done.
    #[arg(long, value_name = "TASK")]
    after: Option<TaskName>,
}

impl Add {
    pub fn run(&self, store: &Store) -> Outcome {
        let added = store.transaction(|tx| {
            let (task, said) = self.task(&tx)?;
            tx.repo::<Task>().create(task)?;
            Ok(said)
        });
        added.map_err(|problem: Problem| problem.taken(&self.name))
    }

    /// The task, and what to say about it.
    fn task(&self, tx: &Tx) -> Outcome<(Task, String)> {
        let (name, title) = (self.name.clone(), self.title());
        if let Some(every) = self.every {
            let said = format!("added {name}, {every}: `tasks coordinate {name}` makes it start again by itself");
            return Ok((Task::Recurring(Recurring { name, title, every, open: true }), said));
        }
        let one_off = |name, title| Task::OneOff(OneOff { name, title, done: None });
        let Some(other) = self.after.clone() else {
            let said = format!("added {name}");
            return Ok((one_off(name, title), said));
        };
        // The store would accept it: when the task is there, so is what it refers to.
        if other == name {
            return Err(Problem::WaitsForItself(name));
        }
        match tx.fetch(&other)?.map(PState::into_value) {
            None => Err(Problem::NoTask(other)),
            Some(Task::OneOff(OneOff { done: Some(_), .. })) => {
                let said = format!("added {name}, which need not wait: {other} is done");
                Ok((one_off(name, title), said))
            }
            Some(_) => {
                let said = format!("added {name}, which waits for {other}");
                Ok((Task::Waiting(Waiting { name, title, waits_for: other }), said))
            }
        }
    }

    fn title(&self) -> Option<String> {
        let words: Vec<_> = self.title.iter().flat_map(|words| words.split_whitespace()).collect();
        // A control character would disarrange every table that shows it.
        let title = words.join(" ").replace(char::is_control, "");
        Some(title).filter(|title| !title.is_empty())
    }
}
