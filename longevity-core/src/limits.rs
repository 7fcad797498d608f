//! The limits of queries and documents, which are the same on every back end.
//!
//! Anything over a limit is refused before a back end sees it: a query with [`Error::QueryTooLarge`], a document with
//! [`Error::TooLarge`]. Queries and documents do not grow far beyond the limits while they are built, so that everything a
//! caller builds ends in an answer or an error, even on a small stack. A store may have narrower limits in unusual cases, which
//! it reports with the same errors. MongoDB's limits are [in its
//! documentation](https://www.mongodb.com/docs/manual/reference/limits/).
//!
//! [`Error::QueryTooLarge`]: crate::Error::QueryTooLarge
//! [`Error::TooLarge`]: crate::Error::TooLarge

/// The levels of a filter. A comparison is one level; conjunction, disjunction and negation add one to the deepest of their
/// parts. An operation directly within one of the same kind adds no level: `a & b & c` has two, whatever the number of parts,
/// and `!!a` has one.
pub const FILTER_LEVELS: usize = 50;

/// The properties of an order, each counted once. MongoDB sorts by at most 32 fields, and the row's id is one of them.
pub const ORDER_PROPERTIES: usize = 31;

/// The levels of arrays and objects in a document, including the document itself. It is the depth that MongoDB
/// [stores](https://www.mongodb.com/docs/manual/reference/limits/#mongodb-limit-Nested-Depth-for-BSON-Documents). No property
/// is deeper, and no operand has more levels.
pub const DOCUMENT_LEVELS: usize = 100;
