//! Creates of many rows at once: all are created, or none.

use longevity_core::{DomainModel, Error};

use super::context::{BackendOf, CaseContext, Tested};
use super::rows::{ObservedRow, all_rows, rows_of};
use crate::fixture::Fixture;
use crate::keys::Key;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};
use crate::values::ensure_duplicate;

fn has_batches<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome<bool> {
    use longevity_core::backend::Backend;
    Ok(context.open()?.asynchronous().backend().capabilities().atomic_batches)
}

/// All rows are created, in the order of the values. A back end without atomic batches refuses.
pub(crate) fn all<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let samples = context.samples()?;
    if !has_batches(context)? {
        let refused = repo.create_many(samples);
        ensure!(matches!(refused, Err(Error::Unsupported { .. })), "expected a refusal, not {refused:?}");
        ensure_eq!(all_rows::<T, _, _>(&store)?, vec![], "the rows after a refused create_many");
        return Ok(());
    }
    let states = repo.create_many(samples.clone())?;
    ensure_eq!(states.len(), samples.len(), "the number of created states");
    for (state, sample) in states.iter().zip(&samples) {
        ensure!(ObservedRow::of(state).holds(sample), "the states are not in the order of the values: {state:?}");
    }
    let rows: Vec<_> = states.iter().map(ObservedRow::of).collect();
    ensure!(rows.windows(2).all(|pair| pair[0].id < pair[1].id), "the ids do not ascend: {rows:?}");
    ensure_eq!(rows_of(&repo)?, rows, "the rows after create_many");
    ensure_eq!(repo.create_many(Vec::new())?.len(), 0, "the states of an empty batch");
    ensure_eq!(all_rows::<T, _, _>(&store)?, rows, "the rows after an empty batch");
    for key in context.keys() {
        for state in &states {
            let found = key.retrieve(&repo, state.get())?.map(|state| state.id());
            ensure_eq!(found, Some(state.id()), "retrieve by {} after create_many", key.property);
        }
    }
    Ok(())
}

/// No row is created if one has the key value of a stored row, or of another in the batch, wherever it is in the batch.
pub(crate) fn none<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    if !has_batches(context)? {
        return Err(Stop::Skipped("the back end has no atomic batches; `create many` proves that it refuses".into()));
    }
    let definition = context.definition()?;
    let samples = context.samples()?;
    let [stored, rest @ ..] = samples.as_slice() else { return Err(Stop::failed("no samples")) };
    for position in 0..rest.len() {
        // A duplicate of a stored row. It replaces its sample, so that it collides in no other key.
        let store = context.open()?;
        let repo = store.repo::<T>();
        repo.create(stored.clone())?;
        let before = all_rows::<T, _, _>(&store)?;
        let mut batch = rest.to_vec();
        batch[position] = key.copied(stored, batch[position].clone());
        let duplicate = batch[position].clone();
        match repo.create_many(batch) {
            Ok(_) => return Err(Stop::failed(format!("a duplicate at {position} was created"))),
            Err(error) => ensure_duplicate(definition, stored, &duplicate, &error)?,
        }
        ensure_eq!(all_rows::<T, _, _>(&store)?, before, "the rows after a refused batch");
        // The refused batch must leave nothing in the indexes.
        repo.create_many(rest.to_vec())?;
        ensure_eq!(all_rows::<T, _, _>(&store)?.len(), samples.len(), "the rows after the batch without duplicates");
    }
    for position in 0..samples.len() {
        // A duplicate of another value in the batch.
        let store = context.open()?;
        let repo = store.repo::<T>();
        let mut batch = samples.clone();
        let other = samples[(position + 1) % samples.len()].clone();
        batch[position] = key.copied(&other, batch[position].clone());
        let duplicate = batch[position].clone();
        match repo.create_many(batch) {
            Ok(_) => return Err(Stop::failed(format!("a duplicate within the batch at {position} was created"))),
            Err(error) => ensure_duplicate(definition, &other, &duplicate, &error)?,
        }
        ensure_eq!(all_rows::<T, _, _>(&store)?, vec![], "the rows after a batch with a duplicate within it");
    }
    Ok(())
}
