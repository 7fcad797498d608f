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
//! A row is a document with the type's fields at its top level, under their stored names, and our own in front of them, which
//! begin with an underscore: `_id`, an object id; `_type`, the discriminator, in the collection of a poly type; `_version`; and
//! `_created_at` and `_updated_at` if the store keeps them.
//!
//! | Rust | BSON |
//! | --- | --- |
//! | integers | `int` and `long`; a `u64` above `i64::MAX` a `decimal`, which compares with them |
//! | `f32`, `f64` | `double`, with all its bits |
//! | `Uuid` | `binData` of the subtype for UUIDs |
//! | `Timestamp` | `{at: date, ns: int}`: the milliseconds that a date has, and the nanoseconds beyond them |
//! | `Bytes` | hexadecimal text, which sorts as the bytes do; binary data sorts by its length |
//! | `None` | `null`; in an option in an option `{_some: null}` |
//! | a map with keys that are text | an object, in whose keys `%`, `.`, NUL and a leading `$` are written as `%` and two digits |
//!
//! The rest is as in [core's encoding](longevity_core::encoding).
//!
//! # Transactions
//!
//! A transaction is one of the server's, with the read concern `snapshot`, of the runtime in which it was begun. It lives for a minute,
//! or for as long as the server's `transactionLifetimeLimitSeconds` says. A snapshot is a session of reads at one time, for as long as
//! the server knows the past: `minSnapshotHistoryWindowInSeconds`, which is five minutes.
//!
//! # Runtimes
//!
//! Each tokio runtime that uses a store has connections of its own, made at its first operation: a store that one runtime
//! opened works in every other, whether the first is idle or gone, as those of `#[tokio::test]` functions that share a store
//! are. Where there is no runtime, and in the blocking facade, the connections live in one that this crate starts, with two
//! threads. An operation is to be polled in the runtime in which it was polled first, or while that one runs.

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

/// A document out of bytes of any form, as from a broken server; for tests.
#[doc(hidden)]
pub fn document_of(bytes: Vec<u8>) -> MongoDocument {
    MongoDocument::of(bytes)
}

/// A document's bytes; for tests.
#[doc(hidden)]
pub fn bytes_of(doc: &MongoDocument) -> &[u8] {
    doc.as_bytes()
}

/// The command of a query, without its being sent; for benchmarks. Of a table that was used before.
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
