//! The vocabulary of longevity: persistent types, repositories, queries, and the interface that a back end implements.
//! Users depend on the `longevity` crate, which re-exports what they need.
//!
//! # Values
//!
//! What is stored comes back bit for bit, and a query answers the same on every back end. These rules are core's; a back
//! end translates them.
//!
//! * Integers have the full range of `i64` and `u64`; 128-bit integers are not storable.
//! * Floats keep every bit, NaN and `-0.0` included. In a comparison `-0.0` equals `0.0`; NaN equals NaN, and is neither
//!   less nor greater than any number. In an order NaN comes before all numbers.
//! * Text and bytes compare byte by byte, not by locale. The empty string is not `None`.
//! * `None` is a value: `eq(None)` matches it and `ne(x)` does too; the comparisons of order do not. It sorts first.
//! * Logic is two-valued. In a query over a poly type, a derived type's property is false on every other variant's row,
//!   whatever the comparison, and `!` negates that.
//! * Timestamps keep nanoseconds and sort in time; see [`Timestamp`].
//! * A component compares field by field, a set or a map without regard to the order of its elements.

#[macro_use]
mod tuples;

#[cfg(feature = "blocking")]
pub mod blocking;

pub mod backend;
mod block_on;
mod compile;
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
pub use error::{BoxError, Error, ErrorKind, Result};
pub use explain::{Access, Explanation};
pub use model::{DomainModel, InModel, ModelBuilder, Root, has_table_of_its_own};
pub use options::Options;
pub use persistent::{
    DerivedFrom, HasVariant, KeyFor, KeyVal, KeyValOf, PersistentStruct, PersistentType, RootType, VariantsOf,
};
pub use query::{CombinesWith, Filter, FiltersRowsOf, Operand, Order, Patch, Query};
pub use repo::{Groups, PStates, Page, Repo, Retrieval, WriteError};
pub use row::{Row, RowContent, RowId};
pub use state::PState;
pub use storable::{FieldAccess, HasField, Prop, Storable};
pub use store::{Longevity, OpenTransaction, Snapshot, Transaction};
pub use value::{Bytes, ParseTimestampError, Path, Step, Timestamp, Value, ValueRef, hash_name};
