//! The names of longevity's own fields, which come first in a stored document.

pub(crate) const ID: &str = "_id";
pub(crate) const TYPE: &str = "_type";
pub(crate) const VERSION: &str = "_version";
pub(crate) const CREATED_AT: &str = "_created_at";
pub(crate) const UPDATED_AT: &str = "_updated_at";
/// A mark that is changed when a reference to the row is made, so that a delete conflicts. Its value means nothing. Only tables to
/// which references with integrity lead have it.
pub(crate) const REFERENCES: &str = "_references";
