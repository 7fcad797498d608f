//! The expression that replaces a row.

use longevity_core::RowContent;
use mongodb::bson::{Bson, Document, RawDocument, doc};

use crate::encode::document::MongoDocument;
use crate::encode::own_fields::{CREATED_AT, ID, REFERENCES, TYPE, UPDATED_AT, VERSION};
use crate::encode::values::timestamp;
use crate::error::MongoError;
use crate::table::ReadyTable;
use crate::write::target::number;

/// The new document as an expression over the old one. It keeps the time of creation.
pub(crate) fn replacement(
    table: &ReadyTable,
    version: Option<u64>,
    content: &RowContent<MongoDocument>,
) -> Result<Document, MongoError> {
    let name = content.discriminator.as_deref();
    let next = match version {
        Some(version) => Bson::Document(doc! { "$literal": number(version.saturating_add(1)) }),
        None => Bson::Document(doc! { "$add": [format!("${VERSION}"), 1_i64] }),
    };
    let mut own = doc! { ID: format!("${ID}") };
    if let Some(name) = name {
        own.insert(TYPE, doc! { "$literal": name });
    }
    own.insert(VERSION, next);
    if table.definition.is_referenced {
        own.insert(REFERENCES, doc! { "$literal": 0_i64 });
    }
    own.insert(CREATED_AT, format!("${CREATED_AT}"));
    own.insert(
        UPDATED_AT,
        match content.written_at {
            Some(at) => Bson::Document(doc! { "$literal": timestamp(at) }),
            None => Bson::String(format!("${UPDATED_AT}")),
        },
    );
    let fields = Document::try_from(RawDocument::from_bytes(content.doc.as_bytes()).map_err(unreadable)?);
    Ok(doc! { "$mergeObjects": [own, { "$literal": fields.map_err(unreadable)? }] })
}

fn unreadable(error: mongodb::bson::error::Error) -> MongoError {
    MongoError::Other { reason: format!("cannot write a document: {error}"), code: None }
}
