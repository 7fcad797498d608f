//! Creates collections and indexes, and checks what exists. It never drops an index.

use longevity_core::Error;
use longevity_core::table::TableDefinition;
use mongodb::bson::{Document, doc};
use mongodb::error::Error as DriverError;

use crate::connection::client::Connection;
use crate::connection::names;
use crate::encode::own_fields;
use crate::error::{DUPLICATE, MongoError, code_of, index_in};
use crate::schema::indexes::{absent, conflict, indexes, is_same_key};
use crate::schema::layout::{self, Wanted};
use crate::schema::{existing_rows, rewrite, sharding, validator};

// https://www.mongodb.com/docs/manual/reference/error-codes/
const NAMESPACE_EXISTS: i32 = 48;
const INDEX_OPTIONS_CONFLICT: i32 = 85;
const INDEX_KEY_SPECS_CONFLICT: i32 = 86;

/// Creates what a table lacks.
pub(crate) async fn create(connection: &Connection, definition: &TableDefinition) -> Result<(), Error> {
    names::ensure_collection(connection.database.name(), definition)?;
    let wanted = sharding::enforceable(connection, definition, layout::wanted(definition))?;
    let found = match indexes(connection, definition).await? {
        Some(found) => found,
        None => {
            create_collection(connection, definition).await?;
            // Another process may have created it at this moment, with indexes.
            indexes(connection, definition).await?.unwrap_or_default()
        }
    };
    let missing = absent(definition, &found, &wanted)?;
    // Without rows there is nothing to check. This asks once, not once for each column.
    let has_rows = has_rows(connection, definition).await?;
    for wanted in wanted.iter().filter(|_| has_rows) {
        existing_rows::ensure(connection, definition, wanted, missing.contains(wanted)).await?;
    }
    validator::apply(connection, definition).await?;
    for wanted in wanted.iter().filter(|wanted| has_rows && wanted.unique) {
        rewrite::key(connection, definition, wanted, &found, missing.contains(wanted)).await?;
    }
    if !missing.is_empty() {
        // All indexes are requested, so that the server waits for those that another process is building.
        create_indexes(connection, definition, &wanted).await?;
    }
    sharding::shard(connection, definition).await?;
    if missing.is_empty() {
        return Ok(());
    }
    // Check that the server created them.
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
    let row = collection.find_one(doc! {}).projection(doc! { own_fields::ID: 1 }).await;
    Ok(row.map_err(MongoError::of_read)?.is_some())
}

/// Fails unless everything that the model needs exists.
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

async fn create_collection(connection: &Connection, definition: &TableDefinition) -> Result<(), MongoError> {
    let create = doc! { "create": &*definition.name, "writeConcern": { "w": "majority" } };
    match connection.run(create).await {
        Err(error) if code_of(&error) != Some(NAMESPACE_EXISTS) => Err(MongoError::of_write(error)),
        // Another process may have created the collection at this moment.
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
            conflicting_index(connection, definition, wanted, error).await?
        }
        _ => MongoError::of_write(error),
    })
}

/// The error for an index that conflicts with one of the wanted indexes under another name.
async fn conflicting_index(
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
