//! A slice of the wide model: 4 derived types in two poly types, 30 components, 16 enums.
#![allow(missing_docs, clippy::large_enum_variant, reason = "generated, in the form in which users usually write it")]

include!(concat!(env!("OUT_DIR"), "/model.rs"));
