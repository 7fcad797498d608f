//! One domain model per file, each about one topic.
#![allow(clippy::duplicated_attributes, reason = "takes a property in two indexes for a mistake")]
#![allow(missing_docs, reason = "the names of test models say what they are")]

pub mod basics;
pub mod blogging;
pub mod collections;
pub mod components;
pub mod constrained;
pub mod generics;
pub mod indexes;
pub mod keys;
pub mod keywords;
pub mod modules;
pub mod poly;
pub mod poly_inline;
pub mod poly_keys;
pub mod primary_keys;
pub mod queries;
pub mod references;
pub mod renames;
