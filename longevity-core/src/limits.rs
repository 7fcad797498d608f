//! What a query and a document may be at most, said once: the same on every back end.
//!
//! What is over a limit is refused before a back end sees it: a query with [`Error::QueryTooLarge`], a document with
//! [`Error::TooLarge`]. Nothing grows far beyond them while it is built, so that whatever a caller builds ends in an answer
//! or in an error, on a small stack too. A store may have narrower limits of its own for what is unusual, and refuses it
//! alike: MongoDB's are [in its documentation](https://www.mongodb.com/docs/manual/reference/limits/).
//!
//! [`Error::QueryTooLarge`]: crate::Error::QueryTooLarge
//! [`Error::TooLarge`]: crate::Error::TooLarge

/// The levels of a filter. A question is one; conjunction, disjunction and negation are one more than the deepest of their
/// parts. What is directly in its like takes no level of its own: `a & b & c` has two, however many there are, and `!!a` one.
pub const FILTER_LEVELS: usize = 50;

/// The properties of an order, each counted once: MongoDB sorts by 32 fields, and the last of them is the row's id.
pub const ORDER_PROPERTIES: usize = 31;

/// The levels of arrays and objects in a document, the document itself among them, which are those that MongoDB
/// [stores](https://www.mongodb.com/docs/manual/reference/limits/#mongodb-limit-Nested-Depth-for-BSON-Documents). No property
/// is further down, and no operand has more.
pub const DOCUMENT_LEVELS: usize = 100;
