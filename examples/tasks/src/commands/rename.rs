//! `tasks rename`: another name for a task. Everything that refers to it follows.

use clap::Args;
use longevity::prelude::*;

use super::{Outcome, Store};
use crate::model::{Coordinator, Task, TaskName, Waiting};
use crate::problem::Problem;

#[derive(Debug, Args)]
pub struct Rename {
    /// The task.
    task: TaskName,

    /// Its new name.
    name: TaskName,
}

impl Rename {
    pub fn run(&self, store: &Store) -> Outcome {
        let Self { task: old, name: new } = self;
        let renamed = store.transaction(|tx| {
            let tasks = tx.repo::<Task>();
            let Some(task) = tasks.retrieve(old)? else { return Err(Problem::NoTask(old.clone())) };
            if old == new {
                return Err(Problem::Taken(new.clone()));
            }
            let referrers = tasks.referrers(&task)?;
            tasks.rename_key(task, new.clone())?;
            Ok(referrers)
        });
        let referrers = renamed.map_err(|problem: Problem| problem.taken(new))?;
        let mut followers = Vec::new();
        for referrers in referrers {
            followers.push(match (referrers.type_name, referrers.count) {
                (Coordinator::NAME, _) => "its coordinator".to_owned(),
                (Waiting::NAME, 1) => "1 task that waits for it".to_owned(),
                (Waiting::NAME, count) => format!("{count} tasks that wait for it"),
                (other, count) => format!("{count} {other}"),
            });
        }
        Ok(match &followers[..] {
            [] => format!("{old} is {new} now"),
            followers => format!("{old} is {new} now, also for {}", followers.join(" and for ")),
        })
    }
}
