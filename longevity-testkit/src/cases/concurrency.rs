//! Writers on several threads. Of writes that exclude each other, exactly one wins, and acknowledged writes are not lost.

use std::sync::Barrier;

use longevity_core::{DomainModel, Error};

use super::context::{BackendOf, CaseContext, Tested};
use super::rows::{ObservedRow, all_rows};
use crate::fixture::Fixture;
use crate::keys::Key;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};
use crate::values::collide;

/// Of threads that create the same key value, exactly one wins. Then all create rows of their own, and no row is lost.
pub(crate) fn create<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let samples = context.samples()?;
    let rivals: Vec<_> = samples.iter().map(|sample| key.copied(&samples[0], sample.clone())).collect();
    let mut rows = Vec::new();
    for result in at_once(rivals, |rival| repo.create(rival))? {
        match result {
            Ok(state) => rows.push(state),
            Err(error) => ensure!(error.is_duplicate_key(), "expected a duplicate key, not: {error}"),
        }
    }
    let [winner] = rows.as_slice() else {
        return Err(Stop::failed(format!(
            "{} threads created a row with the same {}, not one",
            rows.len(),
            key.property
        )));
    };
    ensure_eq!(all_rows::<T, _, _>(&store)?, vec![ObservedRow::of(winner)], "the rows after the contest");

    let definition = context.definition()?;
    let free: Vec<_> = samples.into_iter().filter(|sample| !collide(definition, winner.get(), sample)).collect();
    for result in at_once(free, |sample| repo.create(sample))? {
        rows.push(result?);
    }
    let mut expected: Vec<_> = rows.iter().map(ObservedRow::of).collect();
    expected.sort_by_key(|row| row.id);
    ensure_eq!(all_rows::<T, _, _>(&store)?, expected, "the rows that concurrent creates acknowledged");
    Ok(())
}

/// Of threads that update one state, exactly one wins. The others get a write conflict.
pub(crate) fn update<M: DomainModel, T: Tested<M>, F: Fixture>(context: &CaseContext<T, M, F>) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let samples = context.samples()?;
    let state = repo.create(samples[0].clone())?;
    let nexts = samples.iter().map(|next| context.next_of(state.get(), next)).collect::<Outcome<Vec<_>>>()?;
    let mut winners = Vec::new();
    for result in at_once(nexts, |next| repo.update(state.clone().set(next)))? {
        match result {
            Ok(state) => winners.push(ObservedRow::of(&state)),
            Err(refused) => match refused.error() {
                Error::WriteConflict { .. } => {}
                other => return Err(Stop::failed(format!("expected a write conflict, not: {other}"))),
            },
        }
    }
    ensure_eq!(winners.len(), 1, "the number of threads that updated one state");
    ensure_eq!(all_rows::<T, _, _>(&store)?, winners, "the rows after concurrent updates");
    Ok(())
}

/// Calls the function for each value, each on a thread of its own, all started together.
fn at_once<A: Send, R: Send>(values: Vec<A>, run: impl Fn(A) -> R + Sync) -> Outcome<Vec<R>> {
    let (start, run) = (&Barrier::new(values.len()), &run);
    std::thread::scope(|scope| {
        let start_one = |value| {
            scope.spawn(move || {
                start.wait();
                run(value)
            })
        };
        let threads: Vec<_> = values.into_iter().map(start_one).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| Stop::failed("a thread panicked"))).collect()
    })
}
