//! What queries return other than their states is the same on every back end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

mod aggregates;
mod changes;
mod columns;
mod forms;
mod model;
mod options;
mod pages;
mod patches;
mod positions;
mod references;
mod require_indexes;
mod stores;
