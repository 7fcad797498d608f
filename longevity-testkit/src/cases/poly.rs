//! Rows that are created through one repository are found through the others.

use longevity_core::{DomainModel, HasVariant, InModel, PersistentType};

use super::context::{CaseContext, Tested};
use super::rows::{ObservedRow, all_rows, rows_of};
use super::variants::variants;
use crate::contract::SpecRoot;
use crate::fixture::Fixture;
use crate::keys::own_keys;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};

/// Of rows created through the poly repository, each derived repository finds its own, by query and by key.
pub(crate) fn seen_through_derived<M, P, F>(context: &CaseContext<P, M, F>) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    F: Fixture,
{
    let store = context.open()?;
    let repo = store.repo::<P>();
    let samples = context.samples()?;
    let mut states = samples.into_iter().map(|sample| repo.create(sample)).collect::<Result<Vec<_>, _>>()?;
    states.sort_by_key(longevity_core::PState::id);
    for variant in variants::<M, P, F::Backend>() {
        let own: Vec<_> = states.iter().filter(|state| state.get().variant() == variant.index).collect();
        let expected: Vec<_> = own.iter().map(|state| ObservedRow::of(state)).collect();
        ensure_eq!(variant.rows(&store)?, expected, "the rows that {} sees", variant.name);
        ensure_eq!(variant.count(&store)?, expected.len() as u64, "the rows that {} counts", variant.name);
        for (state, expected) in own.iter().zip(&expected) {
            for (property, found) in variant.by_keys(&store, state.get())? {
                ensure_eq!(found.as_ref(), Some(expected), "retrieve {} by {property}", variant.name);
            }
        }
    }
    Ok(())
}

/// The poly repository finds rows created through a derived repository, by query and by key. Their states widen and narrow.
pub(crate) fn seen_through_poly<M, P, D, F>(context: &CaseContext<D, M, F>) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M> + HasVariant<D>,
    D: Tested<M> + PersistentType<Root = P>,
    F: Fixture,
{
    let store = context.open()?;
    let (repo, poly) = (store.repo::<D>(), store.repo::<P>());
    let (sample, other) = context.pair()?;
    let states = [repo.create(sample.clone())?, repo.create(other.clone())?];
    let mut rows: Vec<_> = states.iter().map(ObservedRow::of).collect();
    rows.sort_by_key(|row| row.id);
    ensure_eq!(rows_of(&poly)?, rows, "the rows that {} sees", P::NAME);
    for state in &states {
        let widened = P::wrap(state.get().clone());
        for key in own_keys::<P, F::Backend>() {
            let found = key.retrieve(&poly, &widened)?;
            let found =
                found.ok_or_else(|| Stop::failed(format!("{} does not find it by {}", P::NAME, key.property)))?;
            ensure_eq!(ObservedRow::of(&found), ObservedRow::of(state), "retrieve {} by {}", P::NAME, key.property);
        }
    }
    // A widened state is of the same row. It updates through the poly repository, and narrows back.
    let [state, last] = states;
    let next = context.next_of(&sample, &sample)?;
    let widened = state.widen();
    ensure_eq!(widened.row_version(), 0, "the row version of a widened state");
    let updated = poly.update(widened.set(P::wrap(next)))?;
    let Ok(narrowed) = updated.narrow::<D>() else {
        return Err(Stop::failed("a state does not narrow to its own variant"));
    };
    ensure_eq!(narrowed.row_version(), 1, "the row version of a narrowed state");
    let deleted = repo.delete(narrowed)?;
    ensure!(ObservedRow::of(&last).variant == deleted.variant(), "delete returned another variant: {deleted:?}");
    ensure_eq!(
        all_rows::<D, _, _>(&store)?,
        vec![ObservedRow::of(&last)],
        "the rows after a delete of a narrowed state"
    );
    Ok(())
}

/// A state does not narrow to another variant, and is returned unchanged.
pub(crate) fn narrow_to_another<M, P, D, F>(context: &CaseContext<D, M, F>) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M> + HasVariant<D>,
    D: Tested<M> + PersistentType<Root = P>,
    F: Fixture,
{
    let poly = context.about::<P>(own_keys());
    let store = context.open()?;
    let repo = store.repo::<P>();
    for sample in poly.samples()? {
        let own = sample.variant() == <P as HasVariant<D>>::SCOPE.variant;
        let state = repo.create(sample)?;
        let row = ObservedRow::of(&state);
        match state.narrow::<D>() {
            Ok(narrowed) => {
                ensure!(own, "a state of another variant narrowed to {}", D::NAME);
                ensure_eq!(ObservedRow::of(&narrowed), row, "the narrowed state");
            }
            Err(state) => {
                ensure!(!own, "a state of {} did not narrow to it", D::NAME);
                ensure_eq!(ObservedRow::of(&state), row, "the state that did not narrow");
            }
        }
    }
    Ok(())
}
