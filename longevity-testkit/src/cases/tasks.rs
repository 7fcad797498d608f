//! Writers in tasks on the threads of a runtime.

use longevity_core::backend::Backend;
use longevity_core::{DomainModel, PState, Repo};

use super::context::{CaseContext, Tested};
use super::rows::{ObservedRow, all_rows};
use crate::facade::in_tasks;
use crate::fixture::Fixture;
use crate::outcome::{Outcome, ensure_eq};

/// A task for each value creates, updates and reads a row; every second task deletes its row. Acknowledged writes are not lost.
pub(crate) fn write<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    let repo = store.asynchronous().repo::<T>();
    let tasks = context.samples()?.into_iter().enumerate().map(|(position, sample)| {
        let repo = repo.clone();
        async move { life(&repo, sample, position % 2 == 1).await }
    });
    let mut expected: Vec<_> =
        in_tasks(tasks)?.into_iter().collect::<Outcome<Vec<_>>>()?.into_iter().flatten().collect();
    expected.sort_by_key(|row| row.id);
    ensure_eq!(all_rows::<T, _, _>(&store)?, expected, "the rows that tasks acknowledged");
    Ok(())
}

/// Runs a task. Returns the row at its end; `None` if it is deleted.
async fn life<M, T: Tested<M>, B: Backend>(repo: &Repo<T, B>, value: T, deleted: bool) -> Outcome<Option<ObservedRow>> {
    let created = repo.create(value).await?;
    let updated = repo.update(created).await?;
    let mut stream = repo.stream(T::query());
    let mut streamed = Vec::new();
    while let Some(state) = stream.next().await {
        streamed.extend(Some(state?).filter(|state| state.id() == updated.id()));
    }
    let rows_of = |states: &[PState<T>]| states.iter().map(ObservedRow::of).collect::<Vec<_>>();
    ensure_eq!(rows_of(&streamed), vec![ObservedRow::of(&updated)], "the row of a task in its stream");
    let mut found = repo.find(T::query()).await?;
    found.retain(|state| state.id() == updated.id());
    ensure_eq!(rows_of(&found), rows_of(&streamed), "the row of a task among those that it finds");
    if deleted {
        repo.delete(updated).await?;
        return Ok(None);
    }
    Ok(Some(ObservedRow::of(&updated)))
}
