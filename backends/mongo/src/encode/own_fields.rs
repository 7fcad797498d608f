//! The names of longevity's own fields, which come first in a stored document.

pub(crate) const ID: &str = "_id";
pub(crate) const TYPE: &str = "_type";
pub(crate) const VERSION: &str = "_version";
pub(crate) const CREATED_AT: &str = "_created_at";
pub(crate) const UPDATED_AT: &str = "_updated_at";
/// How often a reference to the row was made. Present in tables to which references with integrity lead.
pub(crate) const REFERENCES: &str = "_references";
