//! Sessions: the operations that find and change the rows of a store.

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

/// The operations on rows. A back end is a session in which each operation is a unit of its own.
///
/// # Contract
///
/// * Every operation MUST be atomic, and durable to the degree that the back end documents, before its future resolves to `Ok`;
///   otherwise acknowledged writes are lost.
/// * An operation that fails MUST leave the rows and the indexes unchanged; otherwise a caller cannot retry.
/// * The store itself MUST enforce uniqueness, at the write and under concurrency; a check before the write lets two writers
///   through.
/// * A partial index (one with a [scope](crate::table::Index::scope)) MUST hold exactly the rows of that scope; otherwise
///   siblings without the property collide on its absence.
/// * A predicate MUST be true for exactly the rows for which [`evaluate`](crate::backend::evaluate) says so, indexed or not;
///   otherwise the same program gets different results from two stores.
/// * A row MUST come back with its stored discriminator, known or not; core reports unknown ones.
/// * A session SHOULD serve a predicate by an index where one applies, and SHOULD report that in [`explain`](Self::explain);
///   otherwise the cost of a query grows with the table.
pub trait Session: Send + Sync + 'static {
    /// An encoded persistent. Cloning it SHOULD be cheap.
    type Document: Clone + Send + Sync + 'static;
    /// A table that is ready for use. Everything that depends only on the definition belongs in here, computed once.
    type Table: Send + Sync + 'static;
    /// The rows of a stream. Dropping it MUST release everything that it holds.
    type Rows: Stream<Item = Result<Row<Self::Document>, Error>> + Send + Unpin + 'static;

    /// Does the writes in their order, all or none, and returns the result of each. On failure, returns which write failed. No
    /// row occurs twice. More than one write needs
    /// [`Capabilities::atomic_batches`](crate::backend::Capabilities::atomic_batches).
    ///
    /// The entries of the old rows leave the indexes, and the entries of the new rows enter, whatever their discriminators.
    /// Whether a key is taken MUST be decided by the state after all the writes. Rows may exchange their key values, in
    /// whichever order they come, and may take the key values of deleted rows.
    ///
    /// A write may [ask](crate::backend::Target::before) for the row before it. [`Written`](crate::backend::Written) MUST then
    /// have the very row that the write replaced or deleted; otherwise a log shows changes that never happened. If that row
    /// cannot be read, nothing is done. Asking for it needs atomic batches, even for a single write.
    fn write(
        &self,
        table: &Self::Table,
        writes: Writes<'_, Self::Document>,
    ) -> impl Future<Output = Result<AllWritten<Self::Document>, (usize, WriteFailure)>> + Send;

    /// Changes the row with this key in place, raises its version by one, and returns the row as it then is. The result MUST be
    /// the same as if the row was looked up and replaced, even if others change the row in the meantime.
    ///
    /// Returns `None` and does nothing in each of these cases: there is no such row in scope, its discriminator is not one of
    /// the [definition's](crate::table::TableDefinition::discriminators), a number is out of range, a key is taken, or the back
    /// end cannot make the change like this. Core then reads the row, changes it, and reports what is wrong. Only called if the
    /// back end's [profile](crate::backend::Profile::patches_in_place) says so, which pays where each command is a network
    /// round trip. A back end that never patches in place does not implement this.
    fn patch(
        &self,
        _table: &Self::Table,
        _lookup: Lookup<'_>,
        _changes: &[InPlace],
        _written_at: Option<Timestamp>,
    ) -> impl Future<Output = Result<Option<Row<Self::Document>>, Error>> + Send {
        async { Ok(None) }
    }

    /// The row with these values in the key at this position, if the row is in scope.
    fn get(
        &self,
        table: &Self::Table,
        lookup: Lookup<'_>,
    ) -> impl Future<Output = Result<Option<Row<Self::Document>>, Error>> + Send;

    /// Passes the rows to `give`, in order and one by one, each lent for the call. Stops at the first error of `give`.
    fn find_each(
        &self,
        table: &Self::Table,
        select: Select,
        give: &mut dyn Give<Self::Document>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Passes each row to `give`, with the row's values at the projection's paths, in the order of the paths. Stops at the
    /// first error of `give`. Projections and aggregates are computed from this. A back end that has values apart from its
    /// documents passes those, and they MUST be the values in the document, bit for bit; other back ends [read the
    /// documents](find_values_of_documents).
    fn find_values(
        &self,
        table: &Self::Table,
        select: Select,
        projection: &Projection<'_>,
        give: &mut GiveValues<'_>,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// The number of rows that satisfy the predicate.
    fn count(&self, table: &Self::Table, predicate: Predicate) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Whether any row satisfies the predicate. SHOULD stop at the first one.
    fn exists(&self, table: &Self::Table, predicate: Predicate) -> impl Future<Output = Result<bool, Error>> + Send;

    /// The rows, in order and one by one. SHOULD be a consistent snapshot and SHOULD NOT hold up writers.
    fn stream(&self, table: &Self::Table, select: Select) -> Self::Rows;

    /// How the rows would be found. Needs [`Capabilities::explain`](crate::backend::Capabilities::explain).
    fn explain(&self, table: &Self::Table, select: Select) -> impl Future<Output = Result<Explanation, Error>> + Send;
}

/// [`Session::find_values`] for values that are in the documents. The function reads each of them; it is the [back
/// end's](crate::backend::Backend::read).
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
    /// The scope that the row must be in; any row if `None`.
    pub scope: Option<Scope>,
}

/// Takes the rows that are found. A closure can be one.
pub trait Give<D>: Send {
    /// Takes a row that is lent for the call.
    fn give(&mut self, row: &Row<D>) -> Result<(), Error>;

    /// Says, before the first row, how many rows will be given at most, so that there is room for them. A back end that does
    /// not know does not call this.
    fn expect(&mut self, _rows: usize) {}
}

impl<D, F: FnMut(&Row<D>) -> Result<(), Error> + Send> Give<D> for F {
    fn give(&mut self, row: &Row<D>) -> Result<(), Error> {
        self(row)
    }
}

/// Takes a row without its document, and the values that were asked for, if they could be read.
pub type GiveValues<'a> = dyn FnMut(&Row<()>, Result<Vec<Value>, DecodeError>) -> Result<(), Error> + Send + 'a;
