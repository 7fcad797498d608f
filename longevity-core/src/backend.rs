//! The back-end interface: the one trait that a store implements.

use std::future::Future;
use std::sync::Arc;

use futures_core::Stream;

use crate::encoding::{Projection, PropertyReader};
use crate::error::{BoxError, Error};
use crate::explain::Explanation;
use crate::persistent::Document;
use crate::query::{InPlace, Predicate, Select};
use crate::row::{Row, RowContent, RowId};
use crate::table::TableDefinition;
use crate::value::{Timestamp, Value, ValueRef};
use crate::wait;

/// A store of rows: it keeps unique and ordinary indexes, answers filters, and streams. It knows nothing of poly types:
/// a discriminator is a value in a row, and the condition of some indexes.
///
/// Only [`encode`](Self::encode) and [`decode`](Self::decode) are generic over the user's types; everything else works on
/// the back end's own document and on [`Value`]s.
///
/// # Contract
///
/// Each MUST is held by `RepoCrudSpec`; what follows when it is broken stands behind it.
///
/// * Every operation MUST be atomic and durable to the degree that the back end documents before its future resolves to
///   `Ok`; otherwise acknowledged writes are lost.
/// * An operation that fails MUST leave the rows and the indexes as they were; otherwise a caller cannot retry.
/// * Uniqueness MUST be enforced by the store itself, at the write, under concurrency; a look before the write lets two
///   writers through.
/// * A partial index (one with [discriminators](crate::table::Index::discriminators)) MUST hold exactly the rows with one
///   of these; otherwise siblings without the property collide on its absence.
/// * A predicate MUST be true of exactly the rows that [`evaluate`](crate::query::evaluate) says, indexed or not;
///   otherwise the same program answers differently on two stores.
/// * A row MUST come back with the discriminator that is stored, known or not; core reports the unknown.
/// * A future MAY be dropped at any await point. The operation then either happened or did not; half of it never.
/// * A back end SHOULD serve a predicate by an index where one applies, and SHOULD say so in
///   [`explain`](Self::explain); otherwise the cost of a query grows with the table.
/// * A back end SHOULD NOT block the thread that polls it for longer than a short operation takes.
/// * Values MUST NOT reach logs, and credentials MUST NOT reach errors.
pub trait Backend: Send + Sync + 'static {
    /// An encoded persistent. Cloning it SHOULD be cheap.
    type Doc: Clone + Send + Sync + 'static;
    /// A table that is ready for use. All that depends only on the definition belongs in here, computed once.
    type Table: Send + Sync + 'static;
    /// The rows of a stream. Dropping it MUST release whatever it holds.
    type Rows: Stream<Item = Result<Row<Self::Doc>, Error>> + Send + Unpin + 'static;

    /// A short name for errors, logs and the names of tests: `mem`.
    const NAME: &'static str;
    /// Whether writes come with [`RowContent::columns`]. A back end that reads the values of its keys and indexes from its
    /// documents says no, and core spares itself the copies.
    const WANTS_COLUMNS: bool = true;
    /// Whether [`encode`](Self::encode) refuses by itself what has more than
    /// [`DOCUMENT_LEVELS`](crate::limits::DOCUMENT_LEVELS), as one through [`encoding::serialize`](crate::encoding::serialize)
    /// does on its way. Core looks at each value of a type that holds itself otherwise.
    const LIMITS_LEVELS: bool = false;
    /// Whether [`patch`](Self::patch) ever does anything.
    const PATCHES_IN_PLACE: bool = false;

    /// What the back end can do beyond the contract. An operation of a capability that is not declared is refused by
    /// core with [`Error::Unsupported`] before it reaches the back end.
    fn capabilities(&self) -> Capabilities;

    /// The document of a value. MUST fail, not lose, what the store cannot hold.
    fn encode<T: Document>(&self, value: &T) -> Result<Self::Doc, Error>;

    /// The value of a document. MUST give back what was encoded, bit for bit, or fail; a document from elsewhere MUST NOT
    /// panic.
    fn decode<T: Document>(&self, doc: &Self::Doc) -> Result<T, DecodeError>;

    /// The value of one property of a document, as [`Storable::value_at`](crate::Storable::value_at) reads it from what
    /// [`decode`](Self::decode) gives. SHOULD NOT decode the rest.
    fn read(&self, doc: &Self::Doc, property: &PropertyReader) -> Result<Value, DecodeError>;

    /// Connects, and readies the tables without creating anything.
    ///
    /// May be called several times on one back end: each store does, and so do definitions of other versions of a model,
    /// with more or fewer variants, columns and indexes. Tables of one name share their rows. Each handle sees the rows of
    /// all, and keeps the indexes of all that were created.
    fn open(
        &self,
        definitions: &[Arc<TableDefinition>],
    ) -> impl Future<Output = Result<Vec<Self::Table>, Error>> + Send;

    /// Creates the table and its indexes. MUST be idempotent, MUST add what is missing, MUST NOT destroy data, and MUST NOT drop a
    /// key. Rows that do not fit a property of a key or an index MUST be refused: [`TableDefinition::misfit`].
    ///
    /// The table may have been created by another version of the model: by one that knows fewer discriminators, whose rows
    /// and keys stay what they are, or by one that knows more, whose rows stay too.
    fn create_schema(&self, table: &Self::Table) -> impl Future<Output = Result<(), Error>> + Send;

    /// The names of the keys that hold for rows of this definition's [discriminators](TableDefinition::knows), and that it
    /// does not [declare](TableDefinition::declares_key): another version of the model created them. A write that violates one
    /// MUST fail with [`TableDefinition::undeclared_key`], as each write keeps the indexes of all versions.
    fn undeclared_keys(&self, table: &Self::Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send;

    /// Drops the same, and nothing else, and gives their names.
    fn drop_undeclared_keys(&self, table: &Self::Table) -> impl Future<Output = Result<Vec<String>, Error>> + Send;

    /// Inserts a row with version 0 and a new id.
    fn insert(
        &self,
        table: &Self::Table,
        content: RowContent<Self::Doc>,
    ) -> impl Future<Output = Result<RowId, WriteFailure>> + Send;

    /// Inserts all rows or none; the ids are in the order of the rows, and ascend. On failure says which row it was.
    /// Needs [`Capabilities::atomic_batches`].
    fn insert_many(
        &self,
        table: &Self::Table,
        contents: Vec<RowContent<Self::Doc>>,
    ) -> impl Future<Output = Result<Vec<RowId>, (usize, WriteFailure)>> + Send;

    /// Replaces the target's content, keeps its creation time, and raises its version by one, which it gives back.
    ///
    /// In one atomic step: entries of the old content leave the indexes, those of the new one enter, whatever their
    /// discriminators.
    fn replace(
        &self,
        table: &Self::Table,
        target: Target<'_>,
        content: RowContent<Self::Doc>,
    ) -> impl Future<Output = Result<u64, WriteFailure>> + Send;

    /// Makes the changes to the row with a key where it is, raises its version by one, and gives the row as it is then: as
    /// a look-up and a replacement of what was found would do it, whoever else changes the row meanwhile.
    ///
    /// `None`, and nothing is done, for whatever reason: there is no such row in scope, its discriminator is not one of the
    /// [definition's](TableDefinition::discriminators), a number is out of range, a key is taken, or the back end cannot do it
    /// like this. Core then does it with a look at the row, and says what is wrong. The provided method always declines; a
    /// store to which each command is a way over a network overrides it, and says that it [does](Self::PATCHES_IN_PLACE).
    fn patch(
        &self,
        table: &Self::Table,
        lookup: Lookup<'_>,
        changes: &[InPlace],
        written_at: Option<Timestamp>,
    ) -> impl Future<Output = Result<Option<Row<Self::Doc>>, Error>> + Send {
        let _ = (table, lookup, changes, written_at);
        async { Ok(None) }
    }

    /// Deletes the target.
    fn delete(&self, table: &Self::Table, target: Target<'_>) -> impl Future<Output = Result<(), WriteFailure>> + Send;

    /// Replaces and deletes rows, all or none. No row is in it twice. On failure says which write it was. Needs
    /// [`Capabilities::atomic_batches`].
    ///
    /// Whether a key is taken MUST be judged by what all the writes leave: rows may give each other their key values, in
    /// whichever order they come, and take those of rows that are deleted.
    fn write_many(
        &self,
        table: &Self::Table,
        writes: Vec<Write<'_, Self::Doc>>,
    ) -> impl Future<Output = Result<(), (usize, WriteFailure)>> + Send;

    /// The row with these values in the key at this position, if it is in scope.
    fn get(
        &self,
        table: &Self::Table,
        lookup: Lookup<'_>,
    ) -> impl Future<Output = Result<Option<Row<Self::Doc>>, Error>> + Send;

    /// The rows, in order.
    fn find(
        &self,
        table: &Self::Table,
        select: Select,
    ) -> impl Future<Output = Result<Vec<Row<Self::Doc>>, Error>> + Send;

    /// Gives the same rows one by one, and stops at the first error of `give`: what the repositories call. A back end that
    /// can lend a row without an allocation overrides this; the provided method finds them all first.
    fn find_each(
        &self,
        table: &Self::Table,
        select: Select,
        give: &mut Give<'_, Self::Doc>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async { self.find(table, select).await?.iter().try_for_each(give) }
    }

    /// Gives each row with the values that it has in some properties, in the order of the projection's paths, and stops at the
    /// first error of `give`: what values and figures are computed of. A back end that has values apart from its documents
    /// overrides this, and MUST give what is in the document, bit for bit; the provided method reads the documents.
    fn find_values(
        &self,
        table: &Self::Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async move {
            let mut give = |row: &Row<Self::Doc>| {
                let name = row.discriminator.as_deref();
                let values = projection.read(name, |_, property| self.read(&row.doc, property));
                give(&row.without_doc(), values)
            };
            self.find_each(table, select, &mut give).await
        }
    }

    /// How many rows satisfy the predicate.
    fn count(&self, table: &Self::Table, predicate: Predicate) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Whether any row satisfies the predicate. SHOULD stop at the first.
    fn exists(&self, table: &Self::Table, predicate: Predicate) -> impl Future<Output = Result<bool, Error>> + Send;

    /// The rows, in order, one by one. SHOULD be a consistent snapshot and SHOULD NOT hold up writers.
    fn stream(&self, table: &Self::Table, select: Select) -> Self::Rows;

    /// How the rows would be found. Needs [`Capabilities::explain`].
    fn explain(&self, table: &Self::Table, select: Select) -> impl Future<Output = Result<Explanation, Error>> + Send;

    /// Runs a future of this back end to its end on the calling thread: how the blocking facade waits. A back end whose
    /// futures need a runtime overrides it and brings one; the provided method needs none.
    fn block_on<F: Future>(&self, future: F) -> F::Output
    where
        Self: Sized,
    {
        wait::block_on(future)
    }
}

/// Takes a row, which is lent for the call.
pub type Give<'a, D> = dyn FnMut(&Row<D>) -> Result<(), Error> + Send + 'a;

/// Takes a row without its document, and the values that were asked for, if they could be read.
pub type GiveValues<'a> = dyn FnMut(&Row<()>, Result<Vec<Value>, DecodeError>) -> Result<(), Error> + Send + 'a;

/// What a back end can do beyond the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// [`Backend::insert_many`] and [`Backend::write_many`] are all or nothing.
    pub atomic_batches: bool,
    /// [`Backend::explain`] answers.
    pub explain: bool,
    /// A stream is a snapshot: it shows no write that came after its start.
    pub snapshot_streams: bool,
}

impl Capabilities {
    /// None at all.
    pub const fn none() -> Self {
        Self { atomic_batches: false, explain: false, snapshot_streams: false }
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
}

/// The row that a write is about.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its id.
    pub id: RowId,
    /// The version that it must have; any if `None`.
    pub version: Option<u64>,
    /// The discriminators that it may have; any if `None`. A row with another is [`WriteFailure::Missing`].
    pub scope: Option<&'static [&'static str]>,
    /// The values of the primary key's columns, which never change; `None` if the type has none. For stores that spread
    /// rows by it.
    pub primary_key: Option<&'a [Value]>,
}

/// One of several writes.
#[derive(Clone, Debug)]
pub enum Write<'a, D> {
    /// As [`Backend::replace`] does it.
    Replace(Target<'a>, RowContent<D>),
    /// As [`Backend::delete`] does it.
    Delete(Target<'a>),
}

/// A key value to look up.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// The position of the key in [`TableDefinition::indexes`].
    pub index: usize,
    /// The values of its columns.
    pub values: &'a [ValueRef<'a>],
    /// The discriminators that the row may have; any if `None`.
    pub scope: Option<&'static [&'static str]>,
}

/// Why a write was not done. The store is as it was.
#[derive(Debug)]
pub enum WriteFailure {
    /// The key at this position in [`TableDefinition::indexes`] is taken.
    Duplicate(usize),
    /// The target has another version than it must have.
    Stale {
        /// The version that it has.
        found: u64,
    },
    /// There is no such row in scope.
    Missing,
    /// Anything else.
    Other(Error),
}

impl From<Error> for WriteFailure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// A document that does not decode.
#[derive(Debug)]
pub struct DecodeError {
    /// The path to the value that does not fit, empty if it is the whole document.
    pub path: String,
    /// Why it does not fit.
    pub source: BoxError,
}
