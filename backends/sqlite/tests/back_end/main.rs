//! Tests of what only SQLite promises: plans that use the declared indexes, schemas that grow, errors for files in every bad
//! state, streams that are snapshots, and commits that several writes share. The conformance suite tests what every back end
//! promises.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

mod addresses;
mod child;
mod commits;
mod faults;
mod filters;
mod place;
mod plans;
mod processes;
mod reentrant;
mod schema;
mod settings;
mod sizes;
mod streams;
mod values;
