//! Deletes: no operation finds the row, and its key values are free.

use longevity_core::DomainModel;

use super::context::{CaseContext, Tested};
use super::rows::{ObservedRow, all_rows, rows_of};
use crate::fixture::Fixture;
use crate::outcome::{Outcome, ensure, ensure_eq};
use crate::values::whole;

pub(crate) fn delete<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let (sample, other) = context.pair()?;
    let state = repo.create(sample.clone())?;
    let stays = repo.create(other)?;
    let id = state.id();
    let value = repo.delete(state)?;
    ensure!(whole(&value).is_identical(&whole(&sample)), "delete returned another value: {value:?}");
    for key in context.keys() {
        ensure!(key.retrieve(&repo, &sample)?.is_none(), "{} still finds the deleted row", key.property);
        let found = key.retrieve(&repo, stays.get())?.map(|state| ObservedRow::of(&state));
        ensure_eq!(found, Some(ObservedRow::of(&stays)), "retrieve by {} of the row that stays", key.property);
    }
    ensure_eq!(rows_of(&repo)?, vec![ObservedRow::of(&stays)], "the rows after a delete");
    ensure_eq!(all_rows::<T, _, _>(&store)?, vec![ObservedRow::of(&stays)], "the rows of the table after a delete");
    ensure_eq!(repo.count(T::query())?, 1, "the count after a delete");
    let again = repo.create(sample)?;
    ensure!(
        again.id() != id,
        "a new row has the id of a deleted row: a state of the old row would write to the new one"
    );
    ensure_eq!(again.row_version(), 0, "the row version of a new row with old key values");
    Ok(())
}
