//! `tasks kick-off`: starts the recurring tasks whose time has come, or one of them now.

use clap::Args;
use longevity::prelude::*;

use super::{Outcome, Store, Tx};
use crate::model::{Coordinator, Recurring, TaskName};
use crate::moment::relative;
use crate::problem::Problem;

#[derive(Debug, Args)]
pub struct KickOff {
    /// Start this task, even if its time has not come.
    task: Option<TaskName>,
}

impl KickOff {
    pub fn run(&self, store: &Store) -> Outcome {
        let now = Timestamp::now();
        let lines = store.transaction(|tx| match &self.task {
            Some(task) => start_one(&tx, task, now).map(|line| vec![line]),
            None => start_due(&tx, now),
        })?;
        Ok(if lines.is_empty() { "nothing is due".to_owned() } else { lines.join("\n") })
    }
}

fn start_one(tx: &Tx, name: &TaskName, now: Timestamp) -> Outcome {
    let c = Coordinator::props();
    if let Some(line) = start(tx, c.task.eq(name), now)?.pop() {
        return Ok(line);
    }
    Err(match tx.fetch(name)?.map(PState::narrow::<Recurring>) {
        None => Problem::NoTask(name.clone()),
        Some(Err(_)) => Problem::NotRecurring(name.clone()),
        Some(Ok(_)) => Problem::NoCoordinator(name.clone()),
    })
}

fn start_due(tx: &Tx, now: Timestamp) -> Outcome<Vec<String>> {
    start(tx, Coordinator::props().next_kick_off.le(now), now)
}

/// Starts the tasks of these coordinators, and returns a line about each.
fn start(tx: &Tx, which: Filter<Coordinator>, now: Timestamp) -> Outcome<Vec<String>> {
    let (coordinators, recurring) = (tx.repo::<Coordinator>(), tx.repo::<Recurring>());
    let c = Coordinator::props();
    let query = Coordinator::query().filter(which).order_by(c.next_kick_off.asc()).order_by(c.task.asc());
    let mut lines = Vec::new();
    // Two queries, however many coordinators there are.
    for (coordinator, task) in coordinators.find_with(query, &c.task)? {
        // The declared reference leads to a recurring task, always.
        let Some(Ok(task)) = task.map(PState::narrow::<Recurring>) else { continue };
        let next = task.every.first_after(coordinator.next_kick_off, now);
        let again = relative(next, now);
        let open = task.open;
        lines.push(match open {
            true => format!("{} is still open from before; next {again}", task.name),
            false => format!("started {}; next {again}", task.name),
        });
        if !open {
            recurring.update(task.modify(|task| task.open = true))?;
        }
        coordinators.update(coordinator.modify(|it| {
            it.next_kick_off = next;
            if !open {
                it.last_kick_off = Some(now);
            }
        }))?;
    }
    Ok(lines)
}
