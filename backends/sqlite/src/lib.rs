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
//! An operation runs on the thread that polls it, and takes microseconds. There are other threads in three cases only: a stream
//! has one; one waits while another process has the file locked; and one enforces the time limit of tasks that wait for a
//! transaction. A query takes long if its answer is large or if no index serves it. On a runtime, give such a query a thread that
//! may block, or use a stream, which has a thread. `create_schema` reads every row if it has to fill a column or an index. If
//! another process has the file locked, it waits on the calling thread, up to the `busy_timeout`. Call it before there is
//! traffic.

mod backend;
mod connection;
mod encode;
mod error;
mod query;
mod schema;
mod settings;
mod table;
#[cfg(test)]
mod test_table;
mod transaction;
mod write;
mod writer;

pub use backend::Sqlite;
pub use encode::document::SqliteDocument;
pub use error::SqliteError;
pub use query::stream::Rows;
pub use settings::Durability;
pub use table::Table;
pub use transaction::session::SqliteTransaction;

/// Translates a query without running it; for benchmarks.
#[doc(hidden)]
pub fn translated(
    table: &Table,
    select: &longevity_core::backend::Select,
) -> Result<impl Sized + use<>, longevity_core::Error> {
    Ok(query::translate::select(&table.database.properties, longevity_core::block_on(table.ready())?, select)?)
}
