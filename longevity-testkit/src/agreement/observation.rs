//! The result of a step on one back end, in a form that two back ends can share. Rows are numbered in the order of their
//! creation, because each store has ids of its own.

use longevity_core::{Error, Value};

use crate::untyped::Group;

/// The result of a step.
#[derive(Clone, Debug)]
pub(super) enum Observation {
    /// Rows, in their order.
    Rows(Vec<Row>),
    Count(u64),
    Exists(bool),
    /// The values of some properties, row by row.
    Values(Vec<Vec<Value>>),
    /// Aggregates over groups.
    Aggregates(Vec<Group>),
    /// The number of rows that were changed, and all rows after that.
    Changed(u64, Vec<Row>),
    /// The value of a deleted row.
    Deleted(Value),
    Refused(Refusal),
    /// An error that no step may return.
    Broken(String),
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its number in the order of creation; `None` if no step created it.
    pub(super) number: Option<usize>,
    pub(super) version: u64,
    pub(super) variant: usize,
    pub(super) value: Value,
    /// Whether it has the timestamps of its creation and of its last write.
    pub(super) timestamps: (bool, bool),
}

/// Why a step was refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refusal {
    Duplicate {
        reported: Duplicate,
        /// All keys in which the refused values are duplicates. A store may report any of them. Empty if they are not known.
        all: Vec<Duplicate>,
    },
    Conflict {
        type_name: &'static str,
        row: Option<usize>,
        expected: u64,
        found: u64,
    },
    NotFound {
        type_name: &'static str,
    },
    /// A refusal by core, with its text, which names no row.
    ByCore(String),
}

/// A key value that another row has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Duplicate {
    pub(super) type_name: &'static str,
    pub(super) key: String,
    pub(super) value: String,
}

impl Observation {
    /// The observation of an error.
    pub(super) fn error(
        error: &Error,
        number: impl Fn(longevity_core::RowId) -> Option<usize>,
        duplicates: impl FnOnce() -> Result<Vec<Duplicate>, Error>,
    ) -> Self {
        let refusal = match error {
            Error::DuplicateKey { type_name, key, value } => {
                let reported = Duplicate { type_name, key: key.clone(), value: value.clone() };
                match duplicates() {
                    Ok(all) => Refusal::Duplicate { reported, all },
                    Err(error) => return Self::Broken(error.to_string()),
                }
            }
            Error::WriteConflict { type_name, id, expected, found } => {
                Refusal::Conflict { type_name, row: number(*id), expected: *expected, found: *found }
            }
            Error::NotFound { type_name, .. } => Refusal::NotFound { type_name },
            Error::UnstablePrimaryKey { .. }
            | Error::InvalidPatch { .. }
            | Error::DanglingReference { .. }
            | Error::Referenced { .. } => Refusal::ByCore(error.to_string()),
            other => return Self::Broken(other.to_string()),
        };
        Self::Refused(refusal)
    }

    /// Whether the result is rows, but no row.
    pub(super) fn is_no_row(&self) -> bool {
        matches!(self, Self::Rows(rows) if rows.is_empty())
    }

    /// Whether both back ends agree. `by_creation`: the ids of both stores ascend as rows are created, so that both order rows
    /// alike. Otherwise each store may order equal rows differently, and show other rows in a window.
    pub(super) fn agrees(&self, other: &Self, by_creation: bool, windowed: bool) -> bool {
        match (self, other) {
            (Self::Rows(a), Self::Rows(b)) if by_creation => same_rows(a.iter(), b.iter()),
            (Self::Rows(a), Self::Rows(b)) if windowed => a.len() == b.len(),
            (Self::Rows(a), Self::Rows(b)) => {
                let sorted = |rows: &[Row]| {
                    let mut rows = rows.to_vec();
                    rows.sort_by_key(|row| row.number);
                    rows
                };
                same_rows(sorted(a).iter(), sorted(b).iter())
            }
            (Self::Count(a), Self::Count(b)) => a == b,
            (Self::Exists(a), Self::Exists(b)) => a == b,
            (Self::Values(a), Self::Values(b)) if by_creation => {
                a.len() == b.len() && a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| a.is_identical(b))
            }
            (Self::Values(a), Self::Values(b)) => a.len() == b.len(),
            // Which of two zeros is the least depends on the order of the rows. So do the rows in a window.
            (Self::Aggregates(a), Self::Aggregates(b)) => {
                // They are compared as text, in which NaN equals NaN.
                format!("{a:?}") == format!("{b:?}") || !by_creation && a.len() == b.len()
            }
            (Self::Changed(a, rows), Self::Changed(b, others)) => a == b && same_rows(rows.iter(), others.iter()),
            (Self::Deleted(a), Self::Deleted(b)) => a.is_identical(b),
            (
                Self::Refused(Refusal::Duplicate { reported: a, all }),
                Self::Refused(Refusal::Duplicate { reported: b, all: others }),
            ) => all == others && (all.is_empty() || all.contains(a) && all.contains(b)),
            (Self::Refused(a), Self::Refused(b)) => a == b,
            _ => false,
        }
    }
}

fn same_rows<'a>(a: impl ExactSizeIterator<Item = &'a Row>, b: impl ExactSizeIterator<Item = &'a Row>) -> bool {
    a.len() == b.len() && a.zip(b).all(|(a, b)| a.is_same(b))
}

impl Row {
    fn is_same(&self, other: &Self) -> bool {
        // A row that no step created equals no row.
        self.number.is_some()
            && (self.number, self.version, self.variant) == (other.number, other.version, other.variant)
            && self.timestamps == other.timestamps
            && self.value.is_identical(&other.value)
    }
}

/// As a report shows it.
impl std::fmt::Display for Observation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rows(rows) if rows.is_empty() => f.write_str("no row"),
            Self::Rows(rows) => {
                for (position, row) in rows.iter().enumerate() {
                    let comma = if position > 0 { ", " } else { "" };
                    match row.number {
                        Some(number) => write!(f, "{comma}row {number}")?,
                        None => write!(f, "{comma}a row that no step created")?,
                    }
                    write!(f, " version {} variant {} {}", row.version, row.variant, row.value)?;
                    let (created, updated) = row.timestamps;
                    match (created, updated) {
                        (false, false) => {}
                        (true, true) => f.write_str(" with timestamps")?,
                        _ => write!(f, " with timestamps created={created} updated={updated}")?,
                    }
                }
                Ok(())
            }
            Self::Count(count) => write!(f, "a count of {count}"),
            Self::Exists(exists) => write!(f, "exists: {exists}"),
            Self::Values(rows) => {
                let values = |row: &Vec<Value>| row.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
                write!(f, "values: {:?}", rows.iter().map(values).collect::<Vec<_>>())
            }
            Self::Aggregates(aggregates) => write!(f, "aggregates: {aggregates:?}"),
            Self::Changed(changed, rows) => {
                let versions: Vec<_> = rows.iter().map(|row| (row.number, row.version)).collect();
                write!(f, "{changed} changed; then the rows and their versions are {versions:?}")
            }
            Self::Deleted(value) => write!(f, "deleted {value}"),
            Self::Refused(Refusal::Duplicate { reported, all }) => {
                write!(f, "refused as a duplicate of {reported}")?;
                if *all != [reported.clone()] {
                    let all: Vec<_> = all.iter().map(ToString::to_string).collect();
                    write!(f, "; the keys that are taken: {all:?}")?;
                }
                Ok(())
            }
            Self::Refused(Refusal::Conflict { type_name, row, expected, found }) => match row {
                Some(row) => write!(f, "refused: {type_name} row {row} expected at {expected}, found at {found}"),
                None => write!(f, "refused: an unknown {type_name} expected at {expected}, found at {found}"),
            },
            Self::Refused(Refusal::NotFound { type_name }) => write!(f, "refused: no such {type_name}"),
            Self::Refused(Refusal::ByCore(text)) => write!(f, "refused: {text}"),
            Self::Broken(text) => write!(f, "an error: {text}"),
        }
    }
}

impl std::fmt::Display for Duplicate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{} = {}", self.type_name, self.key, self.value)
    }
}
