//! The expected results of a query over some rows.

use longevity_core::Value;
use longevity_core::backend::Select;

use crate::untyped::ReadProperty;

/// The results of a query of some rows.
pub(super) struct ExpectedResults {
    /// The query that the repository gets.
    pub(super) select: Select,
    /// The positions of the rows, in their order, without a window.
    pub(super) all: Vec<usize>,
    /// The positions of the rows that the window shows.
    pub(super) window: Vec<usize>,
    /// The properties that are read.
    pub(super) readings: Vec<Reading>,
    /// The name of each row's type.
    pub(super) types: Vec<&'static str>,
}

/// A property that is read, and its value in each row.
pub(super) struct Reading {
    pub(super) read: ReadProperty,
    pub(super) values: Vec<Value>,
}
