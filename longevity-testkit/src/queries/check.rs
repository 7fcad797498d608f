//! The check that a repository returns the rows that a query means.

use longevity_core::backend::Backend;
use longevity_core::blocking::Repo;
use longevity_core::query::Query;
use longevity_core::{Error, PState, PersistentType, RowId};

use super::check_results::{Mismatch, check_results};
use super::expected::{ExpectedResults, Reading};
use super::naive::PlainRow;
use super::plain_query::PlainQuery;
use super::random_queries::RandomQueries;
use super::row_ids::with_row_ids;
use crate::outcome::{Outcome, Stop};

/// The number of properties whose values and aggregates a query is checked for.
const PROPERTIES: usize = 3;

/// The results that are checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Checks {
    /// The rows, and their number.
    Rows,
    /// Pages, values and aggregates too.
    All,
}

/// Fails unless the repository returns the rows that the query means, by each of the operations. The repository holds these rows,
/// in the order of their ids.
pub(crate) fn check_query<T: PersistentType, B: Backend>(
    queries: &RandomQueries,
    repo: &Repo<T, B>,
    states: &[PState<T>],
    rows: &[PlainRow],
    plain: &PlainQuery,
    checks: Checks,
) -> Outcome {
    let all = plain.all_of(rows, rows.len());
    let places = if checks == Checks::All { plain.places() } else { Vec::new() };
    let readings = places
        .into_iter()
        .take(PROPERTIES)
        .map(|place| Reading { read: place.read(), values: rows.iter().map(|row| place.value(row)).collect() });
    let ids: Vec<_> = states.iter().map(PState::id).collect();
    let results = ExpectedResults {
        select: with_row_ids(&queries.build(plain), &ids),
        window: plain.window(&all),
        all,
        readings: readings.collect(),
        types: rows.iter().map(|row| queries.type_of(row)).collect(),
    };
    check_expected(repo, states, &results, checks, &|| {
        format!("{}\n  built as {:?}", queries.describe(plain), results.select)
    })
}

/// Fails unless the repository, which holds these rows, returns the expected results. `describe` describes the query.
pub(super) fn check_expected<T: PersistentType, B: Backend>(
    repo: &Repo<T, B>,
    states: &[PState<T>],
    results: &ExpectedResults,
    checks: Checks,
    describe: &dyn Fn() -> String,
) -> Outcome {
    let expected: Vec<_> = results.window.iter().map(|row| states[*row].id()).collect();
    let differs = |operation: &str, found: &dyn std::fmt::Display, expected: &dyn std::fmt::Display| {
        let rows = states.len();
        Stop::failed(format!(
            "{operation}, of {rows} rows of {}: {}\n  expected {expected}\n  found {found}",
            T::NAME,
            describe()
        ))
    };
    let described_rows = |ids: &[RowId]| describe_rows(states, ids);
    let query = || Query::<T>::from_select(results.select.clone());
    let failed = |error: Error| Stop::failed(format!("an error: {error}: {}: {}", T::NAME, describe()));

    let found: Vec<_> = repo.find(query()).map_err(failed)?.iter().map(PState::id).collect();
    if found != expected {
        return Err(differs("find", &described_rows(&found), &described_rows(&expected)));
    }
    let streamed = repo.stream(query()).map(|state| state.map(|state| state.id())).collect::<Result<Vec<_>, _>>();
    let streamed = streamed.map_err(failed)?;
    if streamed != expected {
        return Err(differs("stream", &described_rows(&streamed), &described_rows(&expected)));
    }
    let counted = repo.count(query()).map_err(failed)?;
    if counted != expected.len() as u64 {
        return Err(differs("count", &counted, &expected.len()));
    }
    let exists = repo.exists(query()).map_err(failed)?;
    if exists == expected.is_empty() {
        return Err(differs("exists", &exists, &!expected.is_empty()));
    }
    if checks == Checks::Rows {
        return Ok(());
    }
    check_results(repo, states, results).map_err(|mismatch| match mismatch {
        Mismatch::Differs { operation, found, expected } => differs(&operation, &found, &expected),
        Mismatch::Failed(error) => failed(error),
    })
}

/// How many rows are shown with their values.
const SHOWN: usize = 6;

/// The positions of the rows, and the values of the first few.
fn describe_rows<T: PersistentType>(states: &[PState<T>], ids: &[RowId]) -> String {
    let mut description = format!("{} rows", ids.len());
    for (shown, id) in ids.iter().enumerate() {
        match states.iter().position(|state| state.id() == *id) {
            Some(row) if shown < SHOWN => description.push_str(&format!("\n    row {row}: {:?}", states[row].get())),
            Some(row) if shown == SHOWN => description.push_str(&format!("\n    and rows {row}")),
            Some(row) => description.push_str(&format!(", {row}")),
            None => description.push_str("\n    a row that was never created"),
        }
    }
    description
}
