//! The indexes that the server has, and how they compare with those that the model needs.

use longevity_core::table::TableDefinition;
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};

use crate::connection::client::Connection;
use crate::error::{MongoError, code_of};
use crate::schema::layout::Wanted;

// https://www.mongodb.com/docs/manual/reference/error-codes/
const NAMESPACE_NOT_FOUND: i32 = 26;

/// The indexes of the collection, without those that are still being built; `None` if the collection does not exist.
pub(crate) async fn indexes(
    connection: &Connection,
    definition: &TableDefinition,
) -> Result<Option<Vec<Document>>, MongoError> {
    let found = indexes_of(&connection.database, &definition.name).await?;
    let by_id = found.iter().flatten().find(|index| index.get_str("name").is_ok_and(|name| name == "_id_"));
    if by_id.is_some_and(|index| index.contains_key("collation")) {
        return Err(MongoError::ForeignCollection { table: definition.name.to_string() });
    }
    Ok(found)
}

async fn indexes_of(database: &Database, name: &str) -> Result<Option<Vec<Document>>, MongoError> {
    // A collection has at most 64 indexes. `includeBuildUUIDs` distinguishes those that are being built.
    let list = doc! { "listIndexes": name, "cursor": { "batchSize": 100 }, "includeBuildUUIDs": true };
    let reply = match database.run_command(list).await {
        Ok(reply) => reply,
        Err(error) if code_of(&error) == Some(NAMESPACE_NOT_FOUND) => return Ok(None),
        Err(error) => return Err(MongoError::of_read(error)),
    };
    let batch = reply.get_document("cursor").ok().and_then(|cursor| cursor.get_array("firstBatch").ok());
    let built = |index: &&Document| index.contains_key("name");
    Ok(Some(batch.into_iter().flatten().filter_map(Bson::as_document).filter(built).cloned().collect()))
}

/// The fields of an index that is not part of this model; `None` if it does not exist or cannot be read.
pub(crate) async fn fields_of(database: &Database, collection: &str, name: &str) -> Option<Vec<String>> {
    let found = indexes_of(database, collection).await.ok()??;
    let index = found.iter().find(|index| index.get_str("name").is_ok_and(|found| found == name))?;
    Some(index.get_document("key").ok()?.keys().cloned().collect())
}

/// The wanted indexes that are missing. If the server has a different index under the same name, that is an error.
pub(crate) fn absent(
    definition: &TableDefinition,
    found: &[Document],
    wanted: &[Wanted],
) -> Result<Vec<Wanted>, MongoError> {
    let mut absent = Vec::new();
    for wanted in wanted {
        match found.iter().find(|index| index.get_str("name").is_ok_and(|name| name == wanted.name)) {
            None => absent.push(wanted.clone()),
            Some(index) if is_same(index, wanted) => {}
            Some(index) => return Err(conflict(definition, index, wanted)),
        }
    }
    Ok(absent)
}

pub(crate) fn is_same_key(keys: &Document, wanted: &Wanted) -> bool {
    // The server can have the number as any numeric type.
    let is_one = |value: &Bson| match value {
        Bson::Int32(number) => *number == 1,
        Bson::Int64(number) => *number == 1,
        Bson::Double(number) => *number == 1.0,
        _ => false,
    };
    let same = |((found, how), (wanted, as_wanted)): ((&String, &Bson), (&String, &Bson))| {
        found == wanted && (how == as_wanted || (is_one(how) && is_one(as_wanted)))
    };
    keys.len() == wanted.keys.len() && keys.iter().zip(&wanted.keys).all(same)
}

fn is_same(found: &Document, wanted: &Wanted) -> bool {
    let is_on = |option: &str| found.get_bool(option).unwrap_or(false);
    found.get_document("key").is_ok_and(|keys| is_same_key(keys, wanted))
        && is_on("unique") == wanted.unique
        && found.get_document("partialFilterExpression").ok() == wanted.partial.as_ref()
        && !is_on("sparse")
        && !is_on("hidden")
        && !found.contains_key("collation")
        && !found.contains_key("expireAfterSeconds")
}

pub(crate) fn conflict(definition: &TableDefinition, found: &Document, wanted: &Wanted) -> MongoError {
    let shown: Document =
        found.iter().filter(|(name, _)| *name != "v" && *name != "name").map(|(n, v)| (n.clone(), v.clone())).collect();
    let mut specification = wanted.specification();
    specification.remove("name");
    MongoError::ConflictingIndex {
        table: definition.name.to_string(),
        name: found.get_str("name").unwrap_or(&wanted.name).to_owned(),
        found: shown.to_string(),
        wanted: specification.to_string(),
    }
}
