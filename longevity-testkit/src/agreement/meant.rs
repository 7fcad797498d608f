//! What a step was to give, whatever the back ends say: they share the code that builds a query, and could all be wrong alike.

use std::rc::Rc;

use longevity_core::Value;

use super::seen::{Refusal, Row, Seen};
use super::step::Way;
use crate::questions::{Asked, Change, Plain, Questions, groups_of, pages_of};
use crate::untyped::{Aggregates, Group};
use crate::views::PAGES;

/// What a step was to give.
#[derive(Debug)]
pub(super) enum Meant {
    /// These rows in this order, by number and value.
    Rows(Vec<(usize, Value)>),
    Count(u64),
    Exists(bool),
    Values(Vec<Vec<Value>>),
    Aggregates(Vec<Group>),
    /// So many rows are changed, and these are there then.
    Changed(u64, Vec<(usize, Value)>),
    /// One row with this value.
    Patched(Value),
    /// An error, as a value that comes out is not one of its type.
    Refused,
}

/// The rows of a table, and a repository that is asked.
pub(super) struct Judge<'a> {
    pub(super) questions: &'a Questions,
    /// All rows of the table, in the order of their creation.
    pub(super) rows: Vec<Rc<Plain>>,
    /// How many rows there ever were.
    pub(super) numbers: usize,
}

impl Judge<'_> {
    /// What the query gives.
    pub(super) fn asked(&self, way: &Way, asked: &Asked) -> Meant {
        let rows = self.own();
        let all = asked.all_of(&rows, self.numbers);
        let window = asked.window(&all);
        let of = |found: &[usize]| found.iter().map(|row| (rows[*row].number, rows[*row].value.clone())).collect();
        match way {
            Way::Find | Way::Stream => Meant::Rows(of(&window)),
            Way::Count => Meant::Count(window.len() as u64),
            Way::Exists => Meant::Exists(!window.is_empty()),
            Way::Pages(size) => Meant::Rows(of(&pages_of(&all, usize::try_from(*size).unwrap_or(1), PAGES))),
            Way::Values(of) => {
                let values = |row: &usize| of.iter().map(|place| place.value(&rows[*row])).collect();
                Meant::Values(window.iter().map(values).collect())
            }
            Way::Aggregates(of) => {
                let reads: Vec<_> = of.iter().map(|place| place.read()).collect();
                let values = |row: &usize| {
                    let row = &rows[*row];
                    (self.questions.type_of(row), of.iter().map(|place| place.value(row)).collect())
                };
                Meant::Aggregates(groups_of(&reads, window.iter().map(values).collect()))
            }
        }
    }

    /// What is there after a change of all that the query finds; of none, they are gone.
    pub(super) fn written(&self, asked: &Asked, change: Option<&Change>) -> Meant {
        let rows = self.own();
        let found = asked.window(&asked.all_of(&rows, self.numbers));
        let found: Vec<_> = found.into_iter().map(|row| rows[row].number).collect();
        let mut left = Vec::new();
        for row in &self.rows {
            let value = match (found.contains(&row.number), change) {
                (false, _) => row.value.clone(),
                (true, None) => continue,
                (true, Some(change)) => match change.applied(&row.value) {
                    Ok(value) => value,
                    Err(_) => return Meant::Refused,
                },
            };
            left.push((row.number, value));
        }
        Meant::Changed(found.len() as u64, left)
    }

    /// What becomes of the row that was seen to be patched.
    pub(super) fn patched(&self, change: &Change, seen: &Seen) -> Option<Meant> {
        let Seen::Rows(rows) = seen else { return None };
        let number = rows.first()?.number?;
        let row = self.rows.iter().find(|row| row.number == number)?;
        Some(change.applied(&row.value).map_or(Meant::Refused, Meant::Patched))
    }

    /// The rows that the repository sees.
    fn own(&self) -> Vec<Rc<Plain>> {
        let variant = self.questions.variant;
        self.rows.iter().filter(|row| variant.is_none_or(|variant| variant == row.variant)).cloned().collect()
    }
}

impl Meant {
    /// Whether it is what a back end gave. `by_creation`, `windowed`: as two back ends [agree](Seen::agrees).
    pub(super) fn is_met_by(&self, seen: &Seen, by_creation: bool, windowed: bool) -> bool {
        match (self, seen) {
            (Self::Rows(meant), Seen::Rows(rows)) if by_creation => same_rows(meant, rows),
            (Self::Rows(meant), Seen::Rows(rows)) if windowed => meant.len() == rows.len(),
            (Self::Rows(meant), Seen::Rows(rows)) => {
                let (mut meant, mut rows) = (meant.clone(), rows.clone());
                meant.sort_by_key(|(number, _)| *number);
                rows.sort_by_key(|row| row.number);
                same_rows(&meant, &rows)
            }
            (Self::Count(meant), Seen::Count(count)) => meant == count,
            (Self::Exists(meant), Seen::Exists(exists)) => meant == exists,
            (Self::Values(meant), Seen::Values(rows)) if by_creation => {
                meant.len() == rows.len()
                    && meant.iter().flatten().zip(rows.iter().flatten()).all(|(a, b)| a.is_identical(b))
            }
            (Self::Values(meant), Seen::Values(rows)) => meant.len() == rows.len(),
            (Self::Aggregates(meant), Seen::Aggregates(groups)) if by_creation || !windowed => {
                // The nearest float to the exact sum has tests of its own.
                let exact = |aggregates: &Aggregates| Aggregates { floats: 0.0, ..aggregates.clone() };
                let exact = |(key, (rows, each)): &Group| (key.clone(), (*rows, each.iter().map(exact).collect()));
                groups.iter().map(exact).collect::<Vec<Group>>() == *meant
            }
            (Self::Aggregates(_), Seen::Aggregates(_)) => true,
            (Self::Changed(meant, left), Seen::Changed(changed, rows)) => meant == changed && same_rows(left, rows),
            (Self::Patched(value), Seen::Rows(rows)) => rows.iter().all(|row| row.value.is_identical(value)),
            (Self::Refused, Seen::Refused(Refusal::ByCore(_))) => true,
            // A type may have rules of its own, and a key be taken.
            (Self::Changed(..), Seen::Refused(_)) => true,
            _ => false,
        }
    }
}

fn same_rows(meant: &[(usize, Value)], rows: &[Row]) -> bool {
    meant.len() == rows.len()
        && meant
            .iter()
            .zip(rows)
            .all(|((number, value), row)| row.number == Some(*number) && value.is_identical(&row.value))
}

/// As a report shows it.
impl std::fmt::Display for Meant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rows(rows) if rows.is_empty() => f.write_str("no row"),
            Self::Rows(rows) => {
                let told: Vec<_> = rows.iter().map(|(number, value)| format!("row {number} {value}")).collect();
                f.write_str(&told.join(", "))
            }
            Self::Count(count) => write!(f, "a count of {count}"),
            Self::Exists(exists) => write!(f, "exists: {exists}"),
            Self::Values(rows) => {
                let values = |row: &Vec<Value>| row.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
                write!(f, "values: {:?}", rows.iter().map(values).collect::<Vec<_>>())
            }
            Self::Aggregates(groups) => write!(f, "aggregates: {groups:?}"),
            Self::Changed(changed, rows) => {
                let told: Vec<_> = rows.iter().map(|(number, value)| format!("row {number} {value}")).collect();
                write!(f, "{changed} changed; then there are {}", told.join(", "))
            }
            Self::Patched(value) => write!(f, "a row with {value}"),
            Self::Refused => f.write_str("refused, as the result is not a value of its type"),
        }
    }
}
