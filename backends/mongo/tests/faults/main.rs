//! The MongoDB back end when something fails: servers die, hang or send wrong replies, callers race, credentials are wrong, and
//! documents are too large or were edited. All of it happens on real servers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]
#![allow(
    clippy::await_holding_lock,
    reason = "each test has a runtime of its own, and waits for a server on its own thread"
)]

mod addresses;
mod check;
mod credentials;
mod edited;
mod indexes;
mod load;
mod lock;
mod majority;
mod model;
mod names;
mod place;
mod primary;
mod references;
mod replies;
mod runtimes;
mod sizes;
mod streams;
mod transactions;
