//! Many rows replaced and deleted at once: all or none.

use std::borrow::Cow;

use longevity_core::backend::{Backend, Target, Write, WriteFailure};
use longevity_core::query::{Predicate, Query, Select};
use longevity_core::value::Comparison;
use longevity_core::{DomainModel, PState, RowContent, Value};

use super::keys::Key;
use super::planting::{Handle, handle};
use super::room::{BackendOf, Room, Tested};
use super::rows::{all_rows, whole};
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};

/// A delete by query takes what the query finds and nothing else, and frees its keys.
pub(crate) fn delete_by_query<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome {
    let store = room.open()?;
    ensure_batches(&store)?;
    let repo = store.repo::<T>();
    let samples = room.samples()?;
    let states = samples.iter().map(|sample| repo.create(sample.clone())).collect::<Result<Vec<_>, _>>()?;
    let before = all_rows::<T, _, _>(&store)?;
    let gone: Vec<_> = states.iter().step_by(2).map(PState::id).collect();
    let is_gone = |predicate: Predicate, id: &longevity_core::RowId| {
        predicate.or(Predicate::Id { comparison: Comparison::Eq, id: *id })
    };
    let query = || Query::from_select(Select::of(gone.iter().fold(Predicate::Nothing, is_gone)));
    ensure_eq!(repo.delete_where(query())?, gone.len() as u64, "how many were deleted");
    let left: Vec<_> = before.into_iter().filter(|row| !gone.contains(&row.id)).collect();
    ensure_eq!(all_rows::<T, _, _>(&store)?, left, "the rows that were not deleted");
    ensure_eq!(repo.delete_where(query())?, 0, "how many were deleted again");
    for sample in samples.into_iter().step_by(2) {
        repo.create(sample)?;
    }
    Ok(())
}

/// One that fails takes back what was done before it: by a duplicate of this key, and by a version that somebody else raised.
pub(crate) fn all_or_none<M: DomainModel, T: Tested<M>, F: Fixture>(
    room: &Room<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = room.open()?;
    ensure_batches(&store)?;
    let repo = store.repo::<T>();
    let samples = room.samples()?;
    let states = samples.iter().map(|sample| repo.create(sample.clone())).collect::<Result<Vec<_>, _>>()?;
    let [first, second, ..] = states.as_slice() else { return Err(Stop::failed("fewer than two samples")) };
    let before = all_rows::<T, _, _>(&store)?;
    let Handle { backend, definition, table } = handle::<T, _, _>(&store)?;
    let content = |value: &T| -> Outcome<_> {
        let variant = value.variant();
        let names = definition.variants.get(variant).and_then(|variant| variant.discriminators);
        let columns = definition.columns.iter().map(|column| match column.variant {
            Some(other) if other != variant => Value::None(0),
            _ => value.value_at(column.path.steps()).to_value(),
        });
        Ok(RowContent {
            discriminator: names.and_then(|names| names.first().copied()).map(Cow::Borrowed),
            doc: value.encode(backend)?,
            columns: columns.collect(),
            written_at: None,
        })
    };
    let primary_key = |state: &PState<T>| -> Option<Vec<Value>> {
        let columns = &definition.indexes[definition.primary_key.as_ref()?.index].columns;
        let value = |column: &usize| state.get().value_at(definition.columns[*column].path.steps()).to_value();
        Some(columns.iter().map(value).collect())
    };
    let keys = [first, second].map(primary_key);
    let target = |position: usize, version: u64| Target {
        id: states[position].id(),
        version: Some(version),
        scope: T::DISCRIMINATORS,
        primary_key: keys[position].as_deref(),
    };
    let duplicate = key.copied(first.get(), second.get().clone());
    ensure!(!whole(&duplicate).is_identical(&whole(second.get())), "the samples do not differ in {}", key.property);
    let attempts = [
        vec![Write::Replace(target(0, 0), content(first.get())?), Write::Replace(target(1, 0), content(&duplicate)?)],
        vec![Write::Delete(target(0, 0)), Write::Replace(target(1, 7), content(second.get())?)],
        vec![Write::Replace(target(0, 0), content(first.get())?), Write::Delete(target(1, 7))],
        // The first that fails is told, whatever is wrong with those after it.
        vec![Write::Replace(target(0, 7), content(first.get())?), Write::Replace(target(1, 0), content(&duplicate)?)],
        vec![Write::Delete(target(1, 7)), Write::Delete(target(0, 7))],
    ];
    for (number, writes) in attempts.into_iter().enumerate() {
        match backend.block_on(backend.write_many(table, writes)) {
            Err((1, WriteFailure::Duplicate(_))) if number == 0 => {}
            Err((1, WriteFailure::Stale { found: 0 })) if (1..3).contains(&number) => {}
            Err((0, WriteFailure::Stale { found: 0 })) if number >= 3 => {}
            other => return Err(Stop::failed(format!("attempt {number} gave {other:?}"))),
        }
        ensure_eq!(all_rows::<T, _, _>(&store)?, before, "the rows after attempt {number}");
        for state in [first, second] {
            let found = key.retrieve(&repo, state.get())?.map(|found| found.id());
            ensure_eq!(found, Some(state.id()), "retrieve by {} after attempt {number}", key.property);
        }
    }
    let both = vec![Write::Replace(target(1, 0), content(second.get())?), Write::Delete(target(0, 0))];
    if let Err(failure) = backend.block_on(backend.write_many(table, both)) {
        return Err(Stop::failed(format!("both could be done: {failure:?}")));
    }
    let gone = [
        vec![Write::Delete(target(1, 1)), Write::Delete(target(0, 0))],
        vec![Write::Replace(target(1, 1), content(second.get())?), Write::Replace(target(0, 0), content(first.get())?)],
        vec![Write::Delete(target(0, 0)), Write::Delete(target(1, 7))],
    ];
    for (number, (writes, at)) in gone.into_iter().zip([1, 1, 0]).enumerate() {
        match backend.block_on(backend.write_many(table, writes)) {
            Err((position, WriteFailure::Missing)) if position == at => {}
            other => return Err(Stop::failed(format!("attempt {number} on a row that is gone gave {other:?}"))),
        }
    }
    let after = all_rows::<T, _, _>(&store)?;
    ensure_eq!(after.len(), before.len() - 1, "the rows after a replacement and a delete");
    ensure!(after.iter().any(|row| row.id == second.id() && row.version == 1), "the row version went up: {after:?}");
    Ok(())
}

fn ensure_batches<M: DomainModel, B: Backend>(store: &longevity_core::blocking::Longevity<M, B>) -> Outcome {
    if store.asynchronous().backend().capabilities().atomic_batches {
        return Ok(());
    }
    Err(Stop::Skipped("the back end has no atomic batches; `refuse absent capabilities` proves that it refuses".into()))
}
