//! The encoding of documents that all stores with serde share: an adapter around the store's serializer and deserializer, which
//! [`document`](crate::document) applies.
//!
//! Users' types are serialized in their own serde form. The adapter changes the parts that the store's format would lose, or
//! that are stored under another name. These are the rules for [`Json`], at every depth; another [`Format`] may have forms of
//! its own for some of them:
//!
//! | Rust | document |
//! | --- | --- |
//! | a field | under its stored name |
//! | `f32`, `f64` | a number, `f32` widened; `"inf"`, `"-inf"`, `"NaN"`, and `"NaN:7ff8000000000001"` with the bits of another NaN |
//! | `u64`, `usize` | a number; above `i64::MAX`, text of twenty digits, which sorts after all numbers |
//! | [`Bytes`](crate::Bytes) | lower-case hexadecimal text, which sorts as the bytes do |
//! | UUID, [`Timestamp`](crate::Timestamp), `char`, a choice | text |
//! | `None`, `Some(x)` | `null`, `x` |
//! | `Some(None)`, `Some(Some(x))`, also with a newtype between | `{"$some": null}`, `{"$some": x}` |
//! | a struct | an object, even without fields |
//! | a map whose keys are choices, or scalars other than floats | an object with its keys as text |
//! | any other map | an array of `[key, value]` |
//! | a poly component | `{"Variant": held}`, `"Unit"` |
//!
//! [`PropertyReader`] reads single values out of documents without knowing the type.
//!
//! # Map
//!
//! `format` has the differences between formats. `layout` knows the structure of a type, `text` the text of values that a
//! format has no form for, and `floats` how wide floats are. Encoding is in `encoder`, in `compound` for values with more than
//! one part, in `encode_key`, and in `encode_own` for basic types of longevity in formats that have forms for them. Decoding is
//! in `decoder`, `visitors`, `maps`, `scalars` and `decode_key`; `locate` finds where it fails. `reader` finds a property,
//! `values` reads it, `projection` finds several in any variant, `from_value` turns a value into the user's type, and `levels`
//! computes the depth of its document.

mod compound;
mod decode_key;
mod decoder;
mod encode_key;
mod encode_own;
mod encoder;
mod floats;
mod format;
mod from_value;
mod layout;
mod levels;
mod locate;
mod maps;
mod projection;
mod reader;
mod scalars;
mod text;
mod values;
mod visitors;

use std::cell::Cell;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::BoxError;

#[doc(hidden)]
pub use format::{Format, Json};
pub(crate) use from_value::from_value_as;
#[doc(hidden)]
pub use layout::{Plan, PlanCell, is_object_key, plan};
pub use levels::too_deep;
pub(crate) use levels::{levels_of, may_be_too_deep};
pub use locate::Place;
pub(crate) use locate::locating;
pub use projection::Projection;
pub use reader::PropertyReader;

/// The reason why a value was not encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError<E> {
    /// The document would have more levels of arrays and objects than the store reads.
    #[error("the value is nested deeper than the {max_depth} levels that a document may have")]
    TooDeep {
        /// The greatest number of levels.
        max_depth: usize,
    },
    /// The store's serializer or the user's `Serialize` failed.
    #[error(transparent)]
    Format(#[from] E),
}

/// The error for a document that does not decode.
#[derive(Debug)]
pub struct DecodeError {
    /// The path to the value that does not fit, empty if it is the whole document.
    pub path: String,
    /// The reason why it does not fit.
    pub source: BoxError,
}

/// Serializes a document of a type with this plan.
pub(crate) fn serialize_as<F: Format, T: Serialize, S: Serializer>(
    plan: Option<Plan>,
    value: &T,
    serializer: S,
    max_depth: usize,
) -> Result<S::Ok, EncodeError<S::Error>> {
    let too_deep = Cell::new(false);
    let place = encoder::Place::root(plan.map(|plan| plan.0), max_depth, &too_deep);
    let result = encoder::Placed::<F, T>::new(value, &place).serialize(serializer);
    // The user's `Serialize` may have swallowed the error.
    if too_deep.get() { Err(EncodeError::TooDeep { max_depth }) } else { result.map_err(EncodeError::Format) }
}

/// Deserializes a document of a type with this plan.
pub(crate) fn deserialize_as<'de, F: Format, T: Deserialize<'de>, D: Deserializer<'de>>(
    plan: Option<Plan>,
    deserializer: D,
) -> Result<T, D::Error> {
    T::deserialize(decoder::Decoder::<F, D>::new(deserializer, plan.map(|plan| plan.0)))
}
