//! Rows as they are read.

use std::borrow::Cow;

use longevity_core::{Error, Row, RowId, Timestamp};
use rusqlite::Row as SqlRow;

use crate::encode::Doc;
use crate::layout::{CREATED_AT, UPDATED_AT, VERSION};
use crate::table::Ready;

/// Reads a row of [`Statements::select`](crate::statements::Statements::select). The inner error is about this row alone,
/// which somebody edited: those behind it can be read.
pub(crate) fn read(table: &Ready, row: &SqlRow<'_>) -> rusqlite::Result<Result<Row<Doc>, Error>> {
    let id = id_of(row.get(0)?);
    let discriminator = row.get_ref(1)?.as_str_or_null()?.map(|name| {
        let known = table.definition.discriminators().find(|known| *known == name);
        known.map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed)
    });
    let (version, created_at, updated_at) = match (number(row, 2), timestamp(row, 3), timestamp(row, 4)) {
        (Ok(version), Ok(created_at), Ok(updated_at)) => (version, created_at, updated_at),
        (version, created_at, updated_at) => {
            let path = [(VERSION, version.err()), (CREATED_AT, created_at.err()), (UPDATED_AT, updated_at.err())];
            let wrong = path.into_iter().find_map(|(path, error)| Some((path, error?)));
            let (path, error) = wrong.unwrap_or((VERSION, rusqlite::Error::InvalidQuery));
            let variant = table.definition.variant(discriminator.as_deref());
            return Ok(Err(Error::Decode {
                type_name: variant.map_or(table.definition.type_name, |variant| variant.type_name),
                id,
                path: path.to_owned(),
                source: error.into(),
            }));
        }
    };
    let doc = Doc::new(row.get_ref(5)?.as_str()?.to_owned());
    Ok(Ok(Row { id, version, discriminator, doc, created_at, updated_at }))
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
