//! The rows that a query means, and whether a repository gives them.

use std::cmp::Ordering;

use longevity_core::backend::Backend;
use longevity_core::blocking::Repo;
use longevity_core::query::{Direction, Query, Select, Subject, evaluate};
use longevity_core::table::TableDefinition;
use longevity_core::{Error, PState, PersistentType, RowId};

use super::results::{self, Unlike};
use super::words::told;
use crate::outcome::{Outcome, Stop};

/// The positions of the rows that the query means, in its order.
pub(super) fn expected<T: PersistentType>(
    definition: &TableDefinition,
    states: &[PState<T>],
    select: &Select,
) -> Vec<usize> {
    let holds = |position: &usize| {
        let (id, value) = (states[*position].id(), states[*position].get());
        let names = definition.variants.get(value.variant()).and_then(|variant| variant.discriminators);
        let discriminator = names.and_then(|names| names.first().copied());
        evaluate(&select.predicate, Subject { id, discriminator }, &|path| value.value_at(path))
    };
    let mut rows: Vec<_> = (0..states.len()).filter(holds).collect();
    rows.sort_by(|a, b| compare(select, &states[*a], &states[*b]));
    let offset = usize::try_from(select.offset).unwrap_or(usize::MAX);
    let limit = select.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    rows.into_iter().skip(offset).take(limit).collect()
}

/// How the query orders two rows.
fn compare<T: PersistentType>(select: &Select, a: &PState<T>, b: &PState<T>) -> Ordering {
    let turned = |direction, ordering: Ordering| match direction {
        Direction::Ascending => ordering,
        Direction::Descending => ordering.reverse(),
    };
    for by in &select.order {
        let value = |state: &PState<T>| by.path.value_in(&|steps| state.get().value_at(steps)).to_value();
        let ordering = turned(by.direction, value(a).cmp(&value(b)));
        if ordering.is_ne() {
            return ordering;
        }
    }
    turned(select.ties, a.id().cmp(&b.id()))
}

/// What a repository is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ways {
    /// For the rows, and how many they are.
    Rows,
    /// For pages, values and figures too.
    All,
}

/// Fails unless the repository, which holds these rows, gives what the query means, by each of these ways.
pub(crate) fn agree<T: PersistentType, B: Backend>(
    definition: &TableDefinition,
    repo: &Repo<T, B>,
    states: &[PState<T>],
    select: &Select,
    ways: Ways,
) -> Outcome {
    let expected: Vec<_> = expected(definition, states, select).into_iter().map(|row| states[row].id()).collect();
    let differs = |way: &str, found: &dyn std::fmt::Display, expected: &dyn std::fmt::Display| {
        let rows = states.len();
        Stop::failed(format!(
            "{way}, of {rows} rows of {}: {}\n  expected {expected}\n  found {found}",
            T::NAME,
            told(select)
        ))
    };
    let told_rows = |ids: &[RowId]| rows_in_words(states, ids);
    let query = || Query::<T>::from_select(select.clone());
    let failed = |error: Error| Stop::failed(format!("an error: {error}: {}: {}", T::NAME, told(select)));

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
    results::agree(definition, repo, states, select).map_err(|unlike| match unlike {
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
