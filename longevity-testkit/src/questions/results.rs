//! What a query means besides its rows: what stands on its pages, values of single properties, figures over groups.

use std::collections::BTreeMap;
use std::fmt::Debug;

use longevity_core::backend::Backend;
use longevity_core::blocking::Repo;
use longevity_core::query::{Predicate, Query, Select, by_type};
use longevity_core::table::TableDefinition;
use longevity_core::{Error, PState, Path, PersistentType, RowId, Value};

use super::meaning::expected;
use crate::untyped::{AllFigures, Figures, Untyped};

/// Of so many parts a query is told: pages, and properties.
const PARTS: usize = 3;

/// Why what a repository gives is not what the query means.
pub(super) enum Unlike {
    /// How it was asked, what was found, and what was expected.
    Differs {
        way: String,
        found: String,
        expected: String,
    },
    Failed(Error),
}

impl From<Error> for Unlike {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn same<T: PartialEq + Debug>(way: impl Into<String>, found: &T, expected: &T) -> Result<(), Unlike> {
    if found == expected {
        return Ok(());
    }
    Err(Unlike::Differs { way: way.into(), found: format!("{found:?}"), expected: format!("{expected:?}") })
}

/// Fails unless the repository gives what the query means besides its rows.
pub(super) fn agree<T: PersistentType, B: Backend>(
    definition: &TableDefinition,
    repo: &Repo<T, B>,
    states: &[PState<T>],
    select: &Select,
) -> Result<(), Unlike> {
    on_pages(definition, repo, states, select)?;
    let mut paths: Vec<_> = select.order.iter().map(|by| by.path.clone()).collect();
    asked_for(&select.predicate, &mut paths);
    // Without what is in a variant and has no value of its own.
    paths.retain(|path| !ends_in_a_variant(path));
    paths.truncate(PARTS);
    if paths.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = expected(definition, states, select).into_iter().map(|row| states[row].get()).collect();
    values_of(repo, select, &paths, &rows)?;
    figures_of(definition, repo, select, &paths, &rows)
}

fn ends_in_a_variant(path: &Path) -> bool {
    match path.entry() {
        Some((_, rest)) => ends_in_a_variant(rest),
        None => path.steps().last().is_some_and(|step| step.is_variant),
    }
}

/// To the last page and back.
fn on_pages<T: PersistentType, B: Backend>(
    definition: &TableDefinition,
    repo: &Repo<T, B>,
    states: &[PState<T>],
    select: &Select,
) -> Result<(), Unlike> {
    let all = Select { offset: 0, limit: None, ..select.clone() };
    let expected: Vec<_> = expected(definition, states, &all).into_iter().map(|row| states[row].id()).collect();
    let size = expected.len().div_ceil(PARTS).max(1);
    let wanted: Vec<&[RowId]> = if expected.is_empty() { vec![&[]] } else { expected.chunks(size).collect() };
    let query = || Query::from_select(Select { limit: Some(size as u64), ..all.clone() });
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

fn value_at<T: PersistentType>(row: &T, path: &Path) -> Value {
    path.value_in(&|steps| row.value_at(steps)).to_value()
}

fn values_of<T: PersistentType, B: Backend>(
    repo: &Repo<T, B>,
    select: &Select,
    paths: &[Path],
    rows: &[&T],
) -> Result<(), Unlike> {
    let expected: Vec<Vec<Value>> =
        rows.iter().map(|row| paths.iter().map(|path| value_at(*row, path)).collect()).collect();
    let found = repo.project(Query::from_select(select.clone()), Untyped(paths))?;
    let identical = found.len() == expected.len()
        && found.iter().flatten().zip(expected.iter().flatten()).all(|(a, b)| a.is_identical(b));
    if identical {
        return Ok(());
    }
    let (way, found, expected) =
        (format!("values of {}", listed(paths)), format!("{found:?}"), format!("{expected:?}"));
    Err(Unlike::Differs { way, found, expected })
}

fn figures_of<T: PersistentType, B: Backend>(
    definition: &TableDefinition,
    repo: &Repo<T, B>,
    select: &Select,
    paths: &[Path],
    rows: &[&T],
) -> Result<(), Unlike> {
    let key = &paths[..1];
    let mut groups: BTreeMap<(String, Vec<Value>), Vec<&T>> = BTreeMap::new();
    for row in rows {
        let name = definition.variants.get(row.variant()).map_or(T::NAME, |variant| variant.type_name);
        groups.entry((name.to_owned(), vec![value_at(*row, &key[0])])).or_default().push(row);
    }
    let figures = |(key, rows): ((String, Vec<Value>), Vec<&T>)| {
        let each = paths.iter().map(|path| figures(rows.iter().map(|row| value_at(*row, path)))).collect();
        (key, (rows.len() as u64, each))
    };
    let expected: Vec<(_, (u64, Vec<Figures>))> = groups.into_iter().map(figures).collect();
    let mut found = repo.group(Query::from_select(select.clone()), (by_type(), Untyped(key)), AllFigures(paths))?;
    // The nearest float to the exact sum has tests of its own.
    found.iter_mut().flat_map(|(_, (_, each))| each).for_each(|figures| figures.floats = 0.0);
    same(format!("figures of {}", listed(paths)), &found, &expected)
}

fn figures(values: impl Iterator<Item = Value>) -> Figures {
    let mut figures = Figures { least: None, greatest: None, integers: 0, floats: 0.0 };
    for value in values.filter(|value| !value.is_none()) {
        figures.integers += match value {
            Value::Int(number) => i128::from(number),
            Value::UInt(number) => i128::from(number),
            _ => 0,
        };
        if figures.least.as_ref().is_none_or(|least| value < *least) {
            figures.least = Some(value.clone());
        }
        if figures.greatest.as_ref().is_none_or(|greatest| value > *greatest) {
            figures.greatest = Some(value);
        }
    }
    figures
}

fn listed(paths: &[Path]) -> String {
    paths.iter().map(Path::to_string).collect::<Vec<_>>().join(", ")
}

/// The paths that a filter asks for.
fn asked_for(predicate: &Predicate, paths: &mut Vec<Path>) {
    match predicate {
        Predicate::Compare { path, .. }
        | Predicate::In { path, .. }
        | Predicate::Text { path, .. }
        | Predicate::Contains { path, .. }
        | Predicate::Length { path, .. }
            if !paths.contains(path) =>
        {
            paths.push(path.clone());
        }
        Predicate::And(parts) | Predicate::Or(parts) => parts.iter().for_each(|part| asked_for(part, paths)),
        Predicate::Not(part) => asked_for(part, paths),
        _ => {}
    }
}
