//! The connections of an open database.

/// An open database: the connection that writes, and a pool of connections that read.
pub(crate) mod database;
/// How each connection is opened and set up.
pub(crate) mod open;
