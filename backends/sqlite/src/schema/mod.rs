//! The schema of a table: its columns, checks and indexes, and how `create_schema` completes what a database has.

/// The check that each table has.
pub(crate) mod checks;
/// The columns for keys and indexes.
pub(crate) mod column;
/// What a database has of a table, compared with what the model needs.
pub(crate) mod comparison;
/// Creating tables, and adding what they lack.
pub(crate) mod create;
/// Filling added columns from the documents.
pub(crate) mod fill;
/// Foreign keys.
pub(crate) mod foreign;
/// What a table keeps beside its documents, compared with them.
pub(crate) mod inspect;
/// Where values are in a document, in SQL.
pub(crate) mod json;
/// Where a table has key values and elements.
pub(crate) mod key_values;
/// The table that a definition becomes.
pub(crate) mod layout;
/// Identifiers and literals in SQL.
pub(crate) mod names;
/// A table whose schema was read.
pub(crate) mod ready_table;
/// How references are enforced.
pub(crate) mod references;
/// Tables beside a table, which its triggers keep.
pub(crate) mod side_table;
/// The text of statements that create tables.
pub(crate) mod statement_text;
/// The statements whose text depends on the table alone.
pub(crate) mod statements;
/// Keys that the model does not declare.
pub(crate) mod undeclared;
