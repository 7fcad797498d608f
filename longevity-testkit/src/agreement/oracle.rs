//! The expected result of a step, computed without the back ends. They share the code that builds a query, so all of them could
//! be wrong in the same manner.

use std::rc::Rc;

use longevity_core::Value;

use super::observation::{Observation, Refusal, Row};
use super::step::QueryKind;
use crate::queries::{Change, PlainQuery, PlainRow, RandomQueries, groups_of, pages_of};
use crate::untyped::{Aggregates, Group};
use crate::views::PAGES;

/// The expected result of a step.
#[derive(Debug)]
pub(super) enum Expected {
    /// These rows in this order, by number and value.
    Rows(Vec<(usize, Value)>),
    Count(u64),
    Exists(bool),
    Values(Vec<Vec<Value>>),
    Aggregates(Vec<Group>),
    /// The number of rows that are changed, and all rows after that.
    Changed(u64, Vec<(usize, Value)>),
    /// One row with this value.
    Patched(Value),
    /// One row with this value, unless the step is refused.
    Moved(Value),
    /// An error, because the new value would be outside of its type's range.
    Refused,
}

/// Computes expected results for a repository from the rows of its table.
pub(super) struct Oracle<'a> {
    pub(super) queries: &'a RandomQueries,
    /// All rows of the table, in the order of their creation.
    pub(super) rows: Vec<Rc<PlainRow>>,
    /// The number of rows that were ever created.
    pub(super) created: usize,
}

impl Oracle<'_> {
    /// The result of the query.
    pub(super) fn query(&self, kind: &QueryKind, query: &PlainQuery) -> Expected {
        let rows = self.own();
        let all = query.all_of(&rows, self.created);
        let window = query.window(&all);
        let of = |found: &[usize]| found.iter().map(|row| (rows[*row].number, rows[*row].value.clone())).collect();
        match kind {
            QueryKind::Find | QueryKind::Stream => Expected::Rows(of(&window)),
            QueryKind::Count => Expected::Count(window.len() as u64),
            QueryKind::Exists => Expected::Exists(!window.is_empty()),
            QueryKind::Pages(size) => Expected::Rows(of(&pages_of(&all, usize::try_from(*size).unwrap_or(1), PAGES))),
            QueryKind::Values(of) => {
                let values = |row: &usize| of.iter().map(|place| place.value(&rows[*row])).collect();
                Expected::Values(window.iter().map(values).collect())
            }
            QueryKind::Aggregates(of) => {
                let reads: Vec<_> = of.iter().map(|place| place.read()).collect();
                let values = |row: &usize| {
                    let row = &rows[*row];
                    (self.queries.type_of(row), of.iter().map(|place| place.value(row)).collect())
                };
                Expected::Aggregates(groups_of(&reads, window.iter().map(values).collect()))
            }
        }
    }

    /// The rows after a change of all rows that the query finds. Without a change, they are deleted.
    pub(super) fn written(&self, query: &PlainQuery, change: Option<&Change>) -> Expected {
        let rows = self.own();
        let found = query.window(&query.all_of(&rows, self.created));
        let found: Vec<_> = found.into_iter().map(|row| rows[row].number).collect();
        let mut left = Vec::new();
        for row in &self.rows {
            let value = match (found.contains(&row.number), change) {
                (false, _) => row.value.clone(),
                (true, None) => continue,
                (true, Some(change)) => match change.applied(&row.value) {
                    Ok(value) => value,
                    Err(_) => return Expected::Refused,
                },
            };
            left.push((row.number, value));
        }
        Expected::Changed(found.len() as u64, left)
    }

    /// The result of a patch of the row that a back end returned.
    pub(super) fn patched(&self, change: &Change, observed: &Observation) -> Option<Expected> {
        let Observation::Rows(rows) = observed else { return None };
        let number = rows.first()?.number?;
        let row = self.rows.iter().find(|row| row.number == number)?;
        Some(change.applied(&row.value).map_or(Expected::Refused, Expected::Patched))
    }

    /// The rows that the repository sees.
    fn own(&self) -> Vec<Rc<PlainRow>> {
        let variant = self.queries.variant;
        self.rows.iter().filter(|row| variant.is_none_or(|variant| variant == row.variant)).cloned().collect()
    }
}

impl Expected {
    /// Whether a back end's result is as expected. `by_creation` and `windowed` are as in [`agrees`](Observation::agrees).
    pub(super) fn is_met_by(&self, observed: &Observation, by_creation: bool, windowed: bool) -> bool {
        match (self, observed) {
            (Self::Rows(expected), Observation::Rows(rows)) if by_creation => same_rows(expected, rows),
            (Self::Rows(expected), Observation::Rows(rows)) if windowed => expected.len() == rows.len(),
            (Self::Rows(expected), Observation::Rows(rows)) => {
                let (mut expected, mut rows) = (expected.clone(), rows.clone());
                expected.sort_by_key(|(number, _)| *number);
                rows.sort_by_key(|row| row.number);
                same_rows(&expected, &rows)
            }
            (Self::Count(expected), Observation::Count(count)) => expected == count,
            (Self::Exists(expected), Observation::Exists(exists)) => expected == exists,
            (Self::Values(expected), Observation::Values(rows)) if by_creation => {
                expected.len() == rows.len()
                    && expected.iter().flatten().zip(rows.iter().flatten()).all(|(a, b)| a.is_identical(b))
            }
            (Self::Values(expected), Observation::Values(rows)) => expected.len() == rows.len(),
            (Self::Aggregates(expected), Observation::Aggregates(groups)) if by_creation || !windowed => {
                // Sums of floats have tests of their own.
                let exact = |aggregates: &Aggregates| Aggregates { floats: 0.0, ..aggregates.clone() };
                let exact = |(key, (rows, each)): &Group| (key.clone(), (*rows, each.iter().map(exact).collect()));
                groups.iter().map(exact).collect::<Vec<Group>>() == *expected
            }
            (Self::Aggregates(_), Observation::Aggregates(_)) => true,
            (Self::Changed(expected, left), Observation::Changed(changed, rows)) => {
                expected == changed && same_rows(left, rows)
            }
            (Self::Patched(value), Observation::Rows(rows)) => rows.iter().all(|row| row.value.is_identical(value)),
            (Self::Moved(value), Observation::Rows(rows)) => rows.len() == 1 && rows[0].value.is_identical(value),
            // Whether it is refused depends on all rows that refer. The back ends have to agree.
            (Self::Moved(_), Observation::Refused(_)) => true,
            (Self::Refused, Observation::Refused(Refusal::ByCore(_))) => true,
            // The type may have rules of its own, and another row may have the key value.
            (Self::Changed(..), Observation::Refused(_)) => true,
            _ => false,
        }
    }
}

fn same_rows(expected: &[(usize, Value)], rows: &[Row]) -> bool {
    expected.len() == rows.len()
        && expected
            .iter()
            .zip(rows)
            .all(|((number, value), row)| row.number == Some(*number) && value.is_identical(&row.value))
}

/// As a report shows it.
impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rows(rows) if rows.is_empty() => f.write_str("no row"),
            Self::Rows(rows) => {
                let listed: Vec<_> = rows.iter().map(|(number, value)| format!("row {number} {value}")).collect();
                f.write_str(&listed.join(", "))
            }
            Self::Count(count) => write!(f, "a count of {count}"),
            Self::Exists(exists) => write!(f, "exists: {exists}"),
            Self::Values(rows) => {
                let values = |row: &Vec<Value>| row.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
                write!(f, "values: {:?}", rows.iter().map(values).collect::<Vec<_>>())
            }
            Self::Aggregates(groups) => write!(f, "aggregates: {groups:?}"),
            Self::Changed(changed, rows) => {
                let listed: Vec<_> = rows.iter().map(|(number, value)| format!("row {number} {value}")).collect();
                write!(f, "{changed} changed; then there are {}", listed.join(", "))
            }
            Self::Patched(value) | Self::Moved(value) => write!(f, "a row with {value}"),
            Self::Refused => f.write_str("refused, because the result is not a value of its type"),
        }
    }
}
