//! Rows as they are read.

use std::borrow::Cow;

use longevity_core::{Error, Row, RowId, Timestamp};
use rusqlite::Row as SqlRow;

use crate::encode::Doc;
use crate::layout::{CREATED_AT, UPDATED_AT, VERSION};
use crate::table::Ready;

/// A row before it is read.
pub(crate) fn empty() -> Row<Doc> {
    Row {
        id: RowId::from_u128(0),
        version: 0,
        discriminator: None,
        doc: Doc::default(),
        created_at: None,
        updated_at: None,
    }
}

/// Reads a row of [`Statements::select`](crate::statements::Statements::select).
pub(crate) fn read(table: &Ready, row: &SqlRow<'_>) -> rusqlite::Result<Result<Row<Doc>, Error>> {
    let mut read = empty();
    Ok(read_into(&mut read, table, row)?.map(drop).map(|()| read))
}

/// The same, in place of another. The inner error is about this row alone, which somebody edited: those behind it can be
/// read.
pub(crate) fn read_into<'a>(
    into: &'a mut Row<Doc>,
    table: &Ready,
    row: &SqlRow<'_>,
) -> rusqlite::Result<Result<&'a Row<Doc>, Error>> {
    into.id = id_of(row.get(0)?);
    let discriminator = row.get_ref(1)?.as_str_or_null()?;
    if into.discriminator.as_deref() != discriminator {
        into.discriminator = discriminator.map(|name| {
            let known = table.definition.discriminators().find(|known| *known == name);
            known.map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed)
        });
    }
    let updated_at = timestamp(row, 4);
    // A row that was written with a time was created with one, or before there were any.
    let created_at = if matches!(updated_at, Ok(None)) { Ok(None) } else { timestamp(row, 3) };
    match (number(row, 2), created_at, updated_at) {
        (Ok(version), Ok(created_at), Ok(updated_at)) => {
            (into.version, into.created_at, into.updated_at) = (version, created_at, updated_at);
        }
        (version, created_at, updated_at) => {
            let path = [(VERSION, version.err()), (CREATED_AT, created_at.err()), (UPDATED_AT, updated_at.err())];
            let wrong = path.into_iter().find_map(|(path, error)| Some((path, error?)));
            let (path, error) = wrong.unwrap_or((VERSION, rusqlite::Error::InvalidQuery));
            let variant = table.definition.variant(discriminator);
            return Ok(Err(Error::Decode {
                type_name: variant.map_or(table.definition.type_name, |variant| variant.type_name),
                id: into.id,
                path: path.to_owned(),
                source: error.into(),
            }));
        }
    }
    into.doc.set(row.get_ref(5)?.as_str()?);
    Ok(Ok(into))
}

/// A count, which is never negative unless somebody else wrote it.
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

/// The id of a row. Ours ascend from 1; somebody else's may be negative, and keep their bits.
pub(crate) fn id_of(id: i64) -> RowId {
    RowId::from_u128(u128::from(id.cast_unsigned()))
}
