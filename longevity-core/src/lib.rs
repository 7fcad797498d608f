//! The vocabulary of longevity: persistent types, repositories, queries, and the interface that a back end implements. Users
//! depend on the `longevity` crate, which re-exports what they need.
//!
//! # Values
//!
//! Values come back from the store bit for bit, and a query has the same result on every back end. These rules are core's; a
//! back end translates them.
//!
//! * Integers have the full range of `i64` and `u64`; 128-bit integers are not storable.
//! * Floats keep every bit, NaN and `-0.0` included. In a comparison `-0.0` equals `0.0`; NaN equals NaN, and is neither less
//!   nor greater than any number. In an order NaN comes before all numbers.
//! * Text and bytes compare byte by byte, not by locale. The empty string is not `None`.
//! * `None` is a value. `eq(None)` and `ne(x)` match it; the order comparisons do not. It sorts first.
//! * Logic is two-valued. In a query over a poly type, every comparison of a derived type's property is false on the rows of
//!   other variants, and `!` negates that.
//! * Timestamps keep nanoseconds and sort by time; see [`Timestamp`].
//! * Components are compared field by field; sets and maps are compared regardless of the order of their elements.

#[macro_use]
mod tuples;

#[cfg(feature = "blocking")]
pub mod blocking;

pub mod backend;
mod block_on;
mod compile;
pub mod damage;
pub mod definition;
pub mod description;
pub mod document;
pub mod encoding;
mod engine;
mod error;
mod explain;
pub mod limits;
mod model;
mod options;
mod persistent;
pub mod query;
mod repo;
mod row;
mod scope;
mod select;
mod shape;
mod state;
pub mod storable;
mod store;
pub mod table;
pub mod value;

pub use block_on::block_on;
pub use document::Encodable;
pub use error::{BoxError, Dangling, Error, ErrorKind, Result};
pub use explain::{Access, Explanation};
pub use model::{DomainModel, InModel, ModelBuilder, Root, has_its_targets, has_table_of_its_own};
#[doc(hidden)]
pub use model::{RootVisitor, is_referred_to, refers};
pub use options::Options;
#[doc(hidden)]
pub use persistent::ReferenceTo;
pub use persistent::{
    DerivedFrom, HasVariant, KeyFor, KeyVal, KeyValOf, PersistentStruct, PersistentType, Reference, RootType,
    VariantsOf,
};
pub use query::{CombinesWith, Filter, FiltersRowsOf, Operand, Order, Patch, Query};
pub use repo::{
    Deleted, Groups, PStates, Page, References, Referrers, Refers, Repo, Retrieval, WithTargets, WriteError,
};
pub use row::{Row, RowContent, RowId};
pub use state::PState;
pub use storable::{FieldAccess, HasField, Prop, Storable};
pub use store::{FixSummary, Fixing, Longevity, OpenTransaction, Snapshot, Transaction, Verification};
pub use value::{Bytes, ParseTimestampError, Path, Step, Timestamp, Value, ValueRef, hash_name};
