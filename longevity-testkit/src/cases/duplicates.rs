//! No two rows have the same key value, and the error names the key and the value.

use longevity_core::DomainModel;

use super::context::{BackendOf, CaseContext, Tested};
use super::rows::{ObservedRow, all_rows};
use crate::fixture::Fixture;
use crate::keys::Key;
use crate::outcome::{Outcome, Stop, ensure_eq};
use crate::values::ensure_duplicate;

/// A duplicate is not created.
pub(crate) fn on_create<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let (first, second) = context.pair()?;
    repo.create(first.clone())?;
    let before = all_rows::<T, _, _>(&store)?;
    let duplicate = key.copied(&first, second.clone());
    match repo.create(duplicate.clone()) {
        Ok(state) => {
            return Err(Stop::failed(format!("a second row with the same {} was created: {state:?}", key.property)));
        }
        Err(error) => ensure_duplicate(context.definition()?, &first, &duplicate, &error)?,
    }
    ensure_eq!(all_rows::<T, _, _>(&store)?, before, "the rows after a refused create");
    // The refused create must leave nothing behind: its other key values are free.
    repo.create(second)?;
    Ok(())
}

/// A row is not updated to a key value that another row has. Its state is returned, and can be corrected.
pub(crate) fn on_update<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let (first, second) = context.pair()?;
    repo.create(first.clone())?;
    let state = repo.create(second.clone())?;
    let before = all_rows::<T, _, _>(&store)?;
    let duplicate = key.copied(&first, second.clone());
    let handed_in = state.set(duplicate.clone());
    let expected = ObservedRow::of(&handed_in);
    let Err(refused) = repo.update(handed_in) else {
        return Err(Stop::failed(format!("an update made a second row with the same {}", key.property)));
    };
    let (error, handed_back) = refused.into_parts();
    ensure_duplicate(context.definition()?, &first, &duplicate, &error)?;
    ensure_eq!(ObservedRow::of(&handed_back), expected, "the state that a refused update hands back");
    ensure_eq!(all_rows::<T, _, _>(&store)?, before, "the rows after a refused update");
    for (value, row) in [(&first, 0), (&second, 1)] {
        let found = key.retrieve(&repo, value)?.map(|state| ObservedRow::of(&state));
        let mut rows = before.clone();
        rows.sort_by_key(|row| !row.holds(&first));
        ensure_eq!(found, Some(rows[row].clone()), "retrieve by {} after a refused update", key.property);
    }
    let mended = repo.update(handed_back.set(second))?;
    ensure_eq!(mended.row_version(), 1, "the row version after the corrected update");
    Ok(())
}
