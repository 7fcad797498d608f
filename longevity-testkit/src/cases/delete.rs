//! Deletes: the row is gone by every way there is, and its key values are free.

use longevity_core::DomainModel;

use super::room::{Room, Tested};
use super::rows::{SeenRow, all_rows, seen};
use crate::fixture::Fixture;
use crate::outcome::{Outcome, ensure, ensure_eq};
use crate::values::whole;

pub(crate) fn delete<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome {
    let store = room.open()?;
    let repo = store.repo::<T>();
    let (sample, other) = room.pair()?;
    let state = repo.create(sample.clone())?;
    let stays = repo.create(other)?;
    let id = state.id();
    let value = repo.delete(state)?;
    ensure!(whole(&value).is_identical(&whole(&sample)), "delete gave back another value: {value:?}");
    for key in room.keys() {
        ensure!(key.retrieve(&repo, &sample)?.is_none(), "{} still finds the deleted row", key.property);
        let found = key.retrieve(&repo, stays.get())?.map(|state| SeenRow::of(&state));
        ensure_eq!(found, Some(SeenRow::of(&stays)), "retrieve by {} of the row that stays", key.property);
    }
    ensure_eq!(seen(&repo)?, vec![SeenRow::of(&stays)], "the rows after a delete");
    ensure_eq!(all_rows::<T, _, _>(&store)?, vec![SeenRow::of(&stays)], "the rows of the table after a delete");
    ensure_eq!(repo.count(T::query())?, 1, "the count after a delete");
    let again = repo.create(sample)?;
    ensure!(again.id() != id, "a new row has the id of a deleted one: a state of the old would write to the new");
    ensure_eq!(again.row_version(), 0, "the row version of a new row with old key values");
    Ok(())
}
