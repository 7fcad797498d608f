//! Values in their stored form.
//!
//! * `document` is the user's value itself, behind a shared pointer.
//! * `key` is a value in core's binary form, which sorts as values do, for the indexes.

pub(crate) mod document;
pub(crate) mod key;
