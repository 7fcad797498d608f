//! Queries: their translation into MongoDB's language, and how they run.
//!
//! - [`combine`]: filters made of filters.
//! - [`contains`]: conditions on the elements of lists, sets and maps.
//! - [`cursor`]: the server's cursor, one batch at a time.
//! - [`equal_field`]: equality of a field by a filter's operators.
//! - [`equality`]: equality as an aggregation expression.
//! - [`explain`]: the server's plan of a query.
//! - [`filter`]: predicates as filters.
//! - [`limits`]: limits of the server on the depth of a query.
//! - [`read`]: look-ups by key, queries, counts.
//! - [`stream`]: a query as a stream of rows.
//! - [`text`]: tests of text as regular expressions and as aggregation expressions.
//! - [`translate`]: whole queries: filter, order, page, projection.

pub(crate) mod combine;
pub(crate) mod contains;
pub(crate) mod cursor;
pub(crate) mod equal_field;
pub(crate) mod equality;
pub(crate) mod explain;
pub(crate) mod filter;
pub(crate) mod limits;
pub(crate) mod read;
pub(crate) mod stream;
pub(crate) mod text;
pub(crate) mod translate;
