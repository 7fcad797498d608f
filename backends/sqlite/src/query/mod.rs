//! Queries: from a predicate to SQL, and from SQLite's rows to an answer.

/// The columns that hold the properties of a query.
pub(crate) mod columns;
/// SQLite's plan for a query, in the words of `longevity-core`.
pub(crate) mod explain;
/// Predicates as SQL conditions.
pub(crate) mod filter;
/// Which of the declared indexes serve a query.
pub(crate) mod index_choice;
/// Reading some values of rows without the rest.
pub(crate) mod projection;
/// Reads that end before they return.
pub(crate) mod read;
#[cfg(test)]
mod statement_reuse_tests;
/// Streams of rows.
pub(crate) mod stream;
/// Queries as SQL statements.
pub(crate) mod translate;
#[cfg(test)]
mod whole_table_tests;
