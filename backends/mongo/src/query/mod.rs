//! Queries: their translation into MongoDB's language, and how they run.
//!
//! - [`cursor`]: the server's cursor, one batch at a time.
//! - [`equality`]: equality as an aggregation expression.
//! - [`explain`]: the server's plan of a query.
//! - [`filter`]: predicates as filters.
//! - [`limits`]: limits of the server on the depth of a query.
//! - [`read`]: look-ups by key, queries, counts.
//! - [`stream`]: a query as a stream of rows.
//! - [`text`]: tests of text as regular expressions and as aggregation expressions.
//! - [`translate`]: whole queries: filter, order, page, projection.

pub(crate) mod cursor;
pub(crate) mod equality;
pub(crate) mod explain;
pub(crate) mod filter;
pub(crate) mod limits;
pub(crate) mod read;
pub(crate) mod stream;
pub(crate) mod text;
pub(crate) mod translate;
