//! Writers in tasks that the threads of a runtime share.

use longevity_core::backend::Backend;
use longevity_core::{DomainModel, PState, Repo};

use super::room::{Room, Tested};
use super::rows::{SeenRow, all_rows};
use crate::facade::in_tasks;
use crate::fixture::Fixture;
use crate::outcome::{Outcome, ensure_eq};

/// Each value is created, updated and looked at in a task of its own; every second row is deleted again. What was
/// acknowledged is there.
pub(crate) fn write<M: DomainModel, T: Tested<M>, F: Fixture>(room: &Room<T, M, F>) -> Outcome {
    let store = room.open()?;
    let repo = store.asynchronous().repo::<T>();
    let tasks = room.samples()?.into_iter().enumerate().map(|(position, sample)| {
        let repo = repo.clone();
        async move { life(&repo, sample, position % 2 == 1).await }
    });
    let mut expected: Vec<_> =
        in_tasks(tasks)?.into_iter().collect::<Outcome<Vec<_>>>()?.into_iter().flatten().collect();
    expected.sort_by_key(|row| row.id);
    ensure_eq!(all_rows::<T, _, _>(&store)?, expected, "the rows that tasks acknowledged");
    Ok(())
}

/// The row at the end; `None` if it is deleted.
async fn life<M, T: Tested<M>, B: Backend>(repo: &Repo<T, B>, value: T, deleted: bool) -> Outcome<Option<SeenRow>> {
    let created = repo.create(value).await?;
    let updated = repo.update(created).await?;
    let mut stream = repo.stream(T::query());
    let mut streamed = Vec::new();
    while let Some(state) = stream.next().await {
        streamed.extend(Some(state?).filter(|state| state.id() == updated.id()));
    }
    let seen = |states: &[PState<T>]| states.iter().map(SeenRow::of).collect::<Vec<_>>();
    ensure_eq!(seen(&streamed), vec![SeenRow::of(&updated)], "the row of a task in its stream");
    let mut found = repo.find(T::query()).await?;
    found.retain(|state| state.id() == updated.id());
    ensure_eq!(seen(&found), seen(&streamed), "the row of a task among those that it finds");
    if deleted {
        repo.delete(updated).await?;
        return Ok(None);
    }
    Ok(Some(SeenRow::of(&updated)))
}
