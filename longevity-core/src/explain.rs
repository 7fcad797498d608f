//! How a query is answered.

use std::fmt;

/// How a back end answers a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What finds the rows.
    pub access: Access,
    /// Whether the rows come in order, so that nothing is sorted.
    pub ordered_by_access: bool,
    /// The table.
    pub table: &'static str,
    /// What the back end itself says, if it says more.
    pub details: Option<String>,
}

/// What finds the rows of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// A key or an index, by its name.
    Index {
        /// The name.
        name: String,
        /// How many of its leading columns are fixed by equality.
        equal_columns: usize,
        /// Whether the next column is bounded by a range.
        range: bool,
    },
    /// Every row of the table.
    Scan,
    /// No row can match, so none is read.
    Nothing,
}

impl Explanation {
    /// The index that serves the query.
    pub fn index(&self) -> Option<&str> {
        match &self.access {
            Access::Index { name, .. } => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.access {
            Access::Index { name, equal_columns, range } => {
                write!(f, "index {name}")?;
                match (equal_columns, range) {
                    (0, false) => write!(f, ", whole")?,
                    (0, true) => write!(f, ", range")?,
                    (columns, false) => write!(f, ", {columns} equal")?,
                    (columns, true) => write!(f, ", {columns} equal and a range")?,
                }
            }
            Access::Scan => write!(f, "scan of table {}: no index serves this query", self.table)?,
            Access::Nothing => f.write_str("nothing to read: no row can match")?,
        }
        if !self.ordered_by_access {
            f.write_str("; then sort")?;
        }
        match &self.details {
            Some(details) => write!(f, "\n{details}"),
            None => Ok(()),
        }
    }
}
