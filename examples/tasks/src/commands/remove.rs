//! `tasks rm`: removes tasks, done or not. Their coordinators go with them; tasks that wait for them are in the way.

use std::collections::BTreeSet;

use clap::Args;
use longevity::prelude::*;

use super::{Outcome, Store};
use crate::model::{Task, TaskName, Waiting};
use crate::problem::{Problem, listed};

#[derive(Debug, Args)]
pub struct Remove {
    /// The tasks. They are removed together or not at all.
    #[arg(required = true)]
    tasks: Vec<TaskName>,
}

impl Remove {
    pub fn run(&self, store: &Store) -> Outcome {
        // Each once, even if the user names one twice.
        let names: BTreeSet<_> = self.tasks.iter().cloned().collect();
        let removed = store.transaction(|tx| {
            let found = tx.fetch_all(&names)?;
            if let Some(missing) = names.iter().find(|name| !found.contains_key(name)) {
                return Err(Problem::NoTask(missing.clone()));
            }
            // One delete of all of them: a task may go together with those that wait for it.
            let t = Task::props();
            let rows = tx.repo::<Task>().delete_where(Task::query().filter(t.name.is_in(&names)))?;
            // Also counted are the rows that were deleted because they refer to these.
            Ok(rows.saturating_sub(found.len() as u64))
        });
        match removed {
            Ok(coordinators) => {
                let with = match coordinators {
                    0 => String::new(),
                    1 => " and a coordinator".to_owned(),
                    coordinators => format!(" and {coordinators} coordinators"),
                };
                Ok(format!("removed {}{with}", listed(&names, ", ")))
            }
            Err(Problem::Store(error @ Error::Referenced { .. })) => Err(needed(store, &names, error)?),
            Err(problem) => Err(problem),
        }
    }
}

/// Says which tasks wait for one that was to be removed, and what could be removed instead.
fn needed(store: &Store, names: &BTreeSet<TaskName>, error: Error) -> Outcome<Problem> {
    let mut together: Vec<_> = names.iter().cloned().collect();
    let mut first = None;
    let mut at = 0;
    // What waits for a task may have others that wait for it in turn.
    while let Some(task) = together.get(at).cloned() {
        let waiting = store.repo::<Waiting>().find_referring(&task)?;
        let mut by: Vec<_> = waiting.iter().map(|waiting| waiting.name.clone()).collect();
        by.retain(|name| !together.contains(name));
        by.sort();
        together.extend_from_slice(&by);
        if !by.is_empty() {
            first.get_or_insert((task, by));
        }
        at += 1;
    }
    Ok(match first {
        Some((task, by)) => Problem::Needed { task, by, together },
        // Nothing waits any more: another program was faster.
        None => error.into(),
    })
}
