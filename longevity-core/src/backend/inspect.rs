//! What a store keeps beside the documents of rows, and may have wrong after another program has changed the store.

use crate::row::RowId;

/// A part of a table that was [inspected](crate::backend::Backend::inspect).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The rows with a value that is not the one in their document, each with the name of that value, such as that of a column.
    pub differing: Vec<(RowId, String)>,
    /// The last row that was looked at; `None` if there are no more rows.
    pub last: Option<RowId>,
}

/// An index whose entries are not those of the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenIndex {
    /// The index's name.
    pub name: String,
    /// What is wrong, as the store says it.
    pub problem: String,
}
