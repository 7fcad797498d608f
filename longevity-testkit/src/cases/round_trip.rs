//! Every operation returns stored values as they were, bit for bit.

use longevity_core::{DomainModel, Error};

use super::context::{BackendOf, CaseContext, Tested};
use super::rows::{ObservedRow, all_rows, rows_of};
use crate::fixture::Fixture;
use crate::keys::Key;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};

/// Created persistents are found as they were created, through the type's repository and through its root's.
pub(crate) fn create<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let mut created = Vec::new();
    for sample in context.samples()? {
        let state = repo.create(sample.clone())?;
        let row = ObservedRow::of(&state);
        ensure!(row.holds(&sample), "create returned another value: {:?} for {sample:?}", state.get());
        ensure_eq!(row.version, 0, "the row version after create");
        ensure_eq!((row.created_at, row.updated_at), (None, None), "timestamps of a store that keeps none");
        created.push(row);
    }
    created.sort_by_key(|row| row.id);
    ensure!(created.windows(2).all(|pair| pair[0].id != pair[1].id), "two rows have one id: {created:?}");
    ensure_eq!(rows_of(&repo)?, created, "the rows that {} finds after creating", T::NAME);
    ensure_eq!(all_rows::<T, _, _>(&store)?, created, "the rows of the table after creating");
    Ok(())
}

/// Each key value retrieves its persistent, and no other.
pub(crate) fn retrieve<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let samples = context.samples()?;
    let states = samples.iter().map(|sample| repo.create(sample.clone())).collect::<Result<Vec<_>, _>>()?;
    for state in &states {
        let expected = ObservedRow::of(state);
        let found = key.retrieve(&repo, state.get())?;
        ensure_eq!(found.as_ref().map(ObservedRow::of), Some(expected.clone()), "retrieve by {}", key.property);
        let found = key.retrieve_one(&repo, state.get())?;
        ensure_eq!(ObservedRow::of(&found), expected, "retrieve_one by {}", key.property);
    }
    Ok(())
}

/// A key value that no row has retrieves nothing, or is an error that names the key.
pub(crate) fn retrieve_absent<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let (present, absent) = context.pair()?;
    ensure!(key.retrieve(&repo, &present)?.is_none(), "retrieve by {} found a row in an empty table", key.property);
    repo.create(present)?;
    ensure!(key.retrieve(&repo, &absent)?.is_none(), "retrieve by {} found a row without the value", key.property);
    let definition = context.definition()?;
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
