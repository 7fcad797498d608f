//! Names that MongoDB allows.

use longevity_core::table::TableDefinition;

use crate::error::MongoError;

/// The maximum length of the names of a database and a collection together, in bytes.
const MAX_NAMESPACE: usize = 255;

/// Fails if [a database cannot have this name](https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions).
pub(crate) fn ensure_database(name: &str) -> Result<(), MongoError> {
    let refused = |reason| Err(forbidden(name, "database", reason));
    if name.is_empty() || name.len() > 63 {
        return refused("it must have 1 to 63 bytes");
    }
    if is_the_servers(name) {
        return refused("MongoDB reserves it");
    }
    if name.contains(|character: char| "/\\. \"$*<>:|?\0".contains(character)) {
        return refused(
            "it contains a slash, a backslash, a dot, a space, a quote, `$`, `*`, `<`, `>`, `:`, `|` or `?`",
        );
    }
    Ok(())
}

/// Whether the server reserves the name for a database of its own.
pub(crate) fn is_the_servers(name: &str) -> bool {
    matches!(name, "admin" | "config" | "local")
}

/// Fails if a collection cannot have the name of the table.
pub(crate) fn ensure_collection(database: &str, definition: &TableDefinition) -> Result<(), MongoError> {
    let name = &*definition.name;
    let refused = |reason| Err(forbidden(name, "collection", reason));
    if name.starts_with("system.") || name == "system" {
        return refused("MongoDB reserves `system`: give the type another name with `#[persistent(table = \"..\")]`");
    }
    if name.is_empty() || name.contains(['$', '\0']) {
        return refused(
            "it is empty or contains a `$`: give the type another name with `#[persistent(table = \"..\")]`",
        );
    }
    if database.len() + 1 + name.len() > MAX_NAMESPACE {
        return refused(
            "together with the name of the database it has more than 255 bytes: give the type a shorter name with `#[persistent(table = \"..\")]`",
        );
    }
    Ok(())
}

fn forbidden(name: &str, kind: &'static str, reason: &'static str) -> MongoError {
    MongoError::ForbiddenName { what: format!("{name:?}"), kind, reason }
}
