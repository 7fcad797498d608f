//! Rows as documents. Longevity's own fields come first, so they can be read without the rest.

use std::borrow::Cow;

use longevity_core::table::TableDefinition;
use longevity_core::{BoxError, Error, Row, RowId, Timestamp};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use crate::encode::document::MongoDocument;
use crate::encode::own_fields::{CREATED_AT, ID, REFERENCES, TYPE, UPDATED_AT, VERSION};
use crate::encode::{format, row_id};
use crate::error::MongoError;

// https://bsonspec.org/spec.html
const STRING: u8 = 0x02;
const OBJECT: u8 = 0x03;
const OBJECT_ID: u8 = 0x07;
const INT64: u8 = 0x12;

/// The beginning of a mark that is the last field. It is followed by a number and the document's end.
const LAST: &[u8] = b"\x12_references\0";

/// The document of a new row, or of a row that is replaced as a whole.
pub(crate) fn document(
    definition: &TableDefinition,
    id: ObjectId,
    discriminator: Option<&str>,
    version: i64,
    written_at: Option<Timestamp>,
    doc: &MongoDocument,
) -> Result<RawDocumentBuf, MongoError> {
    document_with_times(definition, id, discriminator, version, [written_at; 2], doc)
}

/// The document of a row that was created and updated at these times.
pub(crate) fn document_with_times(
    definition: &TableDefinition,
    id: ObjectId,
    discriminator: Option<&str>,
    version: i64,
    times: [Option<Timestamp>; 2],
    doc: &MongoDocument,
) -> Result<RawDocumentBuf, MongoError> {
    let mut bytes = Vec::with_capacity(doc.as_bytes().len() + 128);
    bytes.extend_from_slice(&[0; 4]);
    field(&mut bytes, OBJECT_ID, ID);
    bytes.extend_from_slice(&id.bytes());
    if let Some(name) = discriminator {
        field(&mut bytes, STRING, TYPE);
        bytes.extend_from_slice(&length(name.len() + 1));
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(0);
    }
    field(&mut bytes, INT64, VERSION);
    bytes.extend_from_slice(&version.to_le_bytes());
    if definition.is_referenced {
        // Here, because it would be added at the end otherwise, where reading it takes longer.
        field(&mut bytes, INT64, REFERENCES);
        bytes.extend_from_slice(&0_i64.to_le_bytes());
    }
    for (name, at) in [CREATED_AT, UPDATED_AT].into_iter().zip(times) {
        let Some(at) = at else { continue };
        field(&mut bytes, OBJECT, name);
        let (milliseconds, beyond) = format::split(at);
        bytes.extend_from_slice(&format::object(milliseconds, beyond));
    }
    bytes.extend_from_slice(doc.fields());
    bytes.push(0);
    let whole = length(bytes.len());
    bytes[..4].copy_from_slice(&whole);
    RawDocumentBuf::from_bytes(bytes)
        .map_err(|error| MongoError::Other { reason: format!("cannot write a document: {error}"), code: None })
}

fn field(bytes: &mut Vec<u8>, kind: u8, name: &str) {
    bytes.push(kind);
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
}

fn length(bytes: usize) -> [u8; 4] {
    // Longer documents are refused before they are sent.
    i32::try_from(bytes).unwrap_or(i32::MAX).to_le_bytes()
}

/// A row before it is read.
pub(crate) fn empty() -> Row<MongoDocument> {
    Row {
        id: RowId::from_u128(0),
        version: 0,
        discriminator: None,
        doc: MongoDocument::unset(),
        created_at: None,
        updated_at: None,
    }
}

/// Reads the row from a document.
pub(crate) fn read(definition: &TableDefinition, document: &RawDocument) -> Result<Row<MongoDocument>, Error> {
    let mut row = empty();
    read_into(&mut row, definition, document)?;
    Ok(row)
}

/// Reads a row and reuses the buffers of another one. An error concerns only this document, which another program must have
/// edited; the documents after it can be read.
pub(crate) fn read_into(
    into: &mut Row<MongoDocument>,
    definition: &TableDefinition,
    document: &RawDocument,
) -> Result<(), Error> {
    let mut own = OwnFields::default();
    let read = match own.in_order(document.as_bytes(), definition) {
        Some(fields) => {
            into.doc.set(fields);
            Ok(())
        }
        None => own.anywhere(document, &mut into.doc),
    };
    let filled = read.and_then(|()| fill(into, definition, &own));
    filled.map_err(|(path, source)| {
        let variant = definition.variant(own.discriminator);
        Error::Decode {
            type_name: variant.map_or(definition.type_name, |variant| variant.type_name),
            id: own.id.map_or(RowId::from_u128(0), row_id::row_id),
            path: path.to_owned(),
            source,
        }
    })
}

/// Whether documents of the table have a discriminator.
fn has_type(definition: &TableDefinition) -> bool {
    definition.discriminators().next().is_some()
}

type Misfit = (&'static str, BoxError);

fn fill(into: &mut Row<MongoDocument>, definition: &TableDefinition, own: &OwnFields<'_>) -> Result<(), Misfit> {
    let missing = |field| (field, BoxError::from(format!("the document has no valid {field}")));
    into.id = own.id.map(row_id::row_id).ok_or_else(|| missing(ID))?;
    into.version = own.version.ok_or_else(|| missing(VERSION))?;
    if has_type(definition) && own.discriminator.is_none() {
        return Err(missing(TYPE));
    }
    if into.discriminator.as_deref() != own.discriminator {
        into.discriminator = own.discriminator.map(|name| {
            let known = definition.discriminators().find(|known| *known == name);
            known.map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed)
        });
    }
    let at = |document: Option<&RawDocument>, field| match document {
        None => Ok(None),
        Some(document) => format::timestamp(document).map(Some).ok_or_else(|| missing(field)),
    };
    into.updated_at = at(own.updated_at, UPDATED_AT)?;
    into.created_at = match into.updated_at {
        // A row that was never written with a time was not created with one either.
        None => None,
        Some(_) => at(own.created_at, CREATED_AT)?,
    };
    Ok(())
}

/// Reads a version. In MongoDB a whole number can have any numeric type: some shells write `1` as a double.
pub(crate) fn version_of(value: RawBsonRef<'_>) -> Option<u64> {
    match value {
        RawBsonRef::Int64(version) => u64::try_from(version).ok(),
        RawBsonRef::Int32(version) => u64::try_from(version).ok(),
        // Doubles are exact up to 2^53.
        RawBsonRef::Double(version)
            if version >= 0.0 && version.fract() == 0.0 && version <= 9_007_199_254_740_992.0 =>
        {
            Some(version as u64)
        }
        _ => None,
    }
}

/// The bytes of the fields of a document that are not longevity's own.
pub(crate) fn fields_of(document: &RawDocument) -> Vec<u8> {
    let mut doc = MongoDocument::unset();
    // If another program edited the document, this keeps the fields that can be read.
    let _ = OwnFields::default().anywhere(document, &mut doc);
    doc.fields().to_vec()
}

/// Whether the document ends with the mark that a reference has left.
fn ends_with_mark(bytes: &[u8]) -> bool {
    let from = bytes.len().checked_sub(LAST.len() + 9);
    from.and_then(|from| bytes.get(from..)?.get(..LAST.len())) == Some(LAST)
}

/// Longevity's own fields in a document.
#[derive(Default)]
struct OwnFields<'a> {
    id: Option<ObjectId>,
    discriminator: Option<&'a str>,
    version: Option<u64>,
    created_at: Option<&'a RawDocument>,
    updated_at: Option<&'a RawDocument>,
}

impl<'a> OwnFields<'a> {
    /// Reads the fields where longevity writes them, and returns the bytes of the fields after them. `None` if a field is not
    /// there, which happens if another program edited the document.
    fn in_order(&mut self, bytes: &'a [u8], definition: &TableDefinition) -> Option<&'a [u8]> {
        let (mut at, mut is_marked) = (4, false);
        loop {
            let kind = *bytes.get(at)?;
            let name_at = at + 1;
            let rest = bytes.get(name_at..)?;
            let name = rest.get(..rest.iter().take(16).position(|byte| *byte == 0).unwrap_or(0))?;
            let value_at = name_at + name.len() + 1;
            let value = bytes.get(value_at..)?;
            let size = match (kind, name) {
                (OBJECT_ID, b"_id") => {
                    self.id = Some(ObjectId::from_bytes(*value.first_chunk()?));
                    12
                }
                (STRING, b"_type") => {
                    let size = usize::try_from(i32::from_le_bytes(*value.first_chunk()?)).ok()?;
                    let text = value.get(4..4 + size.checked_sub(1)?)?;
                    self.discriminator = Some(std::str::from_utf8(text).ok()?);
                    4 + size
                }
                (INT64, b"_version") => {
                    self.version = Some(u64::try_from(i64::from_le_bytes(*value.first_chunk()?)).ok()?);
                    8
                }
                (INT64, b"_references") => {
                    value.get(..8)?;
                    is_marked = true;
                    8
                }
                (OBJECT, b"_created_at" | b"_updated_at") => {
                    let size = usize::try_from(i32::from_le_bytes(*value.first_chunk()?)).ok()?;
                    let document = RawDocument::from_bytes(value.get(..size)?).ok()?;
                    let field = if name == b"_created_at" { &mut self.created_at } else { &mut self.updated_at };
                    *field = Some(document);
                    size
                }
                // This is either one of longevity's own fields with a wrong type, which is an error, or an unknown field.
                (_, [b'_', ..]) => return None,
                _ => break,
            };
            at = value_at + size;
        }
        // In a row that was written before references led to its table, the mark is somewhere after the other fields.
        if definition.is_referenced && !is_marked || ends_with_mark(bytes) {
            return None;
        }
        let has_type = has_type(definition);
        let complete = self.id.is_some() && self.version.is_some() && (self.discriminator.is_some() || !has_type);
        if complete { bytes.get(at..bytes.len().checked_sub(1)?) } else { None }
    }

    /// Reads the fields wherever they are, and puts the other fields into the document.
    fn anywhere(&mut self, document: &'a RawDocument, fields: &mut MongoDocument) -> Result<(), Misfit> {
        *self = Self::default();
        let mut others = RawDocumentBuf::new();
        for field in document {
            let (name, value) = field.map_err(|error| ("", error.into()))?;
            match (name.as_str(), value) {
                (ID, RawBsonRef::ObjectId(id)) => self.id = Some(id),
                (TYPE, RawBsonRef::String(name)) => self.discriminator = Some(name),
                (VERSION, version) => self.version = version_of(version),
                (REFERENCES, _) => {}
                (CREATED_AT, RawBsonRef::Document(at)) => self.created_at = Some(at),
                (UPDATED_AT, RawBsonRef::Document(at)) => self.updated_at = Some(at),
                (ID, _) => return Err((ID, "the document's _id is not an ObjectId".into())),
                (TYPE, _) => return Err((TYPE, "the document's _type is not a string".into())),
                (CREATED_AT, _) => return Err((CREATED_AT, "the document's _created_at is not a time".into())),
                (UPDATED_AT, _) => return Err((UPDATED_AT, "the document's _updated_at is not a time".into())),
                (_, value) => others.append(name, value),
            }
        }
        fields.set(others.as_bytes().get(4..others.as_bytes().len().saturating_sub(1)).unwrap_or_default());
        Ok(())
    }
}
