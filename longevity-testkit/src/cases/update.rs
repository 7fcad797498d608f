//! Updates: the new value is found, by its new key values and not by the old ones.

use longevity_core::DomainModel;

use super::context::{BackendOf, CaseContext, Tested};
use super::rows::{ObservedRow, all_rows, rows_of};
use crate::fixture::Fixture;
use crate::keys::Key;
use crate::outcome::{Outcome, ensure, ensure_eq};

/// Every row is updated to the value of another sample.
pub(crate) fn update<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let samples = context.samples()?;
    let (stored, next) = samples.split_at(samples.len() / 2);
    let states = stored.iter().map(|sample| repo.create(sample.clone())).collect::<Result<Vec<_>, _>>()?;
    let mut expected = Vec::new();
    for (state, next) in states.into_iter().zip(next) {
        let (id, next) = (state.id(), context.next_of(state.get(), next)?);
        let updated = repo.update(state.set(next.clone()))?;
        ensure_eq!((updated.id(), updated.row_version()), (id, 1), "id and row version after an update");
        ensure!(ObservedRow::of(&updated).holds(&next), "update returned another value: {updated:?}");
        expected.push(ObservedRow::of(&updated));
    }
    expected.sort_by_key(|row| row.id);
    ensure_eq!(rows_of(&repo)?, expected, "the rows that {} finds after updates", T::NAME);
    ensure_eq!(all_rows::<T, _, _>(&store)?, expected, "the rows of the table after updates");
    Ok(())
}

/// The new key value finds the row. The old one does not, and is free for another row.
pub(crate) fn key_moves<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let (old, other) = context.pair()?;
    let state = repo.create(old.clone())?;
    let new = key.copied(&other, old.clone());
    let updated = repo.update(state.set(new.clone()))?;
    let found = key.retrieve(&repo, &new)?.map(|state| ObservedRow::of(&state));
    ensure_eq!(found, Some(ObservedRow::of(&updated)), "retrieve by the new {}", key.property);
    ensure!(key.retrieve(&repo, &old)?.is_none(), "the old {} still finds the row", key.property);
    for same in context.keys().iter().filter(|same| same.key_val != key.key_val) {
        let found = same.retrieve(&repo, &new)?.map(|state| ObservedRow::of(&state));
        ensure_eq!(found, Some(ObservedRow::of(&updated)), "retrieve by {}, which did not change", same.property);
    }
    let heir = repo.create(key.copied(&old, other))?;
    let found = key.retrieve(&repo, &old)?.map(|state| state.id());
    ensure_eq!(found, Some(heir.id()), "retrieve by the {} that another row took over", key.property);
    Ok(())
}

/// A row's own key values are not duplicates in an update of that row.
pub(crate) fn same_keys<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let (sample, other) = context.pair()?;
    let mut state = repo.create(sample.clone())?;
    repo.create(other)?;
    for version in 1..=3 {
        state = repo.update(state)?;
        ensure_eq!(state.row_version(), version, "the row version after an update that changes nothing");
    }
    ensure!(ObservedRow::of(&state).holds(&sample), "an update that changes nothing changed the value");
    for key in context.keys() {
        let found = key.retrieve(&repo, &sample)?.map(|state| ObservedRow::of(&state));
        ensure_eq!(found, Some(ObservedRow::of(&state)), "retrieve by {}", key.property);
    }
    Ok(())
}
