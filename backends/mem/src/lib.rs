//! The in-memory back end of longevity: for tests, for prototypes, and for data that fits in memory.
//!
//! Values are stored typed, behind shared pointers; nothing is serialized. The contents live as long as a [`Mem`] or one of its
//! clones, and never longer than the process.
//!
//! # Costs and guarantees
//!
//! * A write locks its table for the time that it takes to change the row and its index entries. It is atomic, and so is a
//!   batch. It waits for other writes and point look-ups, but never for a scan.
//! * A look-up by key is one look-up in a hash map; decoding clones the value.
//! * The first query that uses a key for a range or an order sorts the key's entries, while other operations continue. From
//!   then on they are kept in order.
//! * A query takes a snapshot in constant time and works on it: it holds up no one and sees no later write. While a snapshot
//!   lives, a write copies the tree nodes that it changes, so a long stream costs memory in proportion to what is written in
//!   the meantime.
//! * A query uses the keys and indexes of the model: equality on leading columns, a range on the next one, and order. A query
//!   that no index serves is a scan. [`explain`](longevity_core::backend::Session::explain) reports which it is.
//! * A transaction sees all tables as of one moment and holds no lock. Beginning one costs a few pointers for each table and
//!   index. Its commit locks the tables that it has used while it checks what others have changed since and makes its own
//!   changes. Transactions are serializable: a transaction is refused if another one has changed what it read or wrote. After
//!   256 different filters on a table, the whole table counts as read. While a transaction is open, each table keeps a note of
//!   every write, with the rows that were overwritten or deleted.
//! * Every future is ready at its first poll, so that the blocking facade needs no runtime.
//!
//! # Map
//!
//! `backend` implements the interface. `schema` creates a table's indexes, `storage` keeps its rows and their entries in step,
//! `write` changes them, and `query` plans and answers queries. A `transaction` sees each table as of one moment, with its own
//! changes. `encode` has the document and the binary keys of the indexes.

mod backend;
mod encode;
mod error;
mod query;
mod schema;
mod storage;
mod table;
mod transaction;
mod write;

pub use backend::Mem;
pub use encode::document::MemDocument;
pub use query::stream::Rows;
pub use table::Table;
pub use transaction::session::MemTransaction;

/// The plan of a query, which is not run; for benchmarks.
#[doc(hidden)]
pub fn translated(table: &Table, select: &longevity_core::backend::Select) -> impl Sized + use<> {
    query::plan::Plan::new(&table.definition, select)
}
