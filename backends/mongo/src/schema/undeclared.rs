//! Keys that another version of the model created, and that this one does not declare: they hold until they are dropped.

use longevity_core::table::TableDefinition;
use mongodb::bson::{Bson, Document, doc};

use crate::connection::client::Connection;
use crate::error::MongoError;
use crate::schema::create;
use crate::schema::layout::TYPE;
use crate::table::Ready;

/// The names of the keys of this model's rows that it does not declare.
pub(crate) async fn undeclared(table: &Ready) -> Result<Vec<String>, MongoError> {
    let found = create::indexes(&table.connection, &table.definition).await?.unwrap_or_default();
    let undeclared = found.iter().filter(|index| is_undeclared(table, index));
    Ok(undeclared.filter_map(|index| index.get_str("name").ok()).map(str::to_owned).collect())
}

/// Drops the same.
pub(crate) async fn drop_undeclared(table: &Ready) -> Result<Vec<String>, MongoError> {
    let names = undeclared(table).await?;
    for name in &names {
        drop_index(&table.connection, &table.definition, name).await?;
    }
    Ok(names)
}

async fn drop_index(connection: &Connection, definition: &TableDefinition, name: &str) -> Result<(), MongoError> {
    let command = doc! { "dropIndexes": &*definition.name, "index": name, "writeConcern": { "w": "majority" } };
    connection.run(command).await.map(drop).map_err(MongoError::of_write)
}

fn is_undeclared(table: &Ready, index: &Document) -> bool {
    let unique = index.get_bool("unique").unwrap_or(false);
    let Ok(name) = index.get_str("name") else { return false };
    let Ok(fields) = index.get_document("key") else { return false };
    let fields: Vec<_> = fields.keys().cloned().collect();
    let names = discriminators(index);
    unique
        && is_ours(&table.definition, name)
        && knows(&table.definition, names.as_deref())
        // With other aliases of a variant, a key has another name, and is the same.
        && !declares(table, &fields, names.as_deref())
}

/// Whether an index of this name is one that longevity makes for a key.
pub(crate) fn is_ours(definition: &TableDefinition, name: &str) -> bool {
    let rest = name.strip_prefix(&*definition.name).and_then(|rest| rest.strip_prefix('.'));
    rest.is_some_and(|rest| rest.ends_with(".key") || rest.contains(".key of "))
}

fn knows(definition: &TableDefinition, names: Option<&[String]>) -> bool {
    let names: Option<Vec<_>> = names.map(|names| names.iter().map(String::as_str).collect());
    definition.knows(names.as_deref())
}

/// Whether the model has a key on these fields, of some of the rows.
fn declares(table: &Ready, fields: &[String], names: Option<&[String]>) -> bool {
    match names {
        Some(names) => names.iter().any(|name| table.key_on(fields, Some(name)).is_some()),
        None => {
            let all = table.definition.discriminators().map(Some).chain([None]);
            let mut all = all.filter(|name| name.is_some() || !table.has_type());
            all.any(|name| table.key_on(fields, name).is_some())
        }
    }
}

/// The discriminators of a partial index, as we make them.
fn discriminators(index: &Document) -> Option<Vec<String>> {
    let condition = index.get_document("partialFilterExpression").ok()?.get(TYPE)?;
    let list = match condition {
        Bson::String(name) => return Some(vec![name.clone()]),
        Bson::Document(condition) => condition.get_array("$in").ok()?,
        _ => return None,
    };
    Some(list.iter().filter_map(Bson::as_str).map(str::to_owned).collect())
}
