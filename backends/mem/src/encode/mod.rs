//! Values as they are stored.
//!
//! * `document` the user's value itself, behind a shared pointer.
//! * `key` values in core's binary form, which sorts as they do, for the indexes.

pub(crate) mod document;
pub(crate) mod key;
