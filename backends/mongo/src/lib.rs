//! The MongoDB back end of longevity: a database on a replica set or a sharded cluster.
//!
//! ```no_run
//! use longevity_core::backend::Backend;
//! use longevity_mongo::Mongo;
//!
//! let mongo = Mongo::new("mongodb://localhost/blog?replicaSet=rs0");
//! let tables = mongo.block_on(mongo.open(&[]))?;
//! # Ok::<(), longevity_core::Error>(())
//! ```
//!
//! # Documents
//!
//! A row is a document. Longevity's own fields come first; their names begin with an underscore: `_id`, an object id; `_type`,
//! the discriminator, in the collection of a poly type; `_version`; `_created_at` and
//! `_updated_at` if the store keeps them; and `_references`, a mark, where references with integrity lead to the collection.
//! The fields of the type follow at the top level, under their stored names.
//!
//! | Rust | BSON |
//! | --- | --- |
//! | integers | `int` and `long`; `decimal` for a `u64` above `i64::MAX`, which compares with the others |
//! | `f32`, `f64` | `double`, with all its bits |
//! | `Uuid` | `binData` with the subtype for UUIDs |
//! | `Timestamp` | `{at: date, ns: int}`: the milliseconds of a date, and the remaining nanoseconds |
//! | `Bytes` | a hexadecimal string, which sorts as the bytes do; binary data would sort by its length |
//! | `None` | `null`; an option in an option is `{_some: null}` if only the inner one is `None` |
//! | a map whose keys are strings | an object, in whose keys `%`, `.`, NUL and a leading `$` are written as `%` and two digits |
//!
//! Everything else is stored as in [core's encoding](longevity_core::encoding).
//!
//! # Transactions
//!
//! A transaction is a transaction of the server, with the read concern `snapshot`. It belongs to the runtime in which it was
//! begun. By default it can live for a minute; the server's `transactionLifetimeLimitSeconds` sets the limit. A snapshot is a
//! session of reads at one moment. It can be used while the server keeps the data of that moment: five minutes by default, as
//! `minSnapshotHistoryWindowInSeconds` says.
//!
//! # Runtimes
//!
//! Each tokio runtime that uses a store has its own connections, which are made at its first operation. So a store that was
//! opened in one runtime works in any other, even if the first one is idle or gone. An example is a store that several
//! `#[tokio::test]` functions share. Outside of any runtime, and in the blocking facade, the connections live in a runtime with
//! two threads that this crate starts. Poll an operation in the runtime in which it was polled first, or at least while that
//! runtime runs.

mod backend;
mod connection;
mod encode;
mod error;
mod query;
mod schema;
mod settings;
mod table;
mod transaction;
mod write;

pub use backend::Mongo;
pub use encode::document::MongoDocument;
pub use error::MongoError;
pub use query::stream::Rows;
pub use settings::{Acknowledgement, ReadConcern};
pub use table::Table;
pub use transaction::session::MongoTransaction;

/// The back end's name in errors, logs and the names of tests.
const NAME: &str = "mongo";

/// A document from any bytes, even bytes that only a broken server would send. For tests.
#[doc(hidden)]
pub fn document_of(bytes: Vec<u8>) -> MongoDocument {
    MongoDocument::of(bytes)
}

/// The bytes of a document. For tests.
#[doc(hidden)]
pub fn bytes_of(doc: &MongoDocument) -> &[u8] {
    doc.as_bytes()
}

/// Translates a query into a command without sending it. The table must have been used before. For benchmarks.
#[doc(hidden)]
pub fn translated(
    table: &Table,
    select: &longevity_core::backend::Select,
) -> Result<impl Sized + use<>, longevity_core::Error> {
    match table.known() {
        Some(ready) => query::translate::find(&ready, select),
        None => {
            Err(longevity_core::Error::Unsupported { backend: NAME, operation: "a translation before the first use" })
        }
    }
}
