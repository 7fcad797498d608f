//! Whether a repository gives the rows that a query means.

use longevity_core::backend::Backend;
use longevity_core::backend::Select;
use longevity_core::blocking::Repo;
use longevity_core::query::Query;
use longevity_core::{Error, PState, PersistentType, RowId, Value};

use super::results::{self, Unlike};
use super::{Asked, Plain, Questions, with_ids};
use crate::outcome::{Outcome, Stop};
use crate::untyped::Read;

/// Of so many properties a query is asked for values and aggregates.
const PROPERTIES: usize = 3;

/// What a repository is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ways {
    /// For the rows, and how many they are.
    Rows,
    /// For pages, values and aggregates too.
    All,
}

/// What a query of some rows has to give.
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

/// Fails unless the repository, which holds these rows in the order of their ids, gives what is asked for, by each of these
/// ways.
pub(crate) fn agree<T: PersistentType, B: Backend>(
    questions: &Questions,
    repo: &Repo<T, B>,
    states: &[PState<T>],
    rows: &[Plain],
    asked: &Asked,
    ways: Ways,
) -> Outcome {
    let all = asked.all_of(rows, rows.len());
    let places = if ways == Ways::All { asked.places() } else { Vec::new() };
    let readings = places
        .into_iter()
        .take(PROPERTIES)
        .map(|place| Reading { read: place.read(), values: rows.iter().map(|row| place.value(row)).collect() });
    let ids: Vec<_> = states.iter().map(PState::id).collect();
    let meant = Meant {
        select: with_ids(&questions.build(asked), &ids),
        window: asked.window(&all),
        all,
        readings: readings.collect(),
        types: rows.iter().map(|row| questions.type_of(row)).collect(),
    };
    agree_with(repo, states, &meant, ways, &|| format!("{}\n  built as {:?}", questions.told(asked), meant.select))
}

/// Fails unless the repository, which holds these rows, gives what is meant; `told` tells the query.
pub(super) fn agree_with<T: PersistentType, B: Backend>(
    repo: &Repo<T, B>,
    states: &[PState<T>],
    meant: &Meant,
    ways: Ways,
    told: &dyn Fn() -> String,
) -> Outcome {
    let expected: Vec<_> = meant.window.iter().map(|row| states[*row].id()).collect();
    let differs = |way: &str, found: &dyn std::fmt::Display, expected: &dyn std::fmt::Display| {
        let rows = states.len();
        Stop::failed(format!(
            "{way}, of {rows} rows of {}: {}\n  expected {expected}\n  found {found}",
            T::NAME,
            told()
        ))
    };
    let told_rows = |ids: &[RowId]| rows_in_words(states, ids);
    let query = || Query::<T>::from_select(meant.select.clone());
    let failed = |error: Error| Stop::failed(format!("an error: {error}: {}: {}", T::NAME, told()));

    let found: Vec<_> = repo.find(query()).map_err(failed)?.iter().map(PState::id).collect();
    if found != expected {
        return Err(differs("find", &told_rows(&found), &told_rows(&expected)));
    }
    let streamed = repo.stream(query()).map(|state| state.map(|state| state.id())).collect::<Result<Vec<_>, _>>();
    let streamed = streamed.map_err(failed)?;
    if streamed != expected {
        return Err(differs("stream", &told_rows(&streamed), &told_rows(&expected)));
    }
    let counted = repo.count(query()).map_err(failed)?;
    if counted != expected.len() as u64 {
        return Err(differs("count", &counted, &expected.len()));
    }
    let exists = repo.exists(query()).map_err(failed)?;
    if exists == expected.is_empty() {
        return Err(differs("exists", &exists, &!expected.is_empty()));
    }
    if ways == Ways::Rows {
        return Ok(());
    }
    results::agree(repo, states, meant).map_err(|unlike| match unlike {
        Unlike::Differs { way, found, expected } => differs(&way, &found, &expected),
        Unlike::Failed(error) => failed(error),
    })
}

/// How many rows are told with their values.
const TOLD: usize = 6;

/// The rows by their positions, the first with their values.
fn rows_in_words<T: PersistentType>(states: &[PState<T>], ids: &[RowId]) -> String {
    let mut words = format!("{} rows", ids.len());
    for (told, id) in ids.iter().enumerate() {
        match states.iter().position(|state| state.id() == *id) {
            Some(row) if told < TOLD => words.push_str(&format!("\n    row {row}: {:?}", states[row].get())),
            Some(row) if told == TOLD => words.push_str(&format!("\n    and rows {row}")),
            Some(row) => words.push_str(&format!(", {row}")),
            None => words.push_str("\n    a row that nobody created"),
        }
    }
    words
}
