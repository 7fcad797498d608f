//! Sharded clusters: by which fields rows are spread, and which keys can be enforced then.

#[cfg(test)]
mod tests;

use longevity_core::table::TableDefinition;
use mongodb::bson::{Document, doc};

use crate::connection::client::Connection;
use crate::error::MongoError;
use crate::schema::layout::{self, Wanted};

/// The indexes as the server can have them: on a cluster, keys that do not begin with the fields by which rows are spread are
/// unique on each shard alone, which the server refuses; they are an error, or ordinary indexes if the user accepts that.
pub(crate) fn enforceable(
    connection: &Connection,
    definition: &TableDefinition,
    wanted: Vec<Wanted>,
) -> Result<Vec<Wanted>, MongoError> {
    if !connection.is_cluster {
        return Ok(wanted);
    }
    let accepted = |name: &str| connection.settings.unenforced.contains(name);
    enforceable_on_a_cluster(definition, wanted, accepted)
}

fn enforceable_on_a_cluster(
    definition: &TableDefinition,
    wanted: Vec<Wanted>,
    accepted: impl Fn(&str) -> bool,
) -> Result<Vec<Wanted>, MongoError> {
    let Some(spread) = layout::shard_key(definition) else { return Ok(wanted) };
    let mut refused = Vec::new();
    let wanted = wanted.into_iter().map(|wanted| {
        let enforced = wanted.keys.keys().take(spread.len()).eq(spread.keys());
        if !wanted.unique || enforced {
            return wanted;
        }
        for position in &wanted.serves {
            let index = &definition.indexes[*position];
            let name = format!("{}.{}", index.declared_by, index.property());
            if !accepted(&name) {
                refused.push(name);
            }
        }
        Wanted { unique: false, ..wanted }
    });
    let wanted: Vec<_> = wanted.collect();
    if refused.is_empty() {
        return Ok(wanted);
    }
    let by: Vec<_> = spread.keys().map(String::as_str).collect();
    Err(MongoError::Unenforceable { keys: refused.join(", "), by: by.join(", ") })
}

/// Spreads the collection over the shards, if the type has a primary key and the server has shards.
pub(crate) async fn shard(connection: &Connection, definition: &TableDefinition) -> Result<(), MongoError> {
    let Some(command) = sharding(connection.database.name(), definition) else { return Ok(()) };
    if !connection.is_cluster {
        tracing::info!(
            table = &*definition.name,
            "not sharded: the server is no cluster; the index of the primary key is there"
        );
        return Ok(());
    }
    // Again with the same key, it does nothing.
    connection.run_in(&connection.client.database("admin"), command).await.map_err(MongoError::of_write)?;
    tracing::info!(table = &*definition.name, "sharded by its primary key");
    Ok(())
}

/// The command; `None` if the type has no primary key.
fn sharding(database: &str, definition: &TableDefinition) -> Option<Document> {
    let key = layout::shard_key(definition)?;
    Some(doc! { "shardCollection": format!("{database}.{}", definition.name), "key": key })
}
