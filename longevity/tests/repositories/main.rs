//! What the repositories promise whatever the back end, tested on the back end in memory: quick tests, which have to catch
//! mutants of core.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

mod begin;
mod columns;
mod deletion;
mod in_place;
mod limits;
mod meddling;
mod model;
mod reading;
mod require_indexes;
mod savepoints;
mod suite;
