//! `tasks list`: shows the tasks that are left to do, those that wait for others, and when recurring tasks start again.

use clap::Args;
use longevity::prelude::*;

use super::{Outcome, Store};
use crate::model::{Coordinator, Task, TaskName};
use crate::moment::relative;
use crate::table::draw;
use crate::view::{View, next_shown};

#[derive(Debug, Args)]
pub struct List {
    /// Show the tasks that are done, too.
    #[arg(long, short)]
    all: bool,
}

/// A task in the table. Ordered by what a user looks for first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    ToDo,
    Waiting,
    DoneForNow,
    Done,
}

type Row = (Rank, TaskName, [String; 4]);

impl List {
    pub fn run(&self, store: &Store) -> Outcome {
        let view = View::read(store, self.all)?;
        let now = Timestamp::now();
        let mut rows = rows(&view, now);
        if rows.is_empty() {
            return Ok(match self.all {
                true => "there are no tasks here: `tasks add NAME` adds one, and `--store` looks elsewhere".to_owned(),
                false => {
                    "nothing is to be done: `tasks add NAME` adds a task, and `--all` shows what is done".to_owned()
                }
            });
        }
        rows.sort();
        let rows = rows.into_iter().map(|(.., row)| row).collect();
        let tasks = draw(["TASK", "TITLE", "KIND", "STATE"], rows);
        let coordinators = coordinators(&view, now);
        if coordinators.is_empty() {
            return Ok(tasks);
        }
        let header = ["COORDINATOR OF", "TITLE", "LAST KICK-OFF", "NEXT KICK-OFF", "STATE OF THE TASK"];
        Ok(format!("{tasks}\n\n{}", draw(header, coordinators)))
    }
}

fn rows(view: &View, now: Timestamp) -> Vec<Row> {
    let next = view.next_kick_offs();
    let mut rows = Vec::new();
    let mut row = |rank, name: &TaskName, title: &Option<String>, kind: String, state: String| {
        rows.push((rank, name.clone(), [name.to_string(), title.clone().unwrap_or_default(), kind, state]));
    };
    for task in &view.one_offs {
        let (rank, state) = match task.done {
            None => (Rank::ToDo, "to do".to_owned()),
            Some(at) => (Rank::Done, format!("done {}", relative(at, now))),
        };
        row(rank, &task.name, &task.title, "one-off".to_owned(), state);
    }
    for task in &view.recurring {
        let (rank, state) = match (task.open, next.get(&task.name)) {
            (true, _) => (Rank::ToDo, "to do".to_owned()),
            (false, Some(next)) => (Rank::DoneForNow, format!("done; next {}", next_shown(*next, now))),
            (false, None) => (Rank::DoneForNow, "done; has no coordinator".to_owned()),
        };
        row(rank, &task.name, &task.title, task.every.to_string(), state);
    }
    for (task, other) in &view.waiting {
        let other = match other.as_ref().and_then(|other| title(other)) {
            None => task.waits_for.to_string(),
            Some(title) => format!("{} ({title})", task.waits_for),
        };
        row(Rank::Waiting, &task.name, &task.title, "waiting".to_owned(), format!("after {other}"));
    }
    rows
}

fn coordinators(view: &View, now: Timestamp) -> Vec<[String; 5]> {
    let row = |(coordinator, task): &(PState<Coordinator>, Option<PState<Task>>)| {
        let state = match task.as_ref().map(PState::get) {
            Some(Task::Recurring(task)) if task.open => "to do",
            _ => "done",
        };
        let title = task.as_ref().and_then(|task| title(task)).unwrap_or_default();
        let last = coordinator.last_kick_off.map_or_else(|| "never".to_owned(), |at| relative(at, now));
        let next = next_shown(coordinator.next_kick_off, now);
        [coordinator.task.to_string(), title, last, next, state.to_owned()]
    };
    view.coordinators.iter().map(row).collect()
}

fn title(task: &Task) -> Option<String> {
    match task {
        Task::OneOff(task) => task.title.clone(),
        Task::Recurring(task) => task.title.clone(),
        Task::Waiting(task) => task.title.clone(),
    }
}
