//! Stores without optimistic locking, and stores with timestamps.

use longevity_core::{DomainModel, Error, Options, Timestamp};

use super::context::{CaseContext, Tested};
use super::rows::{ObservedRow, all_rows};
use super::stale::Write;
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};

/// Without optimistic locking the last writer wins, and versions still count.
pub(crate) fn last_writer_wins<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open_with(Options::default().optimistic_locking(false))?;
    let repo = store.repo::<T>();
    let (sample, other) = context.pair()?;
    let other = context.next_of(&sample, &other)?;
    let state = repo.create(sample.clone())?;
    repo.update(state.clone().set(other))?;
    let last = repo.update(state.clone().set(sample.clone()))?;
    ensure_eq!(last.row_version(), 2, "the row version after two updates");
    ensure!(ObservedRow::of(&last).holds(&sample), "update returned another value: {last:?}");
    ensure_eq!(all_rows::<T, _, _>(&store)?, vec![ObservedRow::of(&last)], "the rows after the last update");
    repo.delete(state)?;
    ensure_eq!(all_rows::<T, _, _>(&store)?, vec![], "the rows after a delete from an old state");
    Ok(())
}

/// Without optimistic locking too, a write to a deleted row is an error.
pub(crate) fn missing<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    write: Write,
) -> Outcome {
    let store = context.open_with(Options::default().optimistic_locking(false))?;
    let repo = store.repo::<T>();
    let (sample, other) = context.pair()?;
    let state = repo.create(sample)?;
    repo.create(other)?;
    repo.delete(state.clone())?;
    let before = all_rows::<T, _, _>(&store)?;
    let expected = ObservedRow::of(&state);
    let result = match write {
        Write::Update => repo.update(state).map(drop),
        Write::Delete => repo.delete(state).map(drop),
    };
    let Err(refused) = result else {
        return Err(Stop::failed(format!("the {write} of a deleted row succeeded")));
    };
    let (error, handed_back) = refused.into_parts();
    match &error {
        Error::NotFound { type_name, .. } => ensure_eq!(*type_name, T::NAME, "the type of the missing row"),
        other => return Err(Stop::failed(format!("expected not found, not: {other}"))),
    }
    ensure_eq!(ObservedRow::of(&handed_back), expected, "the state that is handed back");
    ensure_eq!(all_rows::<T, _, _>(&store)?, before, "the rows after a refused {write}");
    Ok(())
}

/// Rows keep when they were created, and when they were last written.
pub(crate) fn timestamps<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open_with(Options::default().timestamps(true))?;
    let repo = store.repo::<T>();
    let (sample, other) = context.pair()?;
    let before_create = Timestamp::now();
    let created = repo.create(sample.clone())?;
    let (Some(created_at), Some(updated_at)) = (created.created_at(), created.updated_at()) else {
        return Err(Stop::failed(format!("a created state has no timestamps: {created:?}")));
    };
    ensure_eq!(created_at, updated_at, "the timestamps of a created state");
    ensure!(created_at >= before_create, "created_at {created_at} is before the create at {before_create}");
    ensure_eq!(all_rows::<T, _, _>(&store)?, vec![ObservedRow::of(&created)], "the created row with its timestamps");

    let mut before_update = Timestamp::now();
    while before_update <= created_at {
        before_update = Timestamp::now();
    }
    let next = context.next_of(&sample, &other)?;
    let updated = repo.update(created.set(next))?;
    ensure_eq!(updated.created_at(), Some(created_at), "created_at after an update");
    ensure!(
        updated.updated_at().is_some_and(|updated_at| updated_at >= before_update),
        "updated_at {:?} is before the update at {before_update}",
        updated.updated_at()
    );
    ensure_eq!(all_rows::<T, _, _>(&store)?, vec![ObservedRow::of(&updated)], "the updated row with its timestamps");
    ensure_eq!(repo.find(T::query())?.len(), 1, "the rows that {} finds", T::NAME);
    Ok(())
}
