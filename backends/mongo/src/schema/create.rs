//! Collections and their indexes: made, read back, compared; never dropped.

use longevity_core::Error;
use longevity_core::table::TableDefinition;
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Error as DriverError;

use crate::connection::client::Connection;
use crate::connection::names;
use crate::error::{DUPLICATE, MongoError, code_of, index_in};
use crate::schema::existing_rows;
use crate::schema::layout::{self, Wanted};
use crate::schema::rewrite;
use crate::schema::sharding;
use crate::schema::validator;
use crate::table::Ready;

// https://www.mongodb.com/docs/manual/reference/error-codes/
const NAMESPACE_NOT_FOUND: i32 = 26;
const NAMESPACE_EXISTS: i32 = 48;
const INDEX_OPTIONS_CONFLICT: i32 = 85;
const INDEX_KEY_SPECS_CONFLICT: i32 = 86;

/// Creates what is missing of a table.
pub(crate) async fn create(connection: &Connection, definition: &TableDefinition) -> Result<(), Error> {
    names::ensure_collection(connection.database.name(), definition)?;
    let wanted = sharding::enforceable(connection, definition, layout::wanted(definition))?;
    let found = match indexes(connection, definition).await? {
        Some(found) => found,
        None => {
            create_collection(connection, definition).await?;
            // Somebody else may have made it at this moment, with indexes.
            indexes(connection, definition).await?.unwrap_or_default()
        }
    };
    let missing = absent(definition, &found, &wanted)?;
    // Without rows there is nothing to look at: that is asked once, not of each column.
    let has_rows = has_rows(connection, definition).await?;
    for wanted in wanted.iter().filter(|_| has_rows) {
        existing_rows::ensure(connection, definition, wanted, missing.contains(wanted)).await?;
    }
    validator::apply(connection, definition).await?;
    for wanted in wanted.iter().filter(|wanted| has_rows && wanted.unique) {
        rewrite::key(connection, definition, wanted, &found, missing.contains(wanted)).await?;
    }
    if !missing.is_empty() {
        // All of them: one that somebody else is building is waited for.
        create_indexes(connection, definition, &wanted).await?;
    }
    sharding::shard(connection, definition).await?;
    if missing.is_empty() {
        return Ok(());
    }
    // What the server did is not taken on trust.
    let found = indexes(connection, definition).await?.unwrap_or_default();
    match absent(definition, &found, &wanted)?.first() {
        None => Ok(()),
        Some(missing) => {
            let reason = format!("the server did not create the index {} of {}", missing.name, definition.name);
            Err(MongoError::Other { reason, code: None }.into())
        }
    }
}

async fn has_rows(connection: &Connection, definition: &TableDefinition) -> Result<bool, MongoError> {
    let collection = connection.database.collection::<Document>(&definition.name);
    let row = collection.find_one(doc! {}).projection(doc! { layout::ID: 1 }).await;
    Ok(row.map_err(MongoError::of_read)?.is_some())
}

/// Fails unless all that the model needs is there.
pub(crate) async fn ensure_created(connection: &Connection, definition: &TableDefinition) -> Result<(), MongoError> {
    let Some(found) = indexes(connection, definition).await? else {
        return Err(MongoError::NoSchema { what: format!("the collection {}", definition.name) });
    };
    let wanted = sharding::enforceable(connection, definition, layout::wanted(definition))?;
    match absent(definition, &found, &wanted)?.first() {
        None => Ok(()),
        Some(missing) => Err(MongoError::NoSchema { what: format!("the index {}", missing.name) }),
    }
}

/// The collection's indexes, without those that are still being built; `None` if there is no such collection.
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
    // A collection has at most 64. Those that are being built are told from the others by what this asks for.
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

/// The fields of an index that is not this model's; `None` if there is no such, or it cannot be asked for.
pub(crate) async fn fields_of(table: &Ready, name: &str) -> Option<Vec<String>> {
    let found = indexes_of(&table.database, &table.definition.name).await.ok()??;
    let index = found.iter().find(|index| index.get_str("name").is_ok_and(|found| found == name))?;
    Some(index.get_document("key").ok()?.keys().cloned().collect())
}

/// Those of the wanted indexes that are not among the found ones. One that is there under its name and is another is an
/// error.
fn absent(definition: &TableDefinition, found: &[Document], wanted: &[Wanted]) -> Result<Vec<Wanted>, MongoError> {
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

fn is_same_key(keys: &Document, wanted: &Wanted) -> bool {
    // Numbers have any type on the server.
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

async fn create_collection(connection: &Connection, definition: &TableDefinition) -> Result<(), MongoError> {
    let create = doc! { "create": &*definition.name, "writeConcern": { "w": "majority" } };
    match connection.run(create).await {
        Err(error) if code_of(&error) != Some(NAMESPACE_EXISTS) => Err(MongoError::of_write(error)),
        // Or somebody else did at this moment.
        _ => Ok(()),
    }
}

async fn create_indexes(
    connection: &Connection,
    definition: &TableDefinition,
    wanted: &[Wanted],
) -> Result<(), MongoError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let specifications: Vec<_> = wanted.iter().map(Wanted::specification).collect();
    let create = doc! {
        "createIndexes": &*definition.name,
        "indexes": specifications,
        "writeConcern": { "w": "majority" },
    };
    let Err(error) = connection.run(create).await else { return Ok(()) };
    Err(match code_of(&error) {
        Some(DUPLICATE) => {
            let namespace = format!("{}.{}", connection.database.name(), definition.name);
            let index = index_in(&error.to_string(), &namespace).unwrap_or_else(|| "of a key".to_owned());
            MongoError::DuplicateRows { table: definition.name.to_string(), index }
        }
        Some(INDEX_OPTIONS_CONFLICT | INDEX_KEY_SPECS_CONFLICT) => {
            in_the_way(connection, definition, wanted, error).await?
        }
        _ => MongoError::of_write(error),
    })
}

/// The error for an index that has another name than ours and is in its way.
async fn in_the_way(
    connection: &Connection,
    definition: &TableDefinition,
    wanted: &[Wanted],
    error: DriverError,
) -> Result<MongoError, MongoError> {
    let found = indexes(connection, definition).await?.unwrap_or_default();
    let is_named = |index: &Document, wanted: &Wanted| index.get_str("name").is_ok_and(|name| name == wanted.name);
    let others = found.iter().filter(|index| !wanted.iter().any(|wanted| is_named(index, wanted)));
    let others: Vec<_> = others.collect();
    let conflict = wanted.iter().find_map(|wanted| {
        let same = |index: &&&Document| index.get_document("key").is_ok_and(|keys| is_same_key(keys, wanted));
        others.iter().find(same).map(|index| conflict(definition, index, wanted))
    });
    Ok(conflict.unwrap_or_else(|| MongoError::of_write(error)))
}
