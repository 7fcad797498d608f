//! What a query of some rows has to give.

use longevity_core::Value;
use longevity_core::backend::Select;

use crate::untyped::Read;

/// The results of a query of some rows.
pub(super) struct Meant {
    /// As the repository is asked.
    pub(super) select: Select,
    /// The positions of the rows, in their order, without a window.
    pub(super) all: Vec<usize>,
    /// Those that the window shows.
    pub(super) window: Vec<usize>,
    /// What is read of them.
    pub(super) readings: Vec<Reading>,
    /// The name of each row's type.
    pub(super) types: Vec<&'static str>,
}

/// A property that is read, and its value in each row.
pub(super) struct Reading {
    pub(super) read: Read,
    pub(super) values: Vec<Value>,
}
