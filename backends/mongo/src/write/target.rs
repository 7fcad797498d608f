//! The row that a write targets: how a command finds it, and what is reported if the command does not.

use longevity_core::backend::{Target, WriteFailure};
use longevity_core::{Error, RowId, Value};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawBsonRef, doc};
use mongodb::options::{ReadConcern, SelectionCriteria};

use crate::encode::own_fields::{ID, TYPE, UPDATED_AT, VERSION};
use crate::encode::values::scalar;
use crate::encode::{row, row_id};
use crate::table::ReadyTable;
use crate::transaction::executor::Executor;

/// Reads the rows that a write targets.
pub(crate) async fn found(
    table: &ReadyTable,
    executor: &mut Executor<'_>,
    filter: Document,
) -> Result<Vec<Found>, Error> {
    let is_alone = !executor.is_in_transaction();
    let collection = table.collection.clone_with_type::<Document>();
    let found = executor.run(move |session| {
        Box::pin(async move {
            let mut found = collection.find(filter).projection(doc! { TYPE: 1, VERSION: 1, UPDATED_AT: 1 });
            if is_alone {
                // The primary's own view, which the write had as well. The view of a majority may be older.
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

/// Matches the row by its id, and by the fields that a cluster needs to find it.
pub(crate) fn filter_of(table: &ReadyTable, id: ObjectId, target: &Target<'_>) -> Document {
    routed(&table.routing, id, target.primary_key.unwrap_or_default())
}

fn routed(routing: &[String], id: ObjectId, primary_key: &[Value]) -> Document {
    let values = routing.iter().zip(primary_key).map(|(field, value)| (field.clone(), scalar(value.as_value_ref())));
    std::iter::once((ID.to_owned(), Bson::ObjectId(id))).chain(values).collect()
}

/// Matches the row only if it is in scope and has the version of the target.
pub(crate) fn filter_of_matching(table: &ReadyTable, id: ObjectId, target: &Target<'_>) -> Document {
    let mut filter = filter_of(table, id, target);
    if let Some(version) = target.version {
        filter.insert(
            VERSION,
            doc! { "$eq": number(version), "$type": VERSION_TYPES.to_vec(), "$not": { "$type": "array" } },
        );
    }
    if let Some(scope) = target.scope {
        // A list is not a type.
        filter.insert(TYPE, doc! { "$in": scope.discriminators.to_vec(), "$not": { "$type": "array" } });
    }
    filter
}

/// A version as it is stored.
pub(crate) fn number(version: u64) -> Bson {
    Bson::Int64(signed(version))
}

pub(crate) fn signed(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

/// The types that a stored version may have: `long`, which longevity writes, and the types with which other programs write `1`.
pub(crate) const VERSION_TYPES: [&str; 3] = ["long", "int", "double"];

/// A row that a write targets.
pub(crate) struct Found {
    pub(crate) id: RowId,
    discriminator: Option<String>,
    /// `None` if the stored version is invalid.
    version: Option<u64>,
    /// Whether the row has the time of its last write.
    pub(crate) has_times: bool,
}

impl Found {
    pub(crate) fn of(document: Option<Document>) -> Option<Self> {
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

    /// Fails if this is not the row to delete. If the target has no version, a row with an invalid version can be deleted.
    pub(crate) fn ensure_deletable(&self, table: &ReadyTable, target: &Target<'_>) -> Result<(), WriteFailure> {
        match target.version {
            Some(_) => self.ensure(table, target).map(drop),
            None => self.ensure_in_scope(target),
        }
    }

    fn ensure_in_scope(&self, target: &Target<'_>) -> Result<(), WriteFailure> {
        if target.is_in_scope(self.discriminator.as_deref()) { Ok(()) } else { Err(WriteFailure::Missing) }
    }

    /// The version of the row. Fails if the row is not in scope or has another version than the target.
    pub(crate) fn ensure(&self, table: &ReadyTable, target: &Target<'_>) -> Result<u64, WriteFailure> {
        self.ensure_in_scope(target)?;
        let name = self.discriminator.as_deref();
        match (self.version, target.version) {
            (Some(found), Some(version)) if version != found => Err(WriteFailure::Stale { found }),
            (Some(found), _) => Ok(found),
            (None, _) => Err(WriteFailure::Other(Error::Decode {
                type_name: table.type_name(name),
                id: self.id,
                path: VERSION.to_owned(),
                source: "the document has no valid version".into(),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_finds_a_row_by_the_fields_that_distribute_it() {
        let (id, key) =
            (ObjectId::from_bytes([1; 12]), [Value::Text("$CH".into()), Value::Int(5), Value::UInt(u64::MAX)]);
        let routing = ["id.region".to_owned(), "id.year".to_owned()];
        assert_eq!(routed(&routing, id, &key), doc! { "_id": id, "id.region": "$CH", "id.year": 5_i64 });
        assert_eq!(routed(&[], id, &key), doc! { "_id": id });
    }
}
