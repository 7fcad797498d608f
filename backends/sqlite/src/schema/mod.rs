//! The schema of a table: names, columns, indexes and checks, and how `create_schema` completes what a database has.

/// The check that each table has.
pub(crate) mod checks;
/// Creating tables, and adding what they lack.
pub(crate) mod create;
/// Filling added columns from the documents.
pub(crate) mod fill;
/// The table that a definition becomes.
pub(crate) mod layout;
/// Identifiers and literals in SQL.
pub(crate) mod names;
/// The statements whose text depends on the table alone.
pub(crate) mod statements;
/// Keys that the model does not declare.
pub(crate) mod undeclared;
