//! How documents, values and rows are stored and read back.

/// The form that a value has in a column.
pub(crate) mod column_value;
/// The document, as JSON text.
pub(crate) mod document;
/// Properties that have no column.
pub(crate) mod property;
/// The columns that every row has, and how a row is read.
pub(crate) mod row;
/// The SQL functions that read properties out of documents.
pub(crate) mod sql_functions;
