//! A first program, the query language, references, and transactions, chapter by chapter. All code in it is compiled and run.
//!
//! | chapter | |
//! | --- | --- |
//! | [`first`] | a first program: keys, a component, nested indexes, states of a derived and of a poly type |
//! | [`filters`] | selecting rows: comparisons, text, collections, maps, poly components, and how filters combine |
//! | [`poly`] | queries over a poly type and its derived types |
//! | [`pages`] | orders, windows, and pages that stay where they are |
//! | [`results`] | what a query returns: states, one state, some values, aggregates, groups |
//! | [`changes`] | updates and deletes by query, and patches of single properties |
//! | [`references`] | from one persistent to another, by key value: rows with what they refer to |
//! | [`transactions`] | writes that happen together or not at all, reads of one moment, and what to do after an error |
//! | [`plans`] | which index serves a query, and tests that fail if none does |
//!
//! The examples are about a library: a poly type `Item` with the derived types `Book` and `Film`.
//!
//! ```
#![doc = include_str!("../../doc/model.txt")]
//! ```
//!
//! `i`, `b` and `f` are the properties, `Item::props()` and so on; `items`, `books` and `films` the repositories.
//!
//! # Every form on every back end
//!
//! All forms mean the same on every back end, but the back ends find the rows differently. With `index`, an index on the
//! property finds them, if there is one. With `looks`, the back end looks at each row that the rest of the query leaves.
//!
#![doc = include_str!("forms.md")]

pub mod changes;
pub mod filters;
pub mod first;
pub mod pages;
pub mod plans;
pub mod poly;
pub mod references;
pub mod results;
pub mod transactions;
