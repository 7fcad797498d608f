//! Names that MongoDB allows.

use longevity_core::table::TableDefinition;

use crate::error::MongoError;

/// The bytes of a database's and a collection's name together.
const MAX_NAMESPACE: usize = 255;

/// Fails if the [database cannot be named](https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions) so.
pub(crate) fn ensure_database(name: &str) -> Result<(), MongoError> {
    let refused = |reason| Err(forbidden(name, "database", reason));
    if name.is_empty() || name.len() > 63 {
        return refused("it has to have 1 to 63 bytes");
    }
    if is_the_servers(name) {
        return refused("MongoDB keeps it for itself");
    }
    if name.contains(|character: char| "/\\. \"$*<>:|?\0".contains(character)) {
        return refused("a slash, a backslash, a dot, a blank, a quote, `$`, `*`, `<`, `>`, `:`, `|` or `?` is in it");
    }
    Ok(())
}

/// Whether the server keeps the database for itself.
pub(crate) fn is_the_servers(name: &str) -> bool {
    matches!(name, "admin" | "config" | "local")
}

/// Fails if the collection of a table cannot have the table's name.
pub(crate) fn ensure_collection(database: &str, definition: &TableDefinition) -> Result<(), MongoError> {
    let name = &*definition.name;
    let refused = |reason| Err(forbidden(name, "collection", reason));
    if name.starts_with("system.") || name == "system" {
        return refused("MongoDB keeps `system` for itself: give the type another by `#[persistent(table = \"..\")]`");
    }
    if name.is_empty() || name.contains(['$', '\0']) {
        return refused("it is empty, or has a `$` in it: give the type another by `#[persistent(table = \"..\")]`");
    }
    if database.len() + 1 + name.len() > MAX_NAMESPACE {
        return refused(
            "with the database's name it has more than 255 bytes: give the type a shorter one by `#[persistent(table = \"..\")]`",
        );
    }
    Ok(())
}

fn forbidden(name: &str, kind: &'static str, reason: &'static str) -> MongoError {
    MongoError::ForbiddenName { what: format!("{name:?}"), kind, reason }
}
