//! The rows of a store, as operations find and change them.

use std::future::Future;

use futures_core::Stream;

use super::{AllWritten, InPlace, WriteFailure, Writes};
use crate::encoding::{DecodeError, Projection, PropertyReader};
use crate::error::Error;
use crate::explain::Explanation;
use crate::row::Row;
use crate::scope::Scope;
use crate::select::{Predicate, Select};
use crate::value::{Timestamp, Value, ValueRef};

/// What is done with rows. A back end is one: each operation stands by itself.
///
/// # Contract
///
/// * Every operation MUST be atomic and durable to the degree that the back end documents before its future resolves to
///   `Ok`; otherwise acknowledged writes are lost.
/// * An operation that fails MUST leave the rows and the indexes as they were; otherwise a caller cannot retry.
/// * Uniqueness MUST be enforced by the store itself, at the write, under concurrency; a look before the write lets two
///   writers through.
/// * A partial index (one with a [scope](crate::table::Index::scope)) MUST hold exactly the rows of that scope; otherwise
///   siblings without the property collide on its absence.
/// * A predicate MUST be true of exactly the rows that [`evaluate`](crate::query::evaluate) says, indexed or not;
///   otherwise the same program answers differently on two stores.
/// * A row MUST come back with the discriminator that is stored, known or not; core reports the unknown.
/// * A session SHOULD serve a predicate by an index where one applies, and SHOULD say so in
///   [`explain`](Self::explain); otherwise the cost of a query grows with the table.
pub trait Session: Send + Sync + 'static {
    /// An encoded persistent. Cloning it SHOULD be cheap.
    type Document: Clone + Send + Sync + 'static;
    /// A table that is ready for use. All that depends only on the definition belongs in here, computed once.
    type Table: Send + Sync + 'static;
    /// The rows of a stream. Dropping it MUST release whatever it holds.
    type Rows: Stream<Item = Result<Row<Self::Document>, Error>> + Send + Unpin + 'static;

    /// Does the writes in their order, all or none, and says what became of each. On failure says which one it was. No row is in
    /// it twice. More than one needs [`Capabilities::atomic_batches`](crate::backend::Capabilities::atomic_batches).
    ///
    /// Entries of the old rows leave the indexes, those of the new ones enter, whatever their discriminators. Whether a key is
    /// taken MUST be judged by what all the writes leave: rows may give each other their key values, in whichever order they
    /// come, and take those of rows that are deleted.
    ///
    /// A write may [ask](crate::backend::Target::before) for the row before it. Then
    /// [`Written`](crate::backend::Written) MUST tell the very row that the write replaced or deleted; otherwise a log shows changes
    /// that never happened. If that row cannot be read, nothing is done. Even a single write that asks needs atomic batches.
    fn write(
        &self,
        table: &Self::Table,
        writes: Writes<'_, Self::Document>,
    ) -> impl Future<Output = Result<AllWritten<Self::Document>, (usize, WriteFailure)>> + Send;

    /// Makes the changes to the row with a key where it is, raises its version by one, and gives the row as it is then. The
    /// result MUST be that of a look-up and a replacement of what was found, even if others change the row meanwhile.
    ///
    /// `None`, and nothing is done, for whatever reason: there is no such row in scope, its discriminator is not one of the
    /// [definition's](crate::table::TableDefinition::discriminators), a number is out of range, a key is taken, or the back end
    /// cannot do it like this. Core then does it with a look at the row, and says what is wrong. Not called unless the back end's
    /// [profile](crate::backend::Profile::patches_in_place) says so: it is worth it where each command is a way over a network. A back
    /// end that never does it leaves this out.
    fn patch(
        &self,
        _table: &Self::Table,
        _lookup: Lookup<'_>,
        _changes: &[InPlace],
        _written_at: Option<Timestamp>,
    ) -> impl Future<Output = Result<Option<Row<Self::Document>>, Error>> + Send {
        async { Ok(None) }
    }

    /// The row with these values in the key at this position, if it is in scope.
    fn get(
        &self,
        table: &Self::Table,
        lookup: Lookup<'_>,
    ) -> impl Future<Output = Result<Option<Row<Self::Document>>, Error>> + Send;

    /// Gives the rows in order, one by one, each lent for the call, and stops at the first error of `give`.
    fn find_each(
        &self,
        table: &Self::Table,
        select: Select,
        give: &mut dyn Give<Self::Document>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Gives each row with the values that it has in some properties, in the order of the projection's paths, and stops at the
    /// first error of `give`: what values and aggregates are computed of. A back end that has values apart from its documents gives
    /// those, and they MUST be what is in the document, bit for bit; another one [reads the documents](find_values_of_documents).
    fn find_values(
        &self,
        table: &Self::Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// How many rows satisfy the predicate.
    fn count(&self, table: &Self::Table, predicate: Predicate) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Whether any row satisfies the predicate. SHOULD stop at the first.
    fn exists(&self, table: &Self::Table, predicate: Predicate) -> impl Future<Output = Result<bool, Error>> + Send;

    /// The rows, in order, one by one. SHOULD be a consistent snapshot and SHOULD NOT hold up writers.
    fn stream(&self, table: &Self::Table, select: Select) -> Self::Rows;

    /// How the rows would be found. Needs [`Capabilities::explain`](crate::backend::Capabilities::explain).
    fn explain(&self, table: &Self::Table, select: Select) -> impl Future<Output = Result<Explanation, Error>> + Send;
}

/// [`Session::find_values`] where the values are in the documents, each read by this function: the
/// [back end's](crate::backend::Backend::read).
pub async fn find_values_of_documents<S: Session>(
    session: &S,
    read: impl Fn(&S::Document, &PropertyReader) -> Result<Value, DecodeError> + Send + Sync,
    table: &S::Table,
    select: Select,
    projection: &Projection<'_>,
    give: &mut GiveValues<'_>,
) -> Result<(), Error> {
    let mut give = |row: &Row<S::Document>| {
        let name = row.discriminator.as_deref();
        let values = projection.read(name, |_, property| read(&row.doc, property));
        give(&row.without_doc(), values)
    };
    session.find_each(table, select, &mut give).await
}

/// A key value to look up.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// The position of the key in [`TableDefinition::indexes`](crate::table::TableDefinition::indexes).
    pub index: usize,
    /// The values of its columns.
    pub values: &'a [ValueRef<'a>],
    /// What the row must be in; anything if `None`.
    pub scope: Option<Scope>,
}

/// Takes the rows that are found. A closure is one.
pub trait Give<D>: Send {
    /// Takes a row, which is lent for the call.
    fn give(&mut self, row: &Row<D>) -> Result<(), Error>;

    /// Says how many rows will be given at most, before the first: room for them is made at once. A back end that does not know
    /// says nothing.
    fn expect(&mut self, _rows: usize) {}
}

impl<D, F: FnMut(&Row<D>) -> Result<(), Error> + Send> Give<D> for F {
    fn give(&mut self, row: &Row<D>) -> Result<(), Error> {
        self(row)
    }
}

/// Takes a row without its document, and the values that were asked for, if they could be read.
pub type GiveValues<'a> = dyn FnMut(&Row<()>, Result<Vec<Value>, DecodeError>) -> Result<(), Error> + Send + 'a;
