//! Keys that another version of the model created and that this version does not declare. They are enforced until they are
//! dropped.

use longevity_core::table::TableDefinition;
use mongodb::bson::{Bson, Document, doc};

use crate::connection::client::Connection;
use crate::encode::own_fields::TYPE;
use crate::error::MongoError;
use crate::schema::indexes;
use crate::schema::layout::{Wanted, key_on};

/// The names of the undeclared keys that cover rows of this model.
pub(crate) async fn undeclared(
    connection: &Connection,
    definition: &TableDefinition,
    wanted: &[Wanted],
) -> Result<Vec<String>, MongoError> {
    let found = indexes::indexes(connection, definition).await?.unwrap_or_default();
    let undeclared = found.iter().filter(|index| is_undeclared(definition, wanted, index));
    Ok(undeclared.filter_map(|index| index.get_str("name").ok()).map(str::to_owned).collect())
}

/// Drops the undeclared keys, and returns their names.
pub(crate) async fn drop_undeclared(
    connection: &Connection,
    definition: &TableDefinition,
    wanted: &[Wanted],
) -> Result<Vec<String>, MongoError> {
    let names = undeclared(connection, definition, wanted).await?;
    for name in &names {
        drop_index(connection, definition, name).await?;
    }
    Ok(names)
}

async fn drop_index(connection: &Connection, definition: &TableDefinition, name: &str) -> Result<(), MongoError> {
    let command = doc! { "dropIndexes": &*definition.name, "index": name, "writeConcern": { "w": "majority" } };
    connection.run(command).await.map(drop).map_err(MongoError::of_write)
}

fn is_undeclared(definition: &TableDefinition, wanted: &[Wanted], index: &Document) -> bool {
    let unique = index.get_bool("unique").unwrap_or(false);
    let Ok(name) = index.get_str("name") else { return false };
    let Ok(fields) = index.get_document("key") else { return false };
    let fields: Vec<_> = fields.keys().cloned().collect();
    let names = discriminators(index);
    unique
        && is_ours(definition, name)
        && knows(definition, names.as_deref())
        // If a variant has other aliases, the same key has another name.
        && !declares(definition, wanted, &fields, names.as_deref())
}

/// Whether longevity gives a key an index of this name.
pub(crate) fn is_ours(definition: &TableDefinition, name: &str) -> bool {
    let rest = name.strip_prefix(&*definition.name).and_then(|rest| rest.strip_prefix('.'));
    rest.is_some_and(|rest| rest.ends_with(".key") || rest.contains(".key of "))
}

fn knows(definition: &TableDefinition, names: Option<&[String]>) -> bool {
    let names: Option<Vec<_>> = names.map(|names| names.iter().map(String::as_str).collect());
    definition.knows(names.as_deref())
}

/// Whether the model has a key on these fields for some of the rows.
fn declares(definition: &TableDefinition, wanted: &[Wanted], fields: &[String], names: Option<&[String]>) -> bool {
    match names {
        Some(names) => names.iter().any(|name| key_on(definition, wanted, fields, Some(name)).is_some()),
        None => {
            let all = definition.discriminators().map(Some).chain([None]);
            let mut all = all.filter(|name| name.is_some() || definition.discriminators().next().is_none());
            all.any(|name| key_on(definition, wanted, fields, name).is_some())
        }
    }
}

/// The discriminators in the condition of a partial index that longevity created.
fn discriminators(index: &Document) -> Option<Vec<String>> {
    let condition = index.get_document("partialFilterExpression").ok()?.get(TYPE)?;
    let list = match condition {
        Bson::String(name) => return Some(vec![name.clone()]),
        Bson::Document(condition) => condition.get_array("$in").ok()?,
        _ => return None,
    };
    Some(list.iter().filter_map(Bson::as_str).map(str::to_owned).collect())
}
