//! Inserts, replacements and deletions: one command each, which the driver repeats once, under a number by which the server
//! does it once.

use longevity_core::backend::{Target, WriteFailure};
use longevity_core::{Error, RowContent, RowId};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawDocument, doc};
use mongodb::error::Error as DriverError;
use mongodb::options::{ReadConcern, ReturnDocument, SelectionCriteria};

use crate::encode::{self, Doc};
use crate::failure::{MongoError, Taken, code_of};
use crate::identity;
use crate::layout::{CREATED_AT, ID, TYPE, UPDATED_AT, VERSION};
use crate::rows;
use crate::table::Ready;
use crate::values::{scalar, timestamp};

/// The server's code for a document that a validator refuses.
const VALIDATION: i32 = 121;
/// The server's codes for a document that is too large.
const TOO_LARGE: [i32; 3] = [10334, 17419, 17420];

pub(crate) async fn insert(table: &Ready, content: RowContent<Doc>) -> Result<RowId, WriteFailure> {
    let id = identity::next();
    let name = content.discriminator.as_deref();
    let document = rows::document(id, name, content.written_at, &content.doc)?;
    ensure_fits(table, name, &document)?;
    match table.collection.insert_one(&document).await {
        Ok(_) => Ok(identity::row_id(id)),
        Err(error) => Err(refused(table, name, error)),
    }
}

pub(crate) fn ensure_fits(table: &Ready, name: Option<&str>, document: &RawDocument) -> Result<(), Error> {
    if encode::is_too_large(document) { Err(encode::too_large(table.type_name(name))) } else { Ok(()) }
}

/// One command decides, replaces and tells what was there: whether the row is the one that is meant is part of the new
/// document's expression, which is the old document if it is not.
pub(crate) async fn replace(
    table: &Ready,
    target: &Target<'_>,
    content: &RowContent<Doc>,
) -> Result<u64, WriteFailure> {
    let Some(id) = identity::object_id(target.id) else { return Err(WriteFailure::Missing) };
    let name = content.discriminator.as_deref();
    let next = match target.version {
        Some(version) => Bson::Document(doc! { "$literal": number(version.saturating_add(1)) }),
        None => Bson::Document(doc! { "$add": [format!("${VERSION}"), 1_i64] }),
    };
    let mut own = doc! { ID: format!("${ID}") };
    if let Some(name) = name {
        own.insert(TYPE, doc! { "$literal": name });
    }
    own.insert(VERSION, next);
    own.insert(CREATED_AT, format!("${CREATED_AT}"));
    if let Some(at) = content.written_at {
        own.insert(UPDATED_AT, doc! { "$literal": timestamp(at) });
    }
    let fields = Document::try_from(RawDocument::from_bytes(content.doc.as_bytes()).map_err(unreadable)?);
    let new = doc! { "$mergeObjects": [own, { "$literal": fields.map_err(unreadable)? }] };
    let mut conditions = Vec::new();
    if let Some(version) = target.version {
        conditions.push(doc! { "$eq": [format!("${VERSION}"), number(version)] });
    }
    if let Some(scope) = target.scope {
        conditions.push(doc! { "$in": [format!("${TYPE}"), { "$literal": scope.to_vec() }] });
    }
    let new = if conditions.is_empty() {
        new
    } else {
        doc! { "$cond": [{ "$and": conditions }, new, "$$ROOT"] }
    };
    let replaced = table
        .collection
        .clone_with_type::<Document>()
        .find_one_and_update(filter_of(table, id, target), vec![doc! { "$replaceWith": new }])
        .projection(doc! { TYPE: 1, VERSION: 1 })
        .return_document(ReturnDocument::Before)
        .await;
    let before = replaced.map_err(|error| refused(table, name, error))?;
    match Found::of(before) {
        None => Err(WriteFailure::Missing),
        Some(found) => found.ensure(target).map(|()| found.version.saturating_add(1)),
    }
}

/// Deletes the row if it is the one that is meant. If none is deleted, the row is looked at: what is said of it is true when
/// it is looked at, and if it then is the one that is meant, the deletion is tried again.
pub(crate) async fn delete(table: &Ready, target: &Target<'_>) -> Result<(), WriteFailure> {
    let Some(id) = identity::object_id(target.id) else { return Err(WriteFailure::Missing) };
    let by_id = filter_of(table, id, target);
    let mut filter = by_id.clone();
    if let Some(version) = target.version {
        filter.insert(VERSION, number(version));
    }
    if let Some(scope) = target.scope {
        filter.insert(TYPE, crate::layout::of_types(scope));
    }
    loop {
        let deleted = table.collection.delete_one(filter.clone()).await;
        if deleted.map_err(|error| refused(table, None, error))?.deleted_count > 0 {
            return Ok(());
        }
        if target.version.is_none() && target.scope.is_none() {
            return Err(WriteFailure::Missing);
        }
        let found = table
            .collection
            .clone_with_type::<Document>()
            .find_one(by_id.clone())
            .projection(doc! { TYPE: 1, VERSION: 1 })
            // The primary's own view, which the deletion had too: what a majority has may be older.
            .selection_criteria(SelectionCriteria::ReadPreference(mongodb::options::ReadPreference::Primary))
            .read_concern(ReadConcern::local())
            .await;
        match Found::of(found.map_err(MongoError::from)?) {
            None => return Err(WriteFailure::Missing),
            Some(found) => found.ensure(target)?,
        }
    }
}

/// The row by its id, and by what a cluster finds it by.
fn filter_of(table: &Ready, id: ObjectId, target: &Target<'_>) -> Document {
    let mut filter = doc! { ID: id };
    if let Some(values) = target.primary_key {
        for (field, value) in table.routing.iter().zip(values) {
            filter.insert(field, scalar(value.as_value_ref()));
        }
    }
    filter
}

/// A version as it is stored.
fn number(version: u64) -> Bson {
    Bson::Int64(i64::try_from(version).unwrap_or(i64::MAX))
}

/// The row that a write was about.
struct Found {
    discriminator: Option<String>,
    version: u64,
}

impl Found {
    fn of(document: Option<Document>) -> Option<Self> {
        let document = document?;
        let version = match document.get(VERSION) {
            Some(Bson::Int64(version)) => u64::try_from(*version).ok(),
            Some(Bson::Int32(version)) => u64::try_from(*version).ok(),
            // Read as the server compares it: half a version is not the whole one, or nothing would be written and nobody told.
            Some(Bson::Double(version)) => rows::whole(*version),
            _ => None,
        };
        let discriminator = document.get_str(TYPE).ok().map(str::to_owned);
        // Without a version it is not of ours, and no version is its.
        Some(Self { discriminator, version: version.unwrap_or(u64::MAX) })
    }

    /// Whether it is the row that is meant: in scope, and of the version.
    fn ensure(&self, target: &Target<'_>) -> Result<(), WriteFailure> {
        let name = self.discriminator.as_deref();
        if target.scope.is_some_and(|scope| !name.is_some_and(|name| scope.contains(&name))) {
            return Err(WriteFailure::Missing);
        }
        match target.version {
            Some(version) if version != self.version => Err(WriteFailure::Stale { found: self.version }),
            _ => Ok(()),
        }
    }
}

/// Why the server refused a write of a row with this discriminator.
pub(crate) fn refused(table: &Ready, name: Option<&str>, error: DriverError) -> WriteFailure {
    if let Some(taken) = Taken::of(&error) {
        return match table.key_that_is(&taken, name) {
            Some(position) => WriteFailure::Duplicate(position),
            None => {
                let reason = "another row has its values in a unique index that is not this model's".to_owned();
                MongoError::Refused { table: table.definition.name.to_owned(), reason }.into()
            }
        };
    }
    match code_of(&error) {
        Some(VALIDATION) => {
            let reason = "its validator does not let it pass".to_owned();
            MongoError::Refused { table: table.definition.name.to_owned(), reason }.into()
        }
        Some(code) if TOO_LARGE.contains(&code) => encode::too_large(table.type_name(name)).into(),
        _ => MongoError::from(error).into(),
    }
}

fn unreadable(error: mongodb::bson::error::Error) -> MongoError {
    MongoError::Other { reason: format!("cannot write a document: {error}"), code: None }
}
