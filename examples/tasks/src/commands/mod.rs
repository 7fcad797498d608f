//! The commands. Each is one transaction or one snapshot, and returns what it has to say.

mod add;
mod coordinate;
mod done;
mod kick_off;
mod list;
mod remove;
mod rename;
mod verify;

use longevity::AnyBackend;
use longevity::blocking::{Longevity, Transaction};

use crate::model::TaskManagement;
use crate::problem::Problem;

pub use add::Add;
pub use coordinate::Coordinate;
pub use done::Done;
pub use kick_off::KickOff;
pub use list::List;
pub use remove::Remove;
pub use rename::Rename;
pub use verify::Verify;

/// Where the tasks are.
pub type Store = Longevity<TaskManagement, AnyBackend>;

/// A transaction over the tasks and their coordinators.
pub type Tx = Transaction<TaskManagement, AnyBackend>;

/// What a command has to say, or why it was not done.
pub type Outcome<T = String> = Result<T, Problem>;
