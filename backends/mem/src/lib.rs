//! The in-memory back end of longevity: for tests, for prototypes, and for data that fits in memory.
//!
//! Values are stored typed, behind shared pointers; nothing is serialized. Everything lives as long as a [`Mem`] or one
//! of its clones does, and nothing outlives the process.
//!
//! # Costs and guarantees
//!
//! * A write locks its table for the time that it takes to change the row and its index entries. It is atomic, and a
//!   batch is too. What it waits for is other writes and point look-ups, never a scan.
//! * A look-up by key is one look-up in a hash map; decoding clones the value.
//! * The first query that asks a key for a range or an order sorts the key's entries, beside the other operations; from
//!   then on they are kept in order.
//! * A query takes a snapshot in constant time and works on that: it holds up nobody and sees no later write. While a
//!   snapshot lives, a write copies the nodes of the trees on its way, so that a long stream costs memory in proportion
//!   to what is written meanwhile.
//! * A query uses the keys and indexes of the model: equality on leading columns, a range on the next, and order. What no
//!   index serves is answered by a scan. [`explain`](longevity_core::backend::Session::explain) says which it is.
//! * A transaction looks at one moment of all tables and holds no lock; beginning one costs a few pointers for each table and
//!   index. Its commit locks the tables that it has used for as long as it takes to look through what others have changed since, and to
//!   make its changes. Transactions are serializable: a transaction is refused if another one has changed what it read or wrote. After
//!   256 different filters on a table the whole of it counts as read. While a transaction is open, each table keeps a note of
//!   every write, with the rows that were overwritten or deleted.
//! * Every future is ready at its first poll, so that the blocking facade needs no runtime.
//!
//! # Map
//!
//! `backend` implements the interface. `schema` creates a table's indexes, `storage` keeps its rows and their entries in step,
//! `write` changes them, and `query` plans and answers queries. A `transaction` sees each table as it was at one moment, with its own
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

/// The plan of a query, without its being run; for benchmarks.
#[doc(hidden)]
pub fn translated(table: &Table, select: &longevity_core::query::Select) -> impl Sized + use<> {
    query::plan::Plan::new(&table.definition, select)
}
