//! The check of a query's other results: pages, values of single properties, and aggregates over groups.

use std::fmt::Debug;

use longevity_core::backend::Backend;
use longevity_core::backend::Select;
use longevity_core::blocking::Repo;
use longevity_core::query::{AggregateFunction, Query, by_type, count};
use longevity_core::{Error, PState, PersistentType, RowId, Value};

use super::compare::order;
use super::expected::{ExpectedResults, Reading};
use crate::untyped::{Aggregates, AllAggregates, Group, ReadProperty, Untyped};

/// The number of pages that a query is split into.
const PAGES: usize = 3;

/// Why a repository's results are not those that the query means.
pub(super) enum Mismatch {
    /// The operation, its result, and the expected result.
    Differs {
        operation: String,
        found: String,
        expected: String,
    },
    Failed(Error),
}

impl From<Error> for Mismatch {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn same<T: PartialEq + Debug>(operation: impl Into<String>, found: &T, expected: &T) -> Result<(), Mismatch> {
    if found == expected {
        return Ok(());
    }
    Err(Mismatch::Differs {
        operation: operation.into(),
        found: format!("{found:?}"),
        expected: format!("{expected:?}"),
    })
}

/// Fails unless the repository returns the expected pages, values and aggregates.
pub(super) fn check_results<T: PersistentType, B: Backend>(
    repo: &Repo<T, B>,
    states: &[PState<T>],
    results: &ExpectedResults,
) -> Result<(), Mismatch> {
    on_pages(repo, states, results)?;
    if results.readings.is_empty() {
        return Ok(());
    }
    values(repo, results)?;
    aggregates(repo, results)
}

/// Reads pages to the last one and back.
fn on_pages<T: PersistentType, B: Backend>(
    repo: &Repo<T, B>,
    states: &[PState<T>],
    results: &ExpectedResults,
) -> Result<(), Mismatch> {
    let expected: Vec<_> = results.all.iter().map(|row| states[*row].id()).collect();
    let size = expected.len().div_ceil(PAGES).max(1);
    let wanted: Vec<&[RowId]> = if expected.is_empty() { vec![&[]] } else { expected.chunks(size).collect() };
    let query = || Query::from_select(Select { offset: 0, limit: Some(size as u64), ..results.select.clone() });
    let ids = |states: &[PState<T>]| states.iter().map(PState::id).collect::<Vec<_>>();
    let mut page = repo.page(query(), None)?;
    for (position, rows) in wanted.iter().enumerate() {
        same(format!("page {} of {size} rows", position + 1), &ids(&page.states), &rows.to_vec())?;
        let more = position + 1 < wanted.len();
        same("whether there is a next page", &page.next.is_some(), &more)?;
        if let Some(next) = &page.next {
            page = repo.page(query(), Some(next))?;
        }
    }
    for (position, rows) in wanted.iter().enumerate().rev().skip(1) {
        let Some(previous) = &page.previous else { return same("whether there is a previous page", &false, &true) };
        page = repo.page(query(), Some(previous))?;
        same(format!("page {} of {size} rows, backwards", position + 1), &ids(&page.states), &rows.to_vec())?;
    }
    same("whether there is a page before the first", &page.previous.is_some(), &false)
}

/// The rows on pages of `size` rows: at most `most` pages forwards from the first one, then back.
pub(crate) fn pages_of<T: Clone>(all: &[T], size: usize, most: usize) -> Vec<T> {
    let mut pages: Vec<&[T]> = all.chunks(size).take(most).collect();
    if pages.is_empty() {
        return Vec::new();
    }
    let back: Vec<_> = pages.iter().rev().copied().collect();
    pages.pop();
    pages.into_iter().chain(back).flatten().cloned().collect()
}

fn reads(results: &ExpectedResults) -> Vec<ReadProperty> {
    results.readings.iter().map(|reading| reading.read.clone()).collect()
}

fn values<T: PersistentType, B: Backend>(repo: &Repo<T, B>, results: &ExpectedResults) -> Result<(), Mismatch> {
    let row = |row: &usize| of_row(&results.readings, *row);
    let expected: Vec<Vec<Value>> = results.window.iter().map(row).collect();
    let reads = reads(results);
    let found = repo.project(Query::from_select(results.select.clone()), Untyped(&reads))?;
    let identical = found.len() == expected.len()
        && found.iter().flatten().zip(expected.iter().flatten()).all(|(a, b)| a.is_identical(b));
    if !identical {
        let (operation, found, expected) =
            (format!("values of {}", listed(&reads)), format!("{found:?}"), format!("{expected:?}"));
        return Err(Mismatch::Differs { operation, found, expected });
    }
    // Each combination is expected once, in the order of the values, not of the rows.
    let groups = repo.group(Query::from_select(results.select.clone()), Untyped(&reads), count())?;
    let mut combinations: Vec<Vec<Value>> = expected;
    combinations.sort_by(|a, b| in_order(a, b));
    let once = combinations.chunk_by(|a, b| in_order(a, b).is_eq());
    let expected: Vec<_> = once.map(|alike| (alike[0].clone(), alike.len() as u64)).collect();
    same(format!("different values of {}", listed(&reads)), &groups, &expected)
}

fn in_order(a: &[Value], b: &[Value]) -> std::cmp::Ordering {
    let differing = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|ordering| ordering.is_ne());
    differing.unwrap_or(std::cmp::Ordering::Equal)
}

fn aggregates<T: PersistentType, B: Backend>(repo: &Repo<T, B>, results: &ExpectedResults) -> Result<(), Mismatch> {
    let rows: Vec<_> =
        results.window.iter().map(|row| (results.types[*row], of_row(&results.readings, *row))).collect();
    let reads = reads(results);
    let expected = groups_of(&reads, rows);
    let mut found: Vec<Group> = repo.group(
        Query::from_select(results.select.clone()),
        (by_type(), Untyped(&reads[..1])),
        AllAggregates(&reads),
    )?;
    // The nearest float to the exact sum has tests of its own.
    found.iter_mut().flat_map(|(_, (_, each))| each).for_each(|aggregates| aggregates.floats = 0.0);
    same(format!("aggregates of {}", listed(&reads)), &found, &expected)?;
    let all = results.window.iter().map(|row| of_row(&results.readings, *row)).collect::<Vec<_>>();
    let mut found = repo.aggregate(Query::from_select(results.select.clone()), AllAggregates(&reads))?;
    found.1.iter_mut().for_each(|aggregates| aggregates.floats = 0.0);
    let each = reads.iter().enumerate().map(|(at, read)| of_values(read, all.iter().map(|values| &values[at])));
    same(format!("aggregates of {} over all", listed(&reads)), &found, &(all.len() as u64, each.collect()))
}

fn of_row(readings: &[Reading], row: usize) -> Vec<Value> {
    readings.iter().map(|reading| reading.values[row].clone()).collect()
}

/// The aggregates over rows, grouped by type and by the first value. Each row has the name of its type and the values that are
/// read. Sums of floats are left out.
pub(crate) fn groups_of(reads: &[ReadProperty], rows: Vec<(&'static str, Vec<Value>)>) -> Vec<Group> {
    let key = |values: &[Value]| values.get(..1).unwrap_or_default().to_vec();
    let mut groups: Vec<(&'static str, Vec<Vec<Value>>)> = Vec::new();
    for (name, values) in rows {
        let is_it = |(other, rows): &&mut (&'static str, Vec<Vec<Value>>)| {
            *other == name && in_order(&key(&rows[0]), &key(&values)).is_eq()
        };
        match groups.iter_mut().find(is_it) {
            Some((_, rows)) => rows.push(values),
            None => groups.push((name, vec![values])),
        }
    }
    groups.sort_by(|(a, of_a), (b, of_b)| a.cmp(b).then_with(|| in_order(&key(&of_a[0]), &key(&of_b[0]))));
    let group = |(name, rows): (&'static str, Vec<Vec<Value>>)| {
        let each = reads.iter().enumerate().map(|(at, read)| of_values(read, rows.iter().map(|values| &values[at])));
        ((name.to_owned(), key(&rows[0])), (rows.len() as u64, each.collect()))
    };
    groups.into_iter().map(group).collect()
}

/// The aggregates of the present values.
fn of_values<'a>(read: &ReadProperty, values: impl Iterator<Item = &'a Value>) -> Aggregates {
    let present: Vec<_> = values.filter(|value| !value.is_none()).collect();
    let mut aggregates = Aggregates { least: None, greatest: None, integers: 0, floats: 0.0 };
    for aggregate in &read.aggregates {
        match aggregate {
            AggregateFunction::Count => {}
            AggregateFunction::Min(_) => aggregates.least = present.iter().copied().min_by(|a, b| order(a, b)).cloned(),
            // Of several equal values this takes the first, as for the least value.
            AggregateFunction::Max(_) => {
                aggregates.greatest = present.iter().rev().copied().max_by(|a, b| order(a, b)).cloned()
            }
            AggregateFunction::Sum(_) => {
                aggregates.integers = present
                    .iter()
                    .map(|value| match value {
                        Value::Int(number) => i128::from(*number),
                        Value::UInt(number) => i128::from(*number),
                        _ => 0,
                    })
                    .sum();
            }
        }
    }
    aggregates
}

fn listed(reads: &[ReadProperty]) -> String {
    reads.iter().map(|read| read.description.clone()).collect::<Vec<_>>().join(", ")
}
