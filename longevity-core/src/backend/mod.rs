//! The back-end interface: what a store implements, its rows as a [`Session`] and the rest as a [`Backend`].

mod by_kind;
mod session;
mod transaction;
mod writes;

use std::future::Future;
use std::sync::Arc;

use crate::document::Encodable;
use crate::encoding::PropertyReader;
use crate::error::Error;
use crate::table::TableDefinition;
use crate::value::Value;

pub use crate::encoding::DecodeError;
pub use by_kind::ByKind;
pub use session::{Give, GiveValues, Lookup, Session, find_values_of_documents};
pub use transaction::{NoTransaction, Transaction, TransactionMode};
pub use writes::{AllWritten, Before, InPlace, Target, Write, WriteFailure, Writes, Written};

/// A store of rows: it keeps unique and ordinary indexes, answers filters, and streams. It knows nothing of poly types:
/// a discriminator is a value in a row, and the condition of some indexes.
///
/// What is done with rows is the [`Session`] that each back end is: there each operation stands by itself. Here is what concerns
/// the store as a whole. Only [`encode`](Self::encode) and [`decode`](Self::decode) are generic over the user's types; everything
/// else works on the back end's own document and on [`Value`]s.
///
/// # Contract
///
/// Each MUST is held by `RepoCrudSpec`, here and of a session; what follows when it is broken stands after it.
///
/// * A future MAY be dropped at any await point. The operation then either happened or did not; half of it never.
/// * A back end SHOULD NOT block the thread that polls it for longer than a short operation takes.
/// * Values MUST NOT reach logs, and credentials MUST NOT reach errors.
pub trait Backend: Session {
    /// A transaction over all tables; [`NoTransaction`] if the back end has none.
    type Transaction: Transaction<Document = Self::Document, Table = Self::Table, Rows = Self::Rows>;

    /// A short name, for the names of tests: `mem`.
    const NAME: &'static str;

    /// The name in errors and logs: [`NAME`](Self::NAME), but for a back end that is one of several.
    fn name(&self) -> &'static str;

    /// What core does for the back end, and what it leaves to it. MUST be constant.
    fn profile(&self) -> Profile;

    /// What the back end can do beyond the contract. An operation of a capability that is not declared is refused by
    /// core with [`Error::Unsupported`] before it reaches the back end.
    fn capabilities(&self) -> Capabilities;

    /// The document of a value. MUST fail, not lose, what the store cannot hold.
    fn encode<T: Encodable>(&self, value: &T) -> Result<Self::Document, Error>;

    /// The value of a document. MUST give back what was encoded, bit for bit, or fail; a document from elsewhere MUST NOT
    /// panic.
    fn decode<T: Encodable>(&self, doc: &Self::Document) -> Result<T, DecodeError>;

    /// The value of one property of a document, as [`Storable::value_at`](crate::Storable::value_at) reads it from what
    /// [`decode`](Self::decode) gives. SHOULD NOT decode the rest.
    fn read(&self, doc: &Self::Document, property: &PropertyReader) -> Result<Value, DecodeError>;

    /// Connects, and readies the tables without creating anything.
    ///
    /// May be called several times on one back end: each store does, and so do definitions of other versions of a model,
    /// with more or fewer variants, columns and indexes. Tables of one name share their rows. Each handle sees the rows of
    /// all, and keeps the indexes of all that were created.
    fn open(
        &self,
        definitions: &[Arc<TableDefinition>],
    ) -> impl Future<Output = Result<Vec<Self::Table>, Error>> + Send;

    /// Creates the tables and their indexes: all of a model, in the order of their names. MUST be idempotent, MUST add what is
    /// missing, MUST NOT destroy data, and MUST NOT drop a key. Rows that do not fit a property of a key or an index MUST be
    /// refused: [`TableDefinition::misfit`]. SHOULD change nothing at all if it fails; MUST leave each table as it was or as it
    /// is to be.
    ///
    /// A table may have been created by another version of the model: by one that knows fewer discriminators, whose rows
    /// and keys stay what they are, or by one that knows more, whose rows stay too.
    fn create_schema(&self, tables: &[&Self::Table]) -> impl Future<Output = Result<(), Error>> + Send;

    /// The names of the keys that hold for rows of this definition's [discriminators](TableDefinition::knows), and that it
    /// does not [declare](TableDefinition::declares_key): another version of the model created them. A write that violates one
    /// MUST fail with [`TableDefinition::undeclared_key`], as each write keeps the indexes of all versions.
    fn undeclared_keys(&self, table: &Self::Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send;

    /// Drops the same, and nothing else, and gives their names.
    fn drop_undeclared_keys(&self, table: &Self::Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send;

    /// Begins a transaction. Needs [`Capabilities::transactions`].
    ///
    /// If the future is dropped, nothing is left open.
    fn begin(&self, mode: TransactionMode) -> impl Future<Output = Result<Self::Transaction, Error>> + Send;

    /// Waits before a transaction is tried again, so that the others that were in its way can end. `tries` says how often it was tried
    /// so far.
    fn back_off(&self, tries: usize) -> impl Future<Output = ()> + Send;

    /// Runs a future of this back end to its end on the calling thread: how the blocking facade waits. A back end whose
    /// futures need a runtime brings one; another has [`block_on`](crate::block_on) do it.
    fn block_on<F: Future>(&self, future: F) -> F::Output
    where
        Self: Sized;
}

/// What core does for a back end, and what it leaves to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whether writes come with [`RowContent::columns`](crate::RowContent::columns). A back end that reads the values of its
    /// keys and indexes from its documents says no, and core spares itself the copies.
    pub columns: bool,
    /// Whether [`Backend::encode`] refuses by itself what has more than
    /// [`DOCUMENT_LEVELS`](crate::limits::DOCUMENT_LEVELS), as one through [`document::serialize`](crate::document::serialize)
    /// does on its way. Core looks at each value of a type that holds itself otherwise.
    pub limits_levels: bool,
    /// Whether [`Session::patch`] ever does anything. Core prepares changes for it only then.
    pub patches_in_place: bool,
}

/// What a back end can do beyond the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// [`Session::write`] takes several writes.
    pub atomic_batches: bool,
    /// [`Session::explain`] answers.
    pub explain: bool,
    /// A stream is a snapshot: it shows no write that came after its start.
    pub snapshot_streams: bool,
    /// [`Backend::begin`] begins transactions.
    pub transactions: bool,
    /// Transactions can be nested: [`Transaction::savepoint`] and what goes with it.
    pub savepoints: bool,
}

impl Capabilities {
    /// None at all.
    pub const fn none() -> Self {
        Self { atomic_batches: false, explain: false, snapshot_streams: false, transactions: false, savepoints: false }
    }

    /// With atomic batches.
    pub const fn with_atomic_batches(mut self) -> Self {
        self.atomic_batches = true;
        self
    }

    /// With explanations.
    pub const fn with_explain(mut self) -> Self {
        self.explain = true;
        self
    }

    /// With streams that are snapshots.
    pub const fn with_snapshot_streams(mut self) -> Self {
        self.snapshot_streams = true;
        self
    }

    /// With transactions.
    pub const fn with_transactions(mut self) -> Self {
        self.transactions = true;
        self
    }

    /// With transactions that are nested.
    pub const fn with_savepoints(mut self) -> Self {
        self.savepoints = true;
        self
    }
}
