//! Collections and their indexes: made, read back, compared; never dropped.

use longevity_core::Error;
use longevity_core::table::TableDefinition;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::error::Error as DriverError;

use crate::connection::Connection;
use crate::failure::{DUPLICATE, MongoError, code_of};
use crate::layout::{self, Wanted};
use crate::stored::Stored;
use crate::{cluster, expression, names, validator};

// https://www.mongodb.com/docs/manual/reference/error-codes/
const NAMESPACE_NOT_FOUND: i32 = 26;
const NAMESPACE_EXISTS: i32 = 48;
const INDEX_OPTIONS_CONFLICT: i32 = 85;
const INDEX_KEY_SPECS_CONFLICT: i32 = 86;

/// Creates what is missing of a table.
pub(crate) async fn create(connection: &Connection, definition: &TableDefinition) -> Result<(), Error> {
    names::ensure_collection(connection.database.name(), definition)?;
    let wanted = cluster::enforceable(connection, definition, layout::wanted(definition))?;
    let found = match indexes(connection, definition).await? {
        Some(found) => found,
        None => {
            create_collection(connection, definition).await?;
            Vec::new()
        }
    };
    validator::apply(connection, definition).await?;
    let missing: Vec<_> = absent(definition, &found, &wanted)?;
    for wanted in missing.iter().filter(|wanted| wanted.unique) {
        fill(connection, definition, wanted).await?;
    }
    create_indexes(connection, definition, &missing).await?;
    cluster::shard(connection, definition).await?;
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

/// Fails unless all that the model needs is there.
pub(crate) async fn ensure_created(connection: &Connection, definition: &TableDefinition) -> Result<(), MongoError> {
    let Some(found) = indexes(connection, definition).await? else {
        return Err(MongoError::NoSchema { what: format!("the collection {}", definition.name) });
    };
    let wanted = cluster::enforceable(connection, definition, layout::wanted(definition))?;
    match absent(definition, &found, &wanted)?.first() {
        None => Ok(()),
        Some(missing) => Err(MongoError::NoSchema { what: format!("the index {}", missing.name) }),
    }
}

/// The collection's indexes; `None` if there is no such collection.
pub(crate) async fn indexes(
    connection: &Connection,
    definition: &TableDefinition,
) -> Result<Option<Vec<Document>>, MongoError> {
    // A collection has at most 64.
    let list = doc! { "listIndexes": definition.name, "cursor": { "batchSize": 100 } };
    let reply = match connection.database.run_command(list).await {
        Ok(reply) => reply,
        Err(error) if code_of(&error) == Some(NAMESPACE_NOT_FOUND) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let batch = reply.get_document("cursor").ok().and_then(|cursor| cursor.get_array("firstBatch").ok());
    Ok(Some(batch.into_iter().flatten().filter_map(|index| index.as_document().cloned()).collect()))
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

fn is_same(found: &Document, wanted: &Wanted) -> bool {
    // Numbers have any type on the server.
    let is_one = |value: &Bson| match value {
        Bson::Int32(number) => *number == 1,
        Bson::Int64(number) => *number == 1,
        Bson::Double(number) => *number == 1.0,
        _ => false,
    };
    let same_key = |((found, how), (wanted, as_wanted)): ((&String, &Bson), (&String, &Bson))| {
        found == wanted && (how == as_wanted || (is_one(how) && is_one(as_wanted)))
    };
    let keys = found
        .get_document("key")
        .is_ok_and(|keys| keys.len() == wanted.keys.len() && keys.iter().zip(&wanted.keys).all(same_key));
    let is_on = |option: &str| found.get_bool(option).unwrap_or(false);
    keys && is_on("unique") == wanted.unique
        && found.get_document("partialFilterExpression").ok() == wanted.partial.as_ref()
        && !is_on("sparse")
        && !is_on("hidden")
        && !found.contains_key("collation")
        && !found.contains_key("expireAfterSeconds")
}

fn conflict(definition: &TableDefinition, found: &Document, wanted: &Wanted) -> MongoError {
    let shown: Document =
        found.iter().filter(|(name, _)| *name != "v" && *name != "name").map(|(n, v)| (n.clone(), v.clone())).collect();
    let mut specification = wanted.specification();
    specification.remove("name");
    MongoError::ConflictingIndex {
        table: definition.name.to_owned(),
        name: found.get_str("name").unwrap_or(&wanted.name).to_owned(),
        found: shown.to_string(),
        wanted: specification.to_string(),
    }
}

async fn create_collection(connection: &Connection, definition: &TableDefinition) -> Result<(), MongoError> {
    let create = doc! { "create": definition.name, "writeConcern": { "w": "majority" } };
    match connection.database.run_command(create).await {
        Err(error) if code_of(&error) != Some(NAMESPACE_EXISTS) => Err(error.into()),
        // Or somebody else did at this moment.
        _ => Ok(()),
    }
}

async fn create_indexes(
    connection: &Connection,
    definition: &TableDefinition,
    missing: &[Wanted],
) -> Result<(), Error> {
    if missing.is_empty() {
        return Ok(());
    }
    let specifications: Vec<_> = missing.iter().map(Wanted::specification).collect();
    let create = doc! {
        "createIndexes": definition.name,
        "indexes": specifications,
        "writeConcern": { "w": "majority" },
    };
    let Err(error) = connection.database.run_command(create).await else { return Ok(()) };
    Err(match code_of(&error) {
        Some(DUPLICATE) => {
            let index = missing.iter().filter(|wanted| wanted.unique);
            let named = index.map(|wanted| &wanted.name).find(|name| error.to_string().contains(&***name));
            MongoError::DuplicateRows {
                table: definition.name.to_owned(),
                index: named.cloned().unwrap_or_else(|| "a key".to_owned()),
                reason: "the server found duplicates while it built the index".to_owned(),
            }
        }
        Some(INDEX_OPTIONS_CONFLICT | INDEX_KEY_SPECS_CONFLICT) => {
            in_the_way(connection, definition, missing, error).await?
        }
        _ => MongoError::from(error),
    }
    .into())
}

/// The error for an index that has another name than ours and is in its way.
async fn in_the_way(
    connection: &Connection,
    definition: &TableDefinition,
    missing: &[Wanted],
    error: DriverError,
) -> Result<MongoError, MongoError> {
    let found = indexes(connection, definition).await?.unwrap_or_default();
    let conflicts = missing.iter().find_map(|wanted| {
        let keys = |index: &&Document| {
            index.get_document("key").is_ok_and(|keys| keys.keys().eq(wanted.keys.keys()))
                && !layout::wanted(definition)
                    .iter()
                    .any(|ours| index.get_str("name").is_ok_and(|name| name == ours.name))
        };
        found.iter().find(keys).map(|index| conflict(definition, index, wanted))
    });
    Ok(conflicts.unwrap_or_else(|| error.into()))
}

/// Puts the values of a key where its index looks for them, in documents that an older version of the model wrote: under an
/// alias of a field, or without a field that has a default. What they decode to stays the same.
async fn fill(connection: &Connection, definition: &TableDefinition, wanted: &Wanted) -> Result<(), MongoError> {
    let collection = connection.database.collection::<RawDocumentBuf>(definition.name);
    for position in &wanted.serves {
        let index = &definition.indexes[*position];
        for column in index.columns.iter().map(|column| &definition.columns[*column]) {
            let variants = definition.variants.iter().enumerate();
            for (_, variant) in variants.filter(|(at, _)| column.variant.is_none_or(|own| own == *at)) {
                let Some(stored) = Stored::of(variant.shape, &column.path) else { continue };
                for (length, crossing) in
                    stored.crossings.iter().enumerate().filter(|(_, crossing)| !crossing.field.is_plain())
                {
                    let mut way = Stored { crossings: stored.crossings.clone(), options: 0, leaf: stored.leaf };
                    way.crossings.truncate(length + 1);
                    let field = way.field();
                    let mut filter = doc! { &field: { "$exists": false } };
                    if let Some(names) = variant.discriminators {
                        filter.insert(layout::TYPE, layout::of_types(names));
                    }
                    let parent = field.rsplit_once('.').map_or("", |(parent, _)| parent);
                    let below = |alias: &&str| {
                        if parent.is_empty() { (*alias).to_owned() } else { format!("{parent}.{alias}") }
                    };
                    let aliases: Vec<_> = crossing.field.aliases.iter().map(below).collect();
                    let mut update = vec![doc! { "$set": { &field: expression::property(&way) } }];
                    if !aliases.is_empty() {
                        update.push(doc! { "$unset": aliases });
                    }
                    collection.update_many(filter, update).await?;
                }
            }
        }
    }
    Ok(())
}
