//! Whatever a caller builds ends in an answer or in an error that names the limit, unoptimized and on a small stack: filters,
//! operands, documents, orders and paths just under a limit and far over it, in every operation, on each back end. An
//! overflow of the stack ends the process, and so all tests of this binary.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic, its helper functions too")]

mod documents;
mod filters;
mod lists;
mod model;
mod operands;
mod orders;
mod paths;
mod stores;
