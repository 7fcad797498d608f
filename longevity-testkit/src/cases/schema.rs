//! Creating a schema again destroys nothing, and keys still hold.

use longevity_core::DomainModel;

use super::context::{CaseContext, Tested};
use super::rows::all_rows;
use crate::fixture::Fixture;
use crate::outcome::{Outcome, ensure, ensure_eq};

pub(crate) fn create_again<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open_without_schema()?;
    context.create_schema(&store)?;
    let repo = store.repo::<T>();
    let (sample, other) = context.pair()?;
    repo.create(sample.clone())?;
    let before = all_rows::<T, _, _>(&store)?;
    store.create_schema()?;
    store.create_schema()?;
    ensure_eq!(all_rows::<T, _, _>(&store)?, before, "the rows after creating the schema again");
    for key in context.keys() {
        ensure!(key.retrieve(&repo, &sample)?.is_some(), "{} no longer finds its row", key.property);
        let duplicate = repo.create(key.copied(&sample, other.clone()));
        ensure!(
            duplicate.as_ref().is_err_and(longevity_core::Error::is_duplicate_key),
            "expected a duplicate {}, not {duplicate:?}",
            key.property
        );
    }
    Ok(())
}
