//! What is stored comes back, bit for bit, by every way there is.

use longevity_core::{DomainModel, Error};

use super::room::{BackendOf, Room, Tested};
use super::rows::{SeenRow, all_rows, seen};
use crate::fixture::Fixture;
use crate::keys::Key;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};

/// Created persistents are found as they were created, through the type's repository and through its root's.
pub(crate) fn create<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome {
    let store = room.open()?;
    let repo = store.repo::<T>();
    let mut created = Vec::new();
    for sample in room.samples()? {
        let state = repo.create(sample.clone())?;
        let row = SeenRow::of(&state);
        ensure!(row.holds(&sample), "create gave back another value: {:?} for {sample:?}", state.get());
        ensure_eq!(row.version, 0, "the row version after create");
        ensure_eq!((row.created_at, row.updated_at), (None, None), "timestamps of a store that keeps none");
        created.push(row);
    }
    created.sort_by_key(|row| row.id);
    ensure!(created.windows(2).all(|pair| pair[0].id != pair[1].id), "two rows have one id: {created:?}");
    ensure_eq!(seen(&repo)?, created, "the rows that {} finds after creating", T::NAME);
    ensure_eq!(all_rows::<T, _, _>(&store)?, created, "the rows of the table after creating");
    Ok(())
}

/// Each persistent is retrieved by its key value, and no other one is.
pub(crate) fn retrieve<M: DomainModel, T: Tested<M>, F: Fixture>(
    room: &Room<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = room.open()?;
    let repo = store.repo::<T>();
    let samples = room.samples()?;
    let states = samples.iter().map(|sample| repo.create(sample.clone())).collect::<Result<Vec<_>, _>>()?;
    for state in &states {
        let expected = SeenRow::of(state);
        let found = key.retrieve(&repo, state.get())?;
        ensure_eq!(found.as_ref().map(SeenRow::of), Some(expected.clone()), "retrieve by {}", key.property);
        let found = key.retrieve_one(&repo, state.get())?;
        ensure_eq!(SeenRow::of(&found), expected, "retrieve_one by {}", key.property);
    }
    Ok(())
}

/// A key value that no row has: nothing, or an error that says so.
pub(crate) fn retrieve_absent<M: DomainModel, T: Tested<M>, F: Fixture>(
    room: &Room<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = room.open()?;
    let repo = store.repo::<T>();
    let (present, absent) = room.pair()?;
    ensure!(key.retrieve(&repo, &present)?.is_none(), "retrieve by {} found a row in an empty table", key.property);
    repo.create(present)?;
    ensure!(key.retrieve(&repo, &absent)?.is_none(), "retrieve by {} found a row without the value", key.property);
    let definition = room.definition()?;
    let property = definition.key(key.key_val).map(|index| definition.indexes[index].property());
    let property = property.ok_or_else(|| Stop::failed("the table has no such key"))?;
    match key.retrieve_one(&repo, &absent) {
        Ok(state) => Err(Stop::failed(format!("retrieve_one by {} found {state:?}", key.property))),
        Err(Error::NotFound { type_name, what }) => {
            ensure_eq!(type_name, T::NAME, "the type that is not found");
            ensure!(what.contains(&property), "the error does not name the key {property}: {what}");
            Ok(())
        }
        Err(other) => Err(Stop::failed(format!("expected not found, not: {other}"))),
    }
}
