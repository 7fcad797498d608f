//! Streams that are open during writes, and streams that are dropped.

use longevity_core::DomainModel;
use longevity_core::backend::Backend;

use super::context::{CaseContext, Tested};
use super::rows::ObservedRow;
use crate::facade::Facade;
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};

/// A snapshot shows the rows at its beginning. Any stream shows each row at most once, and each unchanged row as it is.
pub(crate) fn open_while_writing<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    facade: Facade,
) -> Outcome {
    let store = context.open()?;
    if facade == Facade::Transactions && !store.asynchronous().backend().capabilities().savepoints {
        return Err(Stop::Skipped("the write ends the transaction that the stream is in".to_owned()));
    }
    let repo = store.repo::<T>();
    let mut samples = context.samples()?;
    let late = samples.pop().filter(|_| samples.len() > 1);
    let mut created = samples.iter().map(|sample| repo.create(sample.clone())).collect::<Result<Vec<_>, _>>()?;
    created.sort_by_key(longevity_core::PState::id);
    let before: Vec<_> = created.iter().map(ObservedRow::of).collect();

    let mut stream = repo.stream(T::query());
    let first = stream.next().ok_or_else(|| Stop::failed("the stream is empty"))??;
    let last = created.pop().ok_or_else(|| Stop::failed("nothing was created"))?;
    let last = repo.update(last)?;
    repo.delete(last)?;
    if let Some(late) = late {
        repo.create(late)?;
    }
    let mut streamed = vec![ObservedRow::of(&first)];
    for state in stream {
        streamed.push(ObservedRow::of(&state?));
    }
    if store.asynchronous().backend().capabilities().snapshot_streams {
        ensure_eq!(streamed, before, "the rows of a snapshot that was open during writes");
    } else {
        ensure!(streamed.windows(2).all(|pair| pair[0].id < pair[1].id), "a stream showed a row twice: {streamed:?}");
        for row in &before[..before.len() - 1] {
            ensure!(streamed.contains(row), "a stream skipped a row that did not change: {row:?}");
        }
    }
    Ok(())
}

/// A stream that is dropped half way leaves the repository usable.
pub(crate) fn dropped<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let (sample, other) = context.pair()?;
    let state = repo.create(sample)?;
    repo.create(other)?;
    for taken in 0..2 {
        let streamed = repo.stream(T::query()).take(taken).collect::<Result<Vec<_>, _>>()?;
        ensure_eq!(streamed.len(), taken, "the rows taken of a stream");
    }
    repo.delete(state)?;
    ensure_eq!(repo.count(T::query())?, 1, "the count after dropped streams and a delete");
    Ok(())
}
