//! Reading some values of rows without the rest. They come from the columns of keys and indexes, and from the documents only if a
//! column does not hold the value bit for bit.

use longevity_core::backend::DecodeError;
use longevity_core::backend::{Select, scope_of};
use longevity_core::encoding::Projection;
use longevity_core::storable::{Leaf, Shape, ShapeFn};
use longevity_core::{Error, Path, Row, Value};
use rusqlite::types::ValueRef as Sql;
use rusqlite::{Connection, Row as SqlRow};

use crate::encode::column_value::{NAN, Representation, decoded, is_lossy};
use crate::encode::document::SqliteDocument;
use crate::encode::row;
use crate::encode::row::{DOC, ID, TYPE, VERSION};
use crate::encode::sql_functions::Properties;
use crate::error::SqliteError;
use crate::query::columns::column_of;
use crate::query::read::prepared;
use crate::query::translate::{self, Statement};
use crate::schema::names::quoted;
use crate::schema::ready_table::ReadyTable;

/// A query that returns values instead of documents.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    pub(crate) statement: Statement,
    projection: &'a Projection<'a>,
    /// For each variant, where the value of each path is.
    places: Vec<Vec<Place>>,
}

/// A row, and its values.
type Found = (Row<()>, Result<Vec<Value>, DecodeError>);

/// Where a value is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Document,
    Column {
        /// Its position in the table.
        column: usize,
        /// Its position in the statement.
        at: usize,
    },
}

/// The stored forms of the floats that a column does not hold bit for bit.
const LOST: [i64; 2] = [NAN, 0];

/// The position of the document in the statement, after what each row begins with.
const AT_DOC: usize = 3;

impl<'a> Values<'a> {
    pub(crate) fn of(
        properties: &Properties,
        table: &ReadyTable,
        select: &Select,
        projection: &'a Projection<'a>,
    ) -> Result<Self, SqliteError> {
        let scope = scope_of(select.predicate.conjuncts()).map(|scope| scope.variant);
        let mut columns = Vec::new();
        let mut needs_document = false;
        let places = (0..table.definition.variants.len()).map(|variant| {
            let is_asked_for = scope.is_none_or(|scope| scope == variant);
            let shape = table.definition.variants[variant].shape;
            let place = |path: &Path| {
                if !is_asked_for {
                    return Place::Document;
                }
                let Some(column) = column_with(table, path, variant) else {
                    needs_document |= Leaf::of(shape, path).is_some();
                    return Place::Document;
                };
                let known = columns.iter().position(|known| *known == column);
                let position = known.unwrap_or_else(|| {
                    columns.push(column);
                    columns.len() - 1
                });
                Place::Column { column, at: AT_DOC + 1 + position }
            };
            projection.paths().iter().map(place).collect()
        });
        let places = places.collect();
        let begin = begin(table, &columns, needs_document);
        Ok(Self { statement: translate::select_as(properties, table, select, &begin)?, projection, places })
    }

    /// Reads the rows one by one, until the receiver wants no more.
    pub(crate) fn each(
        &self,
        connection: &Connection,
        table: &ReadyTable,
        mut give: impl FnMut(&Row<()>, Result<Vec<Value>, DecodeError>) -> Result<(), Error>,
    ) -> rusqlite::Result<Result<(), Error>> {
        let mut prepared = prepared(connection, &self.statement)?;
        let mut found = prepared.raw_query();
        let mut lent = row::empty();
        while let Some(row) = found.next()? {
            let given = row::read_head_into(&mut lent, &table.definition, row).and_then(|()| {
                let values = self.read(table, lent.discriminator.as_deref(), row);
                give(&lent, values)
            });
            if given.is_err() {
                return Ok(given);
            }
        }
        Ok(Ok(()))
    }

    /// Reads all rows.
    pub(crate) fn all(
        &self,
        connection: &Connection,
        table: &ReadyTable,
    ) -> rusqlite::Result<Result<Vec<Found>, Error>> {
        let mut found = Vec::new();
        let each = self.each(connection, table, |row, values| {
            found.push((row.clone(), values));
            Ok(())
        });
        Ok(each?.map(|()| found))
    }

    fn read(
        &self,
        table: &ReadyTable,
        discriminator: Option<&str>,
        row: &SqlRow<'_>,
    ) -> Result<Vec<Value>, DecodeError> {
        let places = table.variant(discriminator).and_then(|variant| self.places.get(variant));
        self.projection.read(discriminator, |position, property| {
            let failed = |source| DecodeError { path: property.path().to_string(), source };
            let document = || {
                let text = row.get_ref(AT_DOC).and_then(|text| Ok(text.as_str()?));
                let text = text.map_err(|error| failed(error.into()))?;
                SqliteDocument::read(text, property).map_err(|error| failed(error.into()))
            };
            match places.and_then(|places| places.get(position)) {
                Some(Place::Column { column, at }) => {
                    let stored = row.get_ref(*at).map_err(|error| failed(error.into()))?;
                    let column = &table.definition.columns[*column];
                    match decoded(stored, &column.shape) {
                        _ if is_lossy(&column.shape) && LOST.iter().any(|lost| stored == Sql::Integer(*lost)) => {
                            document()
                        }
                        // The check of the table forbids this, but checks can be turned off.
                        Some(Value::None(_)) if !column.optional => Err(failed("its column is empty".into())),
                        Some(value) => Ok(value),
                        None => Err(failed("its column holds a value of another type".into())),
                    }
                }
                Some(Place::Document) | None => document(),
            }
        })
    }
}

/// How the statement begins: the columns that [`row::read_head_into`] reads, the document if it is needed, and the columns of
/// values.
fn begin(table: &ReadyTable, columns: &[usize], needs_document: bool) -> String {
    let layout = &table.layout;
    let kind = if layout.has_type { quoted(TYPE) } else { "NULL".to_owned() };
    let name = |column: &usize| layout.columns[*column].quoted.as_str();
    let lossy = columns.iter().filter(|column| is_lossy(&table.definition.columns[**column].shape));
    let [nan, zero] = LOST;
    let lost: Vec<_> = lossy.map(|column| format!("{} IN ({nan}, {zero})", name(column))).collect();
    let document = match lost.as_slice() {
        _ if needs_document => quoted(DOC),
        [] => "NULL".to_owned(),
        lost => format!("CASE WHEN {} THEN {} END", lost.join(" OR "), quoted(DOC)),
    };
    let columns: String = columns.iter().map(|column| format!(", {}", name(column))).collect();
    format!("SELECT {}, {kind}, {}, {document}{columns} FROM {}", quoted(ID), quoted(VERSION), quoted(&layout.table))
}

/// The column that holds the same value as documents of the variant at this path.
fn column_with(table: &ReadyTable, path: &Path, variant: usize) -> Option<usize> {
    if path.entry().is_some() {
        return None;
    }
    let column = column_of(table, &path.into_options(0), Some(variant))?;
    let shape = table.definition.variants[variant].shape;
    let is_plain = table.layout.columns[column].representation == Representation::Plain;
    let is_alike = Leaf::of(shape, path).is_some_and(|leaf| leaf.options <= 1);
    (is_plain && is_alike && !has_default(shape, path)).then_some(column)
}

/// Whether a document may lack the value and get a default. Each read of the document computes the default again, while the
/// column holds the default of the time when the row was written.
fn has_default(shape: ShapeFn, path: &Path) -> bool {
    let mut shape = shape();
    for step in path.steps() {
        while let Shape::Newtype { inner, .. } | Shape::Optional(inner) = shape {
            shape = inner();
        }
        let Shape::Struct { fields, .. } = &shape else { return true };
        match fields.iter().find(|field| field.step.hash == step.hash) {
            Some(field) if field.absent.is_none() => shape = (field.shape)(),
            Some(_) | None => return true,
        }
    }
    false
}
