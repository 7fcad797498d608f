//! The domain model: tasks of three types in one poly type, [`Task`], and coordinators that refer to recurring tasks.
//!
//! A waiting task and a coordinator hold the name of another task and nothing else of it. The `reference(..)` next to the name
//! says what the store keeps true about it.

use std::fmt;
use std::str::FromStr;

use longevity::prelude::*;

use crate::interval::Interval;

/// What a user calls a task: one word, unique among all tasks. It may change; see the command `rename`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, KeyVal)]
#[key_val(Task)]
pub struct TaskName(String);

/// Anything that is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(name: TaskName, title: Option<String>), key(name))]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    OneOff(OneOff),
    Recurring(Recurring),
    Waiting(Waiting),
}

/// A task that is done once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Task), index(done))]
pub struct OneOff {
    pub name: TaskName,
    pub title: Option<String>,
    pub done: Option<Timestamp>,
}

/// A task that is done again and again. It is open from each start until it is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Task))]
pub struct Recurring {
    pub name: TaskName,
    pub title: Option<String>,
    pub every: Interval,
    pub open: bool,
}

/// A task that cannot begin before another one is done. The other one is not removed as long as this one waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Task), reference(waits_for))]
pub struct Waiting {
    pub name: TaskName,
    pub title: Option<String>,
    pub waits_for: TaskName,
}

/// Decides when a recurring task starts again. Without its task it has nothing to decide, so it is removed with the task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(reference(task: Recurring, on_delete = cascade), index(next_kick_off))]
pub struct Coordinator {
    pub task: TaskName,
    pub last_kick_off: Option<Timestamp>,
    pub next_kick_off: Timestamp,
}

/// Everything that the task manager stores.
#[derive(DomainModel)]
#[domain_model(Task, Coordinator)]
pub struct TaskManagement;

impl Waiting {
    /// The task when it no longer has to wait.
    pub fn ready(self) -> OneOff {
        OneOff { name: self.name, title: self.title, done: None }
    }
}

/// The error for text that is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is one word of at most {} characters, such as `paint-fence`", TaskName::MOST)]
pub struct NotAName;

impl TaskName {
    const MOST: usize = 60;
}

impl FromStr for TaskName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let one_word = !text.is_empty() && !text.contains(|char: char| char.is_whitespace() || char.is_control());
        if one_word && text.chars().count() <= Self::MOST { Ok(Self(text.to_owned())) } else { Err(NotAName) }
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
