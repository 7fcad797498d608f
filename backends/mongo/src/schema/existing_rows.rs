//! Checks that existing rows fit the properties of keys and indexes. The server has no types, so this looks at the rows.
//!
//! For a new index this checks every row, because the server is about to read all of them for the index anyway. For an existing
//! index it checks the oldest and the newest row, and the rows with the least and the greatest value. If a property changed its
//! type, it changed in all rows that were written before, and a program should not read a whole collection when it starts.

use longevity_core::Error;
use longevity_core::encoding::PropertyReader;
use longevity_core::storable::{ScalarType, Shape};
use longevity_core::table::{Column, TableDefinition, Variant};
use mongodb::Collection;
use mongodb::bson::{Document, RawDocumentBuf, doc};

use crate::connection::client::Connection;
use crate::encode::document::MongoDocument;
use crate::encode::location::{Location, SegmentKind};
use crate::encode::own_fields::{ID, TYPE};
use crate::encode::row::fields_of;
use crate::encode::row_id;
use crate::error::MongoError;
use crate::schema::layout::{Wanted, rows_of, variants_in};

/// Fails if a row does not fit a column of an index.
pub(crate) async fn ensure(
    connection: &Connection,
    definition: &TableDefinition,
    wanted: &Wanted,
    is_new: bool,
) -> Result<(), Error> {
    let collection = connection.database.collection::<RawDocumentBuf>(&definition.name);
    let Some(index) = wanted.serves.first().map(|position| &definition.indexes[*position]) else { return Ok(()) };
    for (place, position) in index.columns.iter().enumerate() {
        let column = &definition.columns[*position];
        for variant in variants_in(definition, index) {
            let Some(location) = Location::of(variant.shape, &column.path) else { continue };
            let Some(reader) = PropertyReader::new(variant.shape, &column.path) else { continue };
            let probe = Probe { collection: &collection, definition, variant, position: *position, reader: &reader };
            let by_id = variant.discriminators.map_or_else(Document::new, |_| doc! { TYPE: 1 });
            if is_new {
                for filter in misfits(column, &location) {
                    probe.first(filter, doc! {}).await?;
                }
                continue;
            }
            for direction in [1, -1] {
                let order: Document =
                    by_id.keys().map(String::as_str).chain([ID]).map(|f| (f.to_owned(), direction.into())).collect();
                probe.first(doc! {}, order).await?;
                let field = location.field_of_values().filter(|_| place == 0);
                if let Some(field) = field {
                    let order: Document = wanted.keys.keys().map(|f| (f.clone(), direction.into())).collect();
                    probe.first(doc! { field: { "$ne": null } }, order).await?;
                }
            }
            if let (true, Some(field)) = (place == 0 && has_to_be_there(column, &location), location.field_of_values())
            {
                probe.first(doc! { field: null }, doc! {}).await?;
            }
        }
    }
    Ok(())
}

/// Whether a row with a missing or null field does not fit.
fn has_to_be_there(column: &Column, location: &Location) -> bool {
    let is_required = |kind: &SegmentKind| matches!(kind, SegmentKind::Field(field) if field.is_plain());
    !column.optional && location.segments.iter().all(|segment| is_required(&segment.kind))
}

/// Filters for most of the rows that do not fit. The rows that they find are read to decide.
fn misfits(column: &Column, location: &Location) -> Vec<Document> {
    let Some(field) = location.field_of_values() else { return Vec::new() };
    let mut misfits = vec![
        doc! { &field: { "$ne": null, "$not": { "$type": types(&column.shape) } } },
        doc! { &field: { "$type": "array" } },
    ];
    if has_to_be_there(column, location) {
        misfits.push(doc! { &field: null });
    }
    if let Some((least, greatest)) = range(&column.shape) {
        misfits.push(doc! { &field: { "$lt": least } });
        misfits.push(doc! { &field: { "$gt": greatest } });
    }
    misfits
}

/// The BSON types in which a value may be stored.
fn types(shape: &Shape) -> Vec<&'static str> {
    use ScalarType as S;
    match shape {
        Shape::Scalar(S::Bool) => vec!["bool"],
        Shape::Scalar(S::U64 | S::Usize) => vec!["int", "long", "decimal"],
        Shape::Scalar(S::I8 | S::I16 | S::I32 | S::I64 | S::Isize | S::U8 | S::U16 | S::U32) => vec!["int", "long"],
        Shape::Scalar(S::F32 | S::F64) => vec!["double", "int", "long"],
        Shape::Scalar(S::Uuid) => vec!["binData"],
        Shape::Scalar(S::Timestamp) => vec!["object"],
        _ => vec!["string"],
    }
}

/// The range of the integer type; `None` if the server has no integers outside of it.
fn range(shape: &Shape) -> Option<(i64, i64)> {
    use ScalarType as S;
    match shape {
        Shape::Scalar(S::I8) => Some((i8::MIN.into(), i8::MAX.into())),
        Shape::Scalar(S::I16) => Some((i16::MIN.into(), i16::MAX.into())),
        Shape::Scalar(S::I32) => Some((i32::MIN.into(), i32::MAX.into())),
        Shape::Scalar(S::U8) => Some((0, u8::MAX.into())),
        Shape::Scalar(S::U16) => Some((0, u16::MAX.into())),
        Shape::Scalar(S::U32) => Some((0, u32::MAX.into())),
        _ => None,
    }
}

/// Checks one property in rows of one variant.
struct Probe<'a> {
    collection: &'a Collection<RawDocumentBuf>,
    definition: &'a TableDefinition,
    variant: &'a Variant,
    position: usize,
    reader: &'a PropertyReader,
}

impl Probe<'_> {
    /// Fails if the first of these rows does not fit.
    async fn first(&self, condition: Document, order: Document) -> Result<(), Error> {
        let mut filter = rows_of(self.variant);
        filter.extend(condition);
        let found = self.collection.find_one(filter).sort(order).await.map_err(MongoError::of_read)?;
        let Some(row) = found else { return Ok(()) };
        let mut doc = MongoDocument::unset();
        doc.set(&fields_of(&row));
        let value = doc.read(self.reader).map_err(|error| error.source.to_string());
        let value = value.as_ref().map_err(String::as_str);
        let id = row.get_object_id(ID).map(|id| row_id::row_id(id).to_string()).unwrap_or_default();
        self.definition.misfit(self.position, id, value).map_or(Ok(()), Err)
    }
}
