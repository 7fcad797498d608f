//! Many at once: all or none.

use longevity_core::{DomainModel, Error};

use super::room::{BackendOf, Room, Tested};
use super::rows::{SeenRow, all_rows, seen};
use crate::fixture::Fixture;
use crate::keys::Key;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};
use crate::values::ensure_duplicate;

fn has_batches<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome<bool> {
    use longevity_core::backend::Backend;
    Ok(room.open()?.asynchronous().backend().capabilities().atomic_batches)
}

/// All are created, in their order. A back end without batches refuses.
pub(crate) fn all<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome {
    let store = room.open()?;
    let repo = store.repo::<T>();
    let samples = room.samples()?;
    if !has_batches(room)? {
        let refused = repo.create_many(samples);
        ensure!(matches!(refused, Err(Error::Unsupported { .. })), "expected a refusal, not {refused:?}");
        ensure_eq!(all_rows::<T, _, _>(&store)?, vec![], "the rows after a refused create_many");
        return Ok(());
    }
    let states = repo.create_many(samples.clone())?;
    ensure_eq!(states.len(), samples.len(), "the number of created states");
    for (state, sample) in states.iter().zip(&samples) {
        ensure!(SeenRow::of(state).holds(sample), "the states are not in the order of the values: {state:?}");
    }
    let rows: Vec<_> = states.iter().map(SeenRow::of).collect();
    ensure!(rows.windows(2).all(|pair| pair[0].id < pair[1].id), "the ids do not ascend: {rows:?}");
    ensure_eq!(seen(&repo)?, rows, "the rows after create_many");
    ensure_eq!(repo.create_many(Vec::new())?.len(), 0, "the states of an empty batch");
    ensure_eq!(all_rows::<T, _, _>(&store)?, rows, "the rows after an empty batch");
    for key in room.keys() {
        for state in &states {
            let found = key.retrieve(&repo, state.get())?.map(|state| state.id());
            ensure_eq!(found, Some(state.id()), "retrieve by {} after create_many", key.property);
        }
    }
    Ok(())
}

/// None is created if one has the key value of a stored row, or of another in the batch, wherever it stands.
pub(crate) fn none<M: DomainModel, T: Tested<M>, F: Fixture>(
    room: &Room<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    if !has_batches(room)? {
        return Err(Stop::Skipped("the back end has no atomic batches; `create many` proves that it refuses".into()));
    }
    let definition = room.definition()?;
    let samples = room.samples()?;
    let [stored, rest @ ..] = samples.as_slice() else { return Err(Stop::failed("no samples")) };
    for position in 0..rest.len() {
        // Of a stored row. The duplicate takes its sample's place, so that it collides in nothing else.
        let store = room.open()?;
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
        // Nothing of the refused batch stays in the indexes.
        repo.create_many(rest.to_vec())?;
        ensure_eq!(all_rows::<T, _, _>(&store)?.len(), samples.len(), "the rows after the batch without duplicates");
    }
    for position in 0..samples.len() {
        // Of another in the batch.
        let store = room.open()?;
        let repo = store.repo::<T>();
        let mut batch = samples.clone();
        let other = samples[(position + 1) % samples.len()].clone();
        batch[position] = key.copied(&other, batch[position].clone());
        let duplicate = batch[position].clone();
        match repo.create_many(batch) {
            Ok(_) => return Err(Stop::failed(format!("a duplicate within the batch at {position} was created"))),
            Err(error) => ensure_duplicate(definition, &other, &duplicate, &error)?,
        }
        ensure_eq!(all_rows::<T, _, _>(&store)?, vec![], "the rows after a batch that was refused for itself");
    }
    Ok(())
}
