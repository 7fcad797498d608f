//! The SQLite back end of longevity: one file, or a private database in memory.
//!
//! ```
//! use longevity_core::backend::Backend;
//! use longevity_sqlite::Sqlite;
//!
//! let sqlite = Sqlite::in_memory();
//! let doc = sqlite.encode(&"hello".to_owned())?;
//! assert_eq!(sqlite.decode::<String>(&doc).unwrap(), "hello");
//! assert!(sqlite.decode::<i64>(&doc).is_err());
//! # Ok::<(), longevity_core::Error>(())
//! ```
//!
//! # Threads
//!
//! An operation runs on the thread that polls it, and takes microseconds. There are other threads in three cases only. A stream has one. While
//! another process has the file locked, one waits for that. While tasks wait for a transaction, one ends their waiting in time. A query whose
//! answer is large, or that no index serves, takes as long as it takes: on a runtime, give it a thread that may block, or use
//! a stream, which has one. `create_schema` reads every row where it has to fill a column or an index, and waits on the calling
//! thread, up to the `busy_timeout`, where another process has the file locked: call it before there is traffic.

mod backend;
mod checks;
mod condition;
mod connection;
mod crowd;
mod database;
#[cfg(test)]
mod durability;
mod encode;
mod explain;
mod failure;
mod fill;
mod form;
mod layout;
mod lease;
mod names;
mod property;
mod queue;
mod read;
#[cfg(test)]
mod recompiles;
mod reinsert;
mod replace;
mod rows;
mod schema;
mod serving;
mod settings;
mod statements;
mod stream;
mod syncs;
mod table;
mod ticket;
mod transaction;
mod translate;
mod undeclared;
mod values;
mod wait;
#[cfg(test)]
mod whole_tables;
mod write;
mod writer;

pub use encode::SqliteDocument;
pub use failure::SqliteError;
pub use settings::{Durability, Sqlite};
pub use stream::Rows;
pub use table::Table;
pub use transaction::SqliteTransaction;

/// The statement of a query, without its being run; for benchmarks.
#[doc(hidden)]
pub fn translated(
    table: &Table,
    select: &longevity_core::query::Select,
) -> Result<impl Sized + use<>, longevity_core::Error> {
    Ok(translate::select(&table.database, longevity_core::block_on(table.ready())?, select)?)
}
