//! The encoding of documents: each rule by its JSON, every type of every model, and documents from other sources.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

mod checks;
mod defaults;
mod depth;
mod hostile;
mod json;
mod matrix;
mod names;
mod readers;
mod rules;
