//! The interface that a store implements: operations on rows in [`Session`], the rest in [`Backend`].

mod by_kind;
mod inspect;
mod session;
mod transaction;
mod writes;

use std::future::Future;
use std::sync::Arc;

use crate::document::Encodable;
use crate::encoding::PropertyReader;
use crate::error::Error;
use crate::row::{RowContent, RowId};
use crate::table::TableDefinition;
use crate::value::Value;

pub use crate::encoding::DecodeError;
pub use crate::select::{Direction, OrderBy, Predicate, Prepared, Select, Subject, TextTest, evaluate, scope_of};
pub use by_kind::ByKind;
pub use inspect::{BrokenIndex, Inspection};
pub use session::{Give, GiveValues, Lookup, Session, find_values_of_documents};
pub use transaction::{NoTransaction, Transaction, TransactionMode, hold_by_reading};
pub use writes::{AllWritten, Before, InPlace, Target, Write, WriteFailure, Writes, Written};

/// A store of rows. It keeps unique and ordinary indexes, answers filters, and streams. It knows nothing of poly types: a
/// discriminator is a value in a row, and the condition of some indexes.
///
/// Each back end is a [`Session`], which has the operations on rows; each of these is a unit of its own. This trait has what
/// concerns the store as a whole. Only [`encode`](Self::encode) and [`decode`](Self::decode) are generic over the user's types;
/// everything else works on the back end's own document and on [`Value`]s.
///
/// # Contract
///
/// `RepoCrudSpec` checks each MUST, here and in [`Session`]. The text after a MUST says what happens when it is broken.
///
/// * A future MAY be dropped at any await point. The operation then happened as a whole or not at all.
/// * A back end SHOULD NOT block the thread that polls it for longer than a short operation takes.
/// * Values MUST NOT reach logs, and credentials MUST NOT reach errors.
pub trait Backend: Session {
    /// A transaction over all tables; [`NoTransaction`] if the back end has none.
    type Transaction: Transaction<Document = Self::Document, Table = Self::Table, Rows = Self::Rows>;

    /// A short name such as `mem`, for the names of tests.
    const NAME: &'static str;

    /// The name in errors and logs: [`NAME`](Self::NAME), except for a back end that is one of several.
    fn name(&self) -> &'static str;

    /// What core does for the back end, and what it leaves to the back end. MUST be constant.
    fn profile(&self) -> Profile;

    /// What the back end can do beyond the contract. If a capability is not declared, core refuses its operations with
    /// [`Error::Unsupported`] before they reach the back end.
    fn capabilities(&self) -> Capabilities;

    /// The document of a value. MUST fail if the store cannot hold a part of the value, and MUST NOT lose it.
    fn encode<T: Encodable>(&self, value: &T) -> Result<Self::Document, Error>;

    /// The value of a document. MUST return the encoded value bit for bit, or fail. MUST NOT panic on a document from
    /// elsewhere.
    fn decode<T: Encodable>(&self, doc: &Self::Document) -> Result<T, DecodeError>;

    /// The value of one property of a document, as [`Storable::value_at`](crate::Storable::value_at) reads it from the result
    /// of [`decode`](Self::decode). SHOULD NOT decode the rest.
    fn read(&self, doc: &Self::Document, property: &PropertyReader) -> Result<Value, DecodeError>;

    /// Connects and prepares the tables, without creating anything.
    ///
    /// May be called several times on one back end, because each store calls it. The definitions may be those of different
    /// versions of a model, with more or fewer variants, columns and indexes. Tables with the same name share their rows. Each
    /// handle sees the rows of all versions, and keeps all indexes that were created.
    fn open(
        &self,
        definitions: &[Arc<TableDefinition>],
    ) -> impl Future<Output = Result<Vec<Self::Table>, Error>> + Send;

    /// Creates all tables of a model and their indexes, in the order of the tables' names. MUST be idempotent, MUST add what is
    /// missing, MUST NOT destroy data, and MUST NOT drop a key. MUST refuse rows that do not fit a property of a key or an
    /// index, with [`TableDefinition::misfit`]. SHOULD change nothing at all if it fails; MUST leave each table either
    /// unchanged or complete.
    ///
    /// Another version of the model may have created a table. If that version knows fewer discriminators, its rows and keys
    /// stay as they are; if it knows more, its rows stay too.
    fn create_schema(&self, tables: &[&Self::Table]) -> impl Future<Output = Result<(), Error>> + Send;

    /// Inserts a row if the rows with these keys are there, both in one step. `None` if one of them is not there, and nothing is
    /// done. Core then begins a transaction and finds out what is missing. Only called if the back end's
    /// [profile](Profile::inserts_with_targets) says so, which pays where a transaction costs more than one operation.
    fn insert_with_targets(
        &self,
        _table: &Self::Table,
        _content: RowContent<Self::Document>,
        _targets: &[(&Self::Table, Lookup<'_>)],
    ) -> impl Future<Output = Result<Option<RowId>, WriteFailure>> + Send {
        async { Ok(None) }
    }

    /// Has the store itself enforce the references that the definitions declare, where it can, and none that they do not declare.
    /// Called after [`create_schema`](Self::create_schema), when the rows satisfy them. Core enforces them in any case, so a back
    /// end whose store has no such means does not implement this. The store MUST NOT refuse what core does within a transaction
    /// before its commit.
    fn enforce_references(&self, _tables: &[&Self::Table]) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// The names of the keys that are in force for rows with this definition's [discriminators](TableDefinition::knows), but
    /// that it does not [declare](TableDefinition::declares_key): another version of the model created them. A write that
    /// violates such a key MUST fail with [`TableDefinition::undeclared_key`], as each write keeps the indexes of all versions.
    fn undeclared_keys(&self, table: &Self::Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send;

    /// Drops these keys and nothing else, and returns their names.
    fn drop_undeclared_keys(&self, table: &Self::Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send;

    /// Compares what the store keeps beside the documents of rows with what is in the documents, such as the values of columns.
    /// Looks at up to `limit` rows after this one, in the order of their ids. Rows whose documents cannot be read, and those of
    /// unknown discriminators, are left out.
    ///
    /// A back end that keeps nothing beside its documents does not implement this, nor the three methods after it.
    fn inspect(
        &self,
        _table: &Self::Table,
        _after: Option<RowId>,
        _limit: usize,
    ) -> impl Future<Output = Result<Inspection, Error>> + Send {
        async { Ok(Inspection::default()) }
    }

    /// The indexes of a table whose entries are not those of its rows.
    fn inspect_indexes(&self, _table: &Self::Table) -> impl Future<Output = Result<Vec<BrokenIndex>, Error>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Writes what the store keeps beside the documents of these rows again, from the documents. Fails as a write of the rows
    /// would, all or none. Does not change their versions.
    fn rebuild(&self, _table: &Self::Table, _rows: &[RowId]) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// Builds the indexes of a table again, from its rows.
    fn rebuild_indexes(&self, _table: &Self::Table) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// Begins a transaction. Needs [`Capabilities::transactions`].
    ///
    /// If the future is dropped, no transaction stays open.
    fn begin(&self, mode: TransactionMode) -> impl Future<Output = Result<Self::Transaction, Error>> + Send;

    /// Waits before a transaction is tried again, so that the transactions that conflicted with it can end. `tries` is the
    /// number of tries so far.
    fn back_off(&self, tries: usize) -> impl Future<Output = ()> + Send;

    /// Runs a future of this back end to its end on the calling thread, for the blocking facade. A back end whose futures need
    /// a runtime brings one; others use [`block_on`](crate::block_on).
    fn block_on<F: Future>(&self, future: F) -> F::Output
    where
        Self: Sized;
}

/// What core does for a back end, and what it leaves to the back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whether writes come with [`RowContent::columns`](crate::RowContent::columns). If a back end reads the values of its keys
    /// and indexes from its documents, this is false, and core makes no copies.
    pub columns: bool,
    /// Whether [`Backend::encode`] itself refuses values with more levels than
    /// [`DOCUMENT_LEVELS`](crate::limits::DOCUMENT_LEVELS), as [`document::serialize`](crate::document::serialize) does.
    /// Otherwise core checks each value of a recursive type.
    pub limits_levels: bool,
    /// Whether [`Session::patch`] ever does anything. Core prepares changes for it only if this is true.
    pub patches_in_place: bool,
    /// Whether [`Backend::insert_with_targets`] ever does anything. Core prepares for it only if this is true.
    pub inserts_with_targets: bool,
}

/// What a back end can do beyond the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// [`Session::write`] accepts several writes.
    pub atomic_batches: bool,
    /// [`Session::explain`] returns an explanation.
    pub explain: bool,
    /// A stream is a snapshot: it shows no writes that were made after its start.
    pub snapshot_streams: bool,
    /// [`Backend::begin`] begins transactions.
    pub transactions: bool,
    /// Transactions can be nested, with [`Transaction::savepoint`] and the methods that belong to it.
    pub savepoints: bool,
}

impl Capabilities {
    /// No capabilities.
    pub const fn none() -> Self {
        Self { atomic_batches: false, explain: false, snapshot_streams: false, transactions: false, savepoints: false }
    }

    /// Adds atomic batches.
    pub const fn with_atomic_batches(mut self) -> Self {
        self.atomic_batches = true;
        self
    }

    /// Adds explanations.
    pub const fn with_explain(mut self) -> Self {
        self.explain = true;
        self
    }

    /// Adds streams that are snapshots.
    pub const fn with_snapshot_streams(mut self) -> Self {
        self.snapshot_streams = true;
        self
    }

    /// Adds transactions.
    pub const fn with_transactions(mut self) -> Self {
        self.transactions = true;
        self
    }

    /// Adds nested transactions.
    pub const fn with_savepoints(mut self) -> Self {
        self.savepoints = true;
        self
    }
}
