//! The tables of what queries and changes give, which every back end is held to in the workspace's own tests, on memory alone:
//! quick tests, to which mutants of core are held.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic, its helper functions too")]

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
