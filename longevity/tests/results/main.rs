//! The tables of the results of queries and changes. The workspace's own tests check every back end against them; here they run
//! on the in-memory back end only. They are quick tests, which have to catch mutants of core.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

mod stores;

#[path = "../../../tests/tests/results/aggregates.rs"]
mod aggregates;
#[path = "../../../tests/tests/results/changes.rs"]
mod changes;
#[path = "../../../tests/tests/results/model.rs"]
mod model;
#[path = "../../../tests/tests/results/options.rs"]
mod options;
#[path = "../../../tests/tests/results/pages.rs"]
mod pages;
#[path = "../../../tests/tests/results/patches.rs"]
mod patches;
#[path = "../../../tests/tests/results/positions.rs"]
mod positions;
#[path = "../../../tests/tests/results/references.rs"]
mod references;
