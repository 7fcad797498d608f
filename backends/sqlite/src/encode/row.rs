//! The columns that every row has, and rows as they are read from them.

use std::borrow::Cow;

use longevity_core::table::TableDefinition;
use longevity_core::{Error, Row, RowId, Timestamp};
use rusqlite::Row as SqlRow;

use crate::encode::document::SqliteDocument;

// The columns that every table has; the discriminator's only if there are variants.
pub(crate) const ID: &str = "_id";
pub(crate) const TYPE: &str = "_type";
pub(crate) const VERSION: &str = "_version";
pub(crate) const CREATED_AT: &str = "_created_at";
pub(crate) const UPDATED_AT: &str = "_updated_at";
pub(crate) const LAYOUT: &str = "_layout";
pub(crate) const DOC: &str = "_doc";

/// An empty row, to read a row into.
pub(crate) fn empty<D: Default>() -> Row<D> {
    Row {
        id: RowId::from_u128(0),
        version: 0,
        discriminator: None,
        doc: D::default(),
        created_at: None,
        updated_at: None,
    }
}

/// Reads a row of [`Statements::select`](crate::schema::statements::Statements::select).
pub(crate) fn read(definition: &TableDefinition, row: &SqlRow<'_>) -> Result<Row<SqliteDocument>, Error> {
    let mut read = empty();
    read_into(&mut read, definition, row)?;
    Ok(read)
}

/// Reads a row in place of another. An error is about this row only, which another program edited: the next rows can be read.
pub(crate) fn read_into<'a>(
    into: &'a mut Row<SqliteDocument>,
    definition: &TableDefinition,
    row: &SqlRow<'_>,
) -> Result<&'a Row<SqliteDocument>, Error> {
    match head(into, definition, row).and_then(|()| rest(into, row)) {
        Ok(()) => Ok(into),
        Err(unread) => Err(failed(into, definition, row, unread)),
    }
}

/// Reads only the id, the discriminator and the version, in place of another row's.
pub(crate) fn read_head_into<D>(
    into: &mut Row<D>,
    definition: &TableDefinition,
    row: &SqlRow<'_>,
) -> Result<(), Error> {
    head(into, definition, row).map_err(|unread| failed(into, definition, row, unread))
}

/// The column that cannot be read, or an empty name for the document's, and why.
type Unread = (&'static str, rusqlite::Error);

fn failed<D>(into: &Row<D>, definition: &TableDefinition, row: &SqlRow<'_>, (path, error): Unread) -> Error {
    let name = row.get_ref(1).ok().and_then(|name| name.as_str().ok());
    let variant = definition.variant(name);
    Error::Decode {
        type_name: variant.map_or(definition.type_name, |variant| variant.type_name),
        id: into.id,
        path: path.to_owned(),
        source: error.into(),
    }
}

fn head<D>(into: &mut Row<D>, definition: &TableDefinition, row: &SqlRow<'_>) -> Result<(), Unread> {
    into.id = row.get(0).map(id_of).map_err(|error| (ID, error))?;
    let name = row.get_ref(1).and_then(|name| Ok(name.as_str_or_null()?)).map_err(|error| (TYPE, error))?;
    if into.discriminator.as_deref() != name {
        into.discriminator = name.map(|name| {
            let known = definition.discriminators().find(|known| *known == name);
            known.map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed)
        });
    }
    into.version = number(row, 2).map_err(|error| (VERSION, error))?;
    Ok(())
}

fn rest(into: &mut Row<SqliteDocument>, row: &SqlRow<'_>) -> Result<(), Unread> {
    into.updated_at = timestamp(row, 4).map_err(|error| (UPDATED_AT, error))?;
    into.created_at = match into.updated_at {
        // A row that was never written with a time was not created with one either.
        None => None,
        Some(_) => timestamp(row, 3).map_err(|error| (CREATED_AT, error))?,
    };
    // The types of columns are strict, but text may be bytes that are not UTF-8.
    let doc = row.get_ref(5).and_then(|doc| Ok(doc.as_str()?)).map_err(|error| ("", error))?;
    into.doc.set(doc);
    Ok(())
}

/// A count, which is never negative unless another program wrote it.
pub(crate) fn number(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

fn timestamp(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    let wrong = |error: longevity_core::ParseTimestampError| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    };
    text.map(str::parse::<Timestamp>).transpose().map_err(wrong)
}

/// The id of a row. SQLite numbers rows from 1. Another program may write negative ids, which keep their bits.
pub(crate) fn id_of(id: i64) -> RowId {
    RowId::from_u128(u128::from(id.cast_unsigned()))
}
