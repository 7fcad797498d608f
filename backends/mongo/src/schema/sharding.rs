//! Sharded clusters: the fields by which rows are distributed, and the keys that can be enforced.

#[cfg(test)]
mod tests;

use longevity_core::table::TableDefinition;
use mongodb::bson::{Document, doc};

use crate::connection::client::Connection;
use crate::error::MongoError;
use crate::schema::layout::{self, Wanted};

/// The indexes that the server can have. On a cluster, a key that does not begin with the fields by which rows are distributed
/// would be unique only within each shard, so the server refuses it. Such a key is an error, or an ordinary index if the user
/// accepts that.
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

/// Shards the collection if the type has a primary key and the server is a cluster.
pub(crate) async fn shard(connection: &Connection, definition: &TableDefinition) -> Result<(), MongoError> {
    let Some(command) = sharding(connection.database.name(), definition) else { return Ok(()) };
    if !connection.is_cluster {
        tracing::info!(
            table = &*definition.name,
            "not sharded because the server is not a cluster; the index of the primary key exists"
        );
        return Ok(());
    }
    // With the same key again, the command does nothing.
    connection.run_in(&connection.client.database("admin"), command).await.map_err(MongoError::of_write)?;
    tracing::info!(table = &*definition.name, "sharded by its primary key");
    Ok(())
}

/// The command that shards the collection; `None` if the type has no primary key.
fn sharding(database: &str, definition: &TableDefinition) -> Option<Document> {
    let key = layout::shard_key(definition)?;
    Some(doc! { "shardCollection": format!("{database}.{}", definition.name), "key": key })
}
