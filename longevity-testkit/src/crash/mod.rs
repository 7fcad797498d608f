//! A store whose writers are killed while they write: what was acknowledged is there afterwards, and nothing is half done.
//!
//! For back ends that say they are durable. [`CrashSpec`] starts the test binary once more as a child, which writes as fast
//! as it can through the repositories of all types of a model, on several threads, also in transactions over several tables where the
//! back end has them, some of which are rolled back. It says on its standard output what it begins and what was acknowledged. After a random number of acknowledgements it is killed without a warning. Then the
//! store is opened again and examined, and the next child goes on with it. The domain model is the caller's; one with a
//! poly type, keys and indexes finds most.
//!
//! What dies is a process, not the machine: that the operating system loses nothing which it was handed is not tested.

mod examine;
mod ledger;
mod line;
mod process;
mod report;
mod spec;
mod table;
mod tables;
mod writer;
mod writing;

pub use ledger::Ledger;
pub use report::CrashReport;
pub use spec::CrashSpec;
#[doc(hidden)]
pub use spec::configured;
