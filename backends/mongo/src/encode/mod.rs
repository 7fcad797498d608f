//! The encoding: how values, properties and rows are stored in BSON documents.
//!
//! - [`document`]: the encoded document, [`MongoDocument`](document::MongoDocument).
//! - [`elements`]: the fields of the elements of lists and sets.
//! - [`expression`]: aggregation expressions that read a property wherever a document has it.
//! - [`format`]: BSON as a format of core's encoding.
//! - [`location`]: where a document has the value of a property.
//! - [`own_fields`]: the names of longevity's own fields in a document.
//! - [`property`]: the locations of a property in all types of a table.
//! - [`row`]: a row as a stored document, with longevity's own fields.
//! - [`row_id`]: object ids, and the row ids that they stand for.
//! - [`shape`]: what the shape of a type says about how its values are stored.
//! - [`values`]: single values as BSON, for filters and updates.

pub(crate) mod document;
pub(crate) mod elements;
pub(crate) mod expression;
pub(crate) mod format;
pub(crate) mod location;
pub(crate) mod own_fields;
pub(crate) mod property;
pub(crate) mod row;
pub(crate) mod row_id;
pub(crate) mod shape;
pub(crate) mod values;
