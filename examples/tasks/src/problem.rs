//! Why a command was not done. Each text says what to do instead.

use longevity::{Error, WriteError};

use crate::model::TaskName;

/// The reason why a command was not done. Nothing was changed, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("there is no task {0}: `tasks list --all` shows all tasks")]
    NoTask(TaskName),
    #[error("there is a task {0} already: choose another name")]
    Taken(TaskName),
    #[error("{0} cannot wait for itself: name the task that has to be done first")]
    WaitsForItself(TaskName),
    #[error("{task} waits for {other}: do that first (`tasks done {other}`)")]
    Waits { task: TaskName, other: TaskName },
    #[error("{0} is done already: `tasks rm {0}` removes it")]
    DoneAlready(TaskName),
    #[error("{0} is done for now: `tasks kick-off {0}` starts it again")]
    DoneForNow(TaskName),
    #[error("{0} is not a recurring task: only those start again (`tasks add NAME --every 3d`)")]
    NotRecurring(TaskName),
    #[error("{0} has no coordinator: `tasks coordinate {0}` gives it one")]
    NoCoordinator(TaskName),
    #[error(
        "{task} cannot be removed, because {} for it: do it (`tasks done {task}`), or remove all that would wait in vain \
         (`tasks rm {}`)",
        if let [one] = &by[..] { format!("{one} waits") } else { format!("{} wait", listed(by, ", ")) },
        listed(together, " ")
    )]
    Needed {
        task: TaskName,
        by: Vec<TaskName>,
        /// What can be removed together.
        together: Vec<TaskName>,
    },
    #[error(
        "the store is damaged:\n{0}\n`tasks verify --fix` mends it; with `--delete`, it deletes what is to be left"
    )]
    Damaged(String),
    #[error("mended: {mended}; this is left:\n{left}")]
    Left { mended: u64, left: String },
    #[error(transparent)]
    Store(#[from] Error),
}

impl<P> From<WriteError<P>> for Problem {
    fn from(error: WriteError<P>) -> Self {
        Self::Store(error.into())
    }
}

impl Problem {
    /// A refusal because the store has the name already, which is shorter in the words of this program.
    pub fn taken(self, name: &TaskName) -> Self {
        match self {
            Self::Store(error) if error.is_duplicate_key() => Self::Taken(name.clone()),
            other => other,
        }
    }
}

/// The names as text.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a TaskName>, between: &str) -> String {
    names.into_iter().map(TaskName::to_string).collect::<Vec<_>>().join(between)
}
