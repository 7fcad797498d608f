//! Rows as they are read.

use std::borrow::Cow;

use longevity_core::{Error, Row, RowId, Timestamp};
use rusqlite::Row as SqlRow;

use crate::encode::Doc;
use crate::layout::{CREATED_AT, TYPE, UPDATED_AT, VERSION};
use crate::table::Ready;

/// Reads a row of [`Statements::select`](crate::statements::Statements::select). The inner error is about this row alone,
/// which somebody edited: those behind it can be read.
pub(crate) fn read(table: &Ready, row: &SqlRow<'_>) -> rusqlite::Result<Result<Row<Doc>, Error>> {
    let id = id_of(row.get(0)?);
    let fields = || {
        let name = row.get_ref(1).and_then(|name| Ok(name.as_str_or_null()?)).map_err(|error| (TYPE, error))?;
        let discriminator = name.map(|name| {
            let known = table.definition.discriminators().find(|known| *known == name);
            known.map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed)
        });
        let version = number(row, 2).map_err(|error| (VERSION, error))?;
        let created_at = timestamp(row, 3).map_err(|error| (CREATED_AT, error))?;
        let updated_at = timestamp(row, 4).map_err(|error| (UPDATED_AT, error))?;
        // The types of columns are strict, but a text may be bytes that are none.
        let doc = row.get_ref(5).and_then(|doc| Ok(doc.as_str()?.to_owned())).map_err(|error| ("", error))?;
        Ok(Row { id, version, discriminator, doc: Doc::new(doc), created_at, updated_at })
    };
    let wrong = |(path, error): (&str, rusqlite::Error)| {
        let name = row.get_ref(1).ok().and_then(|name| name.as_str().ok());
        let type_name = table.definition.variant(name).map_or(table.definition.type_name, |variant| variant.type_name);
        Error::Decode { type_name, id, path: path.to_owned(), source: error.into() }
    };
    Ok(fields().map_err(wrong))
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
