//! Whatever a caller builds ends in an answer or in an error that names the limit, in an unoptimized build and on a small stack:
//! filters, operands, documents, orders and paths just under a limit and far beyond it, in every operation, on each back end. A
//! stack overflow ends the process, and with it all tests of this binary.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

mod documents;
mod filters;
mod lists;
mod model;
mod operands;
mod orders;
mod paths;
mod stores;
