//! Kills writers while they write to a store, and checks that acknowledged writes are there afterwards and no write is half done.
//!
//! This is for durable back ends. [`CrashSpec`] starts the test binary again as a child. The child writes as fast as it can
//! through the repositories of all types of a model, on several threads. If the back end has transactions, it also writes in
//! transactions over several tables, and rolls some of them back. It prints to standard output which writes it begins and which
//! are acknowledged. After a random number of acknowledgements, the parent kills it without warning, opens the store again and
//! examines it. The next child continues with the same store. The caller chooses the domain model; one with a poly type, keys,
//! indexes and references finds most.
//!
//! A process is killed, not the machine. This does not test that the operating system keeps the data that it was given.

mod examine;
mod ledger;
mod message;
mod process;
mod report;
mod spec;
mod table;
mod tables;
mod targets;
mod writer;
mod writing;

pub use ledger::Ledger;
pub use report::CrashReport;
pub use spec::CrashSpec;
#[doc(hidden)]
pub use spec::configured;
