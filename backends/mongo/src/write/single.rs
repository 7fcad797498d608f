//! Inserts, replacements and deletions: one command each where the row is the one that is meant. The driver repeats it once,
//! under a number by which the server does it once.

use std::sync::Arc;

use longevity_core::backend::{AllWritten, Target, Write, WriteFailure, Writes, Written};
use longevity_core::{Error, RowContent, RowId, Value};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawBsonRef, RawDocument, doc};
use mongodb::error::{Error as DriverError, ErrorKind, RETRYABLE_WRITE_ERROR, WriteFailure as DriverWriteFailure};
use mongodb::options::{ReadConcern, ReturnDocument, SelectionCriteria};
use smallvec::smallvec;

use crate::encode::document::{self, MongoDocument};
use crate::encode::row;
use crate::encode::row_id;
use crate::encode::values::{scalar, timestamp};
use crate::error::{DUPLICATE, MongoError, TOO_LARGE, Taken, VALIDATION, WriteError};
use crate::schema::create;
use crate::schema::layout::{CREATED_AT, ID, TYPE, UPDATED_AT, VERSION};
use crate::schema::undeclared;
use crate::table::Ready;
use crate::transaction::executor::Executor;
use crate::write::batch;

/// Does the writes, all or none. One is a command. Several, or one that asks for the row before it, are a transaction. In a
/// transaction they are a part of it.
pub(crate) async fn write(
    table: &Arc<Ready>,
    executor: &mut Executor<'_>,
    mut writes: Writes<'_, MongoDocument>,
) -> Result<AllWritten<MongoDocument>, (usize, WriteFailure)> {
    if writes.len() > 1 || writes.iter().any(Write::wants_before) {
        return match executor {
            Executor::Alone { .. } => batch::write(table, writes).await,
            Executor::Transaction(_) => batch::write_within(table, executor, writes).await,
        };
    }
    let written = match writes.pop() {
        None => return Ok(AllWritten::new()),
        Some(Write::Insert(content)) => insert(table, executor, content).await.map(Written::Inserted),
        Some(Write::Replace(target, content)) => {
            replace(table, executor, &target, &content).await.map(|version| Written::Replaced(version, None))
        }
        Some(Write::Delete(target)) => delete(table, executor, &target).await.map(|()| Written::Deleted(None)),
    };
    match written {
        Ok(written) => Ok(smallvec![written]),
        Err(failure) => Err((0, failure)),
    }
}

async fn insert(
    table: &Ready,
    executor: &mut Executor<'_>,
    content: RowContent<MongoDocument>,
) -> Result<RowId, WriteFailure> {
    let id = row_id::next();
    let name = content.discriminator.as_deref();
    let document = row::document(id, name, 0, content.written_at, &content.doc)?;
    ensure_fits(table, name, &document)?;
    let document = Arc::new(document);
    let (collection, inserts) = (executor.collection(table), Arc::clone(&document));
    let inserted =
        executor.run(move |session| Box::pin(async move { collection.insert_one(&*inserts).session(session).await }));
    let mut failure = match inserted.await {
        Ok(_) => return Ok(row_id::row_id(id)),
        Err(error) => error,
    };
    // The driver has repeated it once. Another repetition by the caller would have another id, and might be a second row. In a
    // transaction it is not done, whatever the server did.
    for _ in 0..REPETITIONS {
        if executor.is_in_transaction() || !is_unknown(&failure) {
            break;
        }
        failure = match table.collection.insert_many([&*document]).await {
            Ok(_) => return Ok(row_id::row_id(id)),
            Err(error) if is_there_already(table, &error) => return Ok(row_id::row_id(id)),
            Err(error) => error,
        };
    }
    Err(refused(table, executor, name, failure).await)
}

/// How often an insertion is repeated whose outcome is not known, besides the driver's own repetition.
const REPETITIONS: usize = 2;

/// Whether the connection or the primary was lost on the way.
fn is_unknown(error: &DriverError) -> bool {
    match &*error.kind {
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } => true,
        ErrorKind::Write(DriverWriteFailure::WriteConcernError(_)) | ErrorKind::InsertMany(_) => false,
        _ => error.contains_label(RETRYABLE_WRITE_ERROR),
    }
}

/// Whether a repetition found the row that an earlier try left, and enough members have it.
fn is_there_already(table: &Ready, error: &DriverError) -> bool {
    let acknowledged = matches!(&*error.kind, ErrorKind::InsertMany(many) if many.write_concern_error.is_none());
    acknowledged && Taken::of(error, &table.namespace).is_some_and(|taken| taken.index.as_deref() == Some("_id_"))
}

pub(crate) fn ensure_fits(table: &Ready, name: Option<&str>, document: &RawDocument) -> Result<(), Error> {
    if document::is_too_large(document) { Err(document::too_large(table.type_name(name))) } else { Ok(()) }
}

/// Replaces the row if it is the one that is meant. Most are, and are replaced by a plain command, which is the quickest and
/// sends the document as it is. If it replaces none, another one decides anew.
async fn replace(
    table: &Ready,
    executor: &mut Executor<'_>,
    target: &Target<'_>,
    content: &RowContent<MongoDocument>,
) -> Result<u64, WriteFailure> {
    let Some(id) = row_id::object_id(target.id) else { return Err(WriteFailure::Missing) };
    match (target.version, content.written_at) {
        (Some(version), None) => match replace_as_a_whole(table, executor, id, version, target, content).await? {
            Some(next) => Ok(next),
            None => replace_by_expression(table, executor, id, target, content).await,
        },
        _ => replace_by_expression(table, executor, id, target, content).await,
    }
}

/// Replaces the row if it has the version and no times, which a store without times keeps. `None` if there is no such row.
async fn replace_as_a_whole(
    table: &Ready,
    executor: &mut Executor<'_>,
    id: ObjectId,
    version: u64,
    target: &Target<'_>,
    content: &RowContent<MongoDocument>,
) -> Result<Option<u64>, WriteFailure> {
    let name = content.discriminator.as_deref();
    let next = version.saturating_add(1);
    let document = row::document(id, name, signed(next), None, &content.doc)?;
    ensure_fits(table, name, &document)?;
    let mut filter = filter_of_meant(table, id, target);
    filter.extend(doc! { CREATED_AT: { "$exists": false }, UPDATED_AT: { "$exists": false } });
    let collection = executor.collection(table);
    let replaced = executor
        .run(move |session| Box::pin(async move { collection.replace_one(filter, &document).session(session).await }));
    match replaced.await {
        Ok(replaced) => Ok((replaced.matched_count > 0).then_some(next)),
        Err(error) => Err(refused(table, executor, name, error).await),
    }
}

/// One command decides, replaces and tells what was there: whether the row is the one that is meant is part of the new
/// document's expression, which is the old document if it is not.
async fn replace_by_expression(
    table: &Ready,
    executor: &mut Executor<'_>,
    id: ObjectId,
    target: &Target<'_>,
    content: &RowContent<MongoDocument>,
) -> Result<u64, WriteFailure> {
    let name = content.discriminator.as_deref();
    let new = replacement(target.version, content)?;
    // What is no version stays as it is, for somebody to mend.
    let mut conditions = vec![doc! { "$in": [{ "$type": format!("${VERSION}") }, VERSION_TYPES.to_vec()] }];
    if let Some(version) = target.version {
        conditions.push(doc! { "$eq": [format!("${VERSION}"), number(version)] });
    }
    if let Some(scope) = target.scope {
        conditions.push(doc! { "$in": [format!("${TYPE}"), { "$literal": scope.discriminators.to_vec() }] });
    }
    let new = doc! { "$cond": [{ "$and": conditions }, new, "$$ROOT"] };
    let (collection, filter) = (executor.collection(table).clone_with_type::<Document>(), filter_of(table, id, target));
    let replaced = executor.run(move |session| {
        Box::pin(async move {
            let replaced = collection.find_one_and_update(filter, vec![doc! { "$replaceWith": new }]);
            let replaced = replaced.projection(doc! { TYPE: 1, VERSION: 1 }).return_document(ReturnDocument::Before);
            replaced.session(session).await
        })
    });
    let before = match replaced.await {
        Ok(before) => before,
        Err(error) => return Err(refused(table, executor, name, error).await),
    };
    match Found::of(before) {
        None => Err(WriteFailure::Missing),
        Some(found) => found.ensure(table, target).map(|version| version.saturating_add(1)),
    }
}

/// The new document as an expression over the old one, whose time of creation it keeps.
pub(crate) fn replacement(version: Option<u64>, content: &RowContent<MongoDocument>) -> Result<Document, MongoError> {
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

/// Deletes the row if it is the one that is meant. If none is deleted, the row is looked at: what is said of it is true when
/// it is looked at, and if it then is the one that is meant, the deletion is tried again.
async fn delete(table: &Ready, executor: &mut Executor<'_>, target: &Target<'_>) -> Result<(), WriteFailure> {
    let Some(id) = row_id::object_id(target.id) else { return Err(WriteFailure::Missing) };
    loop {
        let (collection, filter) = (executor.collection(table), filter_of_meant(table, id, target));
        let deleted =
            executor.run(move |session| Box::pin(async move { collection.delete_one(filter).session(session).await }));
        match deleted.await {
            Ok(deleted) if deleted.deleted_count > 0 => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(executor.write_failed(error).await.into()),
        }
        if target.version.is_none() && target.scope.is_none() {
            return Err(WriteFailure::Missing);
        }
        ensure_meant(table, executor, id, target).await?;
    }
}

/// Says why the row is not the one that is to be deleted, if it is not.
async fn ensure_meant(
    table: &Ready,
    executor: &mut Executor<'_>,
    id: ObjectId,
    target: &Target<'_>,
) -> Result<(), WriteFailure> {
    match found(table, executor, filter_of(table, id, target)).await?.first() {
        None => Err(WriteFailure::Missing),
        Some(found) => found.ensure_deletable(table, target),
    }
}

/// What rows that a write was about are now.
pub(crate) async fn found(table: &Ready, executor: &mut Executor<'_>, filter: Document) -> Result<Vec<Found>, Error> {
    let is_alone = !executor.is_in_transaction();
    let collection = table.collection.clone_with_type::<Document>();
    let found = executor.run(move |session| {
        Box::pin(async move {
            let mut found = collection.find(filter).projection(doc! { TYPE: 1, VERSION: 1, UPDATED_AT: 1 });
            if is_alone {
                // The primary's own view, which the write had too: what a majority has may be older.
                let primary = SelectionCriteria::ReadPreference(mongodb::options::ReadPreference::Primary);
                found = found.selection_criteria(primary).read_concern(ReadConcern::local());
            }
            let mut found = found.session(&mut *session).await?;
            let mut rows = Vec::new();
            while let Some(row) = found.next(session).await {
                rows.extend(Found::of(Some(row?)));
            }
            Ok(rows)
        })
    });
    match found.await {
        Ok(rows) => Ok(rows),
        Err(error) => Err(executor.read_failed(error).await),
    }
}

/// The row by its id, and by what a cluster finds it by.
pub(crate) fn filter_of(table: &Ready, id: ObjectId, target: &Target<'_>) -> Document {
    routed(&table.routing, id, target.primary_key.unwrap_or_default())
}

fn routed(routing: &[String], id: ObjectId, primary_key: &[Value]) -> Document {
    let values = routing.iter().zip(primary_key).map(|(field, value)| (field.clone(), scalar(value.as_value_ref())));
    std::iter::once((ID.to_owned(), Bson::ObjectId(id))).chain(values).collect()
}

/// The same, and it is the one that is meant: in scope, and of the version.
pub(crate) fn filter_of_meant(table: &Ready, id: ObjectId, target: &Target<'_>) -> Document {
    let mut filter = filter_of(table, id, target);
    if let Some(version) = target.version {
        filter.insert(
            VERSION,
            doc! { "$eq": number(version), "$type": VERSION_TYPES.to_vec(), "$not": { "$type": "array" } },
        );
    }
    if let Some(scope) = target.scope {
        // A list is no type.
        filter.insert(TYPE, doc! { "$in": scope.discriminators.to_vec(), "$not": { "$type": "array" } });
    }
    filter
}

/// A version as it is stored.
fn number(version: u64) -> Bson {
    Bson::Int64(signed(version))
}

pub(crate) fn signed(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

/// The types that a version may have: ours, and those by which others write `1`.
pub(crate) const VERSION_TYPES: [&str; 3] = ["long", "int", "double"];

/// The row that a write was about.
pub(crate) struct Found {
    pub(crate) id: RowId,
    discriminator: Option<String>,
    /// `None` if it is none.
    version: Option<u64>,
    /// Whether it has the time of its last write.
    pub(crate) has_times: bool,
}

impl Found {
    fn of(document: Option<Document>) -> Option<Self> {
        let document = document?;
        let version = match document.get(VERSION) {
            Some(Bson::Int64(version)) => row::version_of(RawBsonRef::Int64(*version)),
            Some(Bson::Int32(version)) => row::version_of(RawBsonRef::Int32(*version)),
            Some(Bson::Double(version)) => row::version_of(RawBsonRef::Double(*version)),
            _ => None,
        };
        let id = document.get_object_id(ID).map_or(RowId::from_u128(0), row_id::row_id);
        let has_times = document.get(UPDATED_AT).is_some_and(|at| *at != Bson::Null);
        Some(Self { id, discriminator: document.get_str(TYPE).ok().map(str::to_owned), version, has_times })
    }

    /// Whether it is the row that is to be deleted, which one may be of which no version is known.
    pub(crate) fn ensure_deletable(&self, table: &Ready, target: &Target<'_>) -> Result<(), WriteFailure> {
        match target.version {
            Some(_) => self.ensure(table, target).map(drop),
            None => self.ensure_in_scope(target),
        }
    }

    fn ensure_in_scope(&self, target: &Target<'_>) -> Result<(), WriteFailure> {
        if target.is_in_scope(self.discriminator.as_deref()) { Ok(()) } else { Err(WriteFailure::Missing) }
    }

    /// Its version, if it is the row that is meant: in scope, and of the version.
    pub(crate) fn ensure(&self, table: &Ready, target: &Target<'_>) -> Result<u64, WriteFailure> {
        self.ensure_in_scope(target)?;
        let name = self.discriminator.as_deref();
        match (self.version, target.version) {
            (Some(found), Some(version)) if version != found => Err(WriteFailure::Stale { found }),
            (Some(found), _) => Ok(found),
            (None, _) => Err(WriteFailure::Other(Error::Decode {
                type_name: table.type_name(name),
                id: self.id,
                path: VERSION.to_owned(),
                source: "the document has no version, or not such a one as longevity writes".into(),
            })),
        }
    }
}

/// Why a write of a row with this discriminator failed.
pub(crate) async fn refused(
    table: &Ready,
    executor: &Executor<'_>,
    name: Option<&str>,
    error: DriverError,
) -> WriteFailure {
    match WriteError::of(&error, &table.namespace) {
        Some(refused) if refused.is_refusal() => {
            executor.row_is_refused();
            refused_row(table, name, refused).await
        }
        _ => executor.write_failed(error).await.into(),
    }
}

/// Why the server refused a row with this discriminator.
pub(crate) async fn refused_row(table: &Ready, name: Option<&str>, error: WriteError) -> WriteFailure {
    let refused = |reason: &str| {
        MongoError::Refused { table: table.definition.name.to_string(), reason: reason.to_owned() }.into()
    };
    let fields = match &error.taken {
        Some(Taken { fields: Some(fields), .. }) => Some(fields.clone()),
        Some(Taken { index: Some(index), .. }) => {
            match table.wanted.iter().find(|wanted| wanted.name == *index) {
                Some(wanted) => Some(wanted.keys.keys().cloned().collect()),
                // That of another version of the model, with other discriminators.
                None => create::fields_of(table, index).await,
            }
        }
        _ => None,
    };
    if let Some(position) = fields.and_then(|fields| table.key_on(&fields, name)) {
        return WriteFailure::Duplicate(position);
    }
    let index = error.taken.and_then(|taken| taken.index);
    if let Some(index) = index.filter(|index| undeclared::is_ours(&table.definition, index)) {
        return table.definition.undeclared_key(index).into();
    }
    match error.code {
        DUPLICATE => refused("another row has its values in a unique index that is not this model's"),
        VALIDATION => refused("its validator does not let it pass"),
        code if TOO_LARGE.contains(&code) => document::too_large(table.type_name(name)).into(),
        code => MongoError::of_code(code, error.reason).into(),
    }
}

fn unreadable(error: mongodb::bson::error::Error) -> MongoError {
    MongoError::Other { reason: format!("cannot write a document: {error}"), code: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_finds_a_row_by_what_it_is_spread_by() {
        let (id, key) =
            (ObjectId::from_bytes([1; 12]), [Value::Text("$CH".into()), Value::Int(5), Value::UInt(u64::MAX)]);
        let routing = ["id.region".to_owned(), "id.year".to_owned()];
        assert_eq!(routed(&routing, id, &key), doc! { "_id": id, "id.region": "$CH", "id.year": 5_i64 });
        assert_eq!(routed(&[], id, &key), doc! { "_id": id });
    }
}
