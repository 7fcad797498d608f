//! The check of queries that a user wrote. There is no plain form of them, so core's evaluator defines their meaning.

use std::cmp::Ordering;

use longevity_core::backend::Backend;
use longevity_core::backend::{Direction, Predicate, Select, Subject, evaluate};
use longevity_core::blocking::Repo;
use longevity_core::query::{AggregateFunction, Query, Source};
use longevity_core::table::TableDefinition;
use longevity_core::{PState, Path, PersistentType};

use super::check::{Checks, check_expected};
use super::compare::are_of_one_type;
use super::expected::{ExpectedResults, Reading};
use crate::outcome::Outcome;
use crate::untyped::ReadProperty;

/// Fails unless the repository, which holds these rows, returns what the query means.
pub(crate) fn check_as_evaluated<T: PersistentType, B: Backend>(
    definition: &TableDefinition,
    repo: &Repo<T, B>,
    states: &[PState<T>],
    query: &Query<T>,
) -> Outcome {
    let select = query.select();
    let names = |state: &PState<T>| {
        let variant = definition.variants.get(state.get().variant());
        variant.and_then(|variant| variant.discriminators).and_then(|names| names.first().copied())
    };
    let holds = |position: &usize| {
        let (id, value) = (states[*position].id(), states[*position].get());
        let row = Subject { id, discriminator: names(&states[*position]) };
        evaluate(&select.predicate, row, &|path| value.value_at(path))
    };
    let mut all: Vec<_> = (0..states.len()).filter(holds).collect();
    all.sort_by(|a, b| compare(select, &states[*a], &states[*b]));
    let offset = usize::try_from(select.offset).unwrap_or(usize::MAX);
    let limit = select.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let window = all.iter().copied().skip(offset).take(limit).collect();
    let reading = |path: &Path| {
        let values = states.iter().map(|state| path.value_in(&|steps| state.get().value_at(steps)).to_value());
        let aggregates = vec![
            AggregateFunction::Min(path.clone()),
            AggregateFunction::Max(path.clone()),
            AggregateFunction::Sum(path.clone()),
        ];
        let read = ReadProperty { description: path.to_string(), source: Source::Property(path.clone()), aggregates };
        Reading { read, values: values.collect() }
    };
    let name =
        |state: &PState<T>| definition.variants.get(state.get().variant()).map_or(T::NAME, |variant| variant.type_name);
    let results = ExpectedResults {
        select: select.clone(),
        all,
        window,
        readings: paths(select).iter().map(reading).filter(|reading| are_of_one_type(&reading.values)).collect(),
        types: states.iter().map(name).collect(),
    };
    check_expected(repo, states, &results, Checks::All, &|| format!("{select:?}"))
}

/// The query's order of two rows.
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

/// The paths in its order and its filter, each once, that have a value.
fn paths(select: &Select) -> Vec<Path> {
    let mut paths: Vec<_> = select.order.iter().map(|by| by.path.clone()).collect();
    paths_of(&select.predicate, &mut paths);
    paths.retain(|path| !ends_in_a_variant(path));
    paths
}

fn ends_in_a_variant(path: &Path) -> bool {
    match path.entry() {
        Some((_, rest)) => ends_in_a_variant(rest),
        None => path.steps().last().is_some_and(|step| step.is_variant),
    }
}

fn paths_of(predicate: &Predicate, paths: &mut Vec<Path>) {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().for_each(|part| paths_of(part, paths)),
        Predicate::Not(part) => paths_of(part, paths),
        other => {
            paths.extend(other.path().filter(|path| !paths.contains(path)).cloned().into_iter().collect::<Vec<_>>())
        }
    }
}
