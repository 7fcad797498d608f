//! The connection to the server: its address, the driver's client, and the tokio runtime in which the client lives.
//!
//! - [`address`]: reads a connection string, and reports errors without showing any part of it.
//! - [`client`]: the driver's client, and one connection per runtime.
//! - [`names`]: checks the names of databases and collections.
//! - [`runtime`]: the caller's runtime, or one that this crate starts.
//! - [`unfinished`]: transactions that tasks are still undoing or committing.

pub(crate) mod address;
pub(crate) mod client;
pub(crate) mod names;
pub(crate) mod runtime;
pub(crate) mod unfinished;
