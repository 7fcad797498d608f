//! The encoding through a format that has forms of its own, unlike JSON: BSON.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic, its helper functions too")]

mod format;
mod forms;
mod round_trips;
