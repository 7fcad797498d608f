//! Every operation of a derived repository reads and writes the rows of its variant and no others.

use longevity_core::{DomainModel, Error, HasVariant, InModel, Options, PersistentType};

use super::context::{BackendOf, CaseContext, Tested};
use super::rows::{ObservedRow, all_rows, rows_of};
use crate::contract::SpecRoot;
use crate::fixture::Fixture;
use crate::keys::{Key, own_keys};
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};
use crate::values::ensure_duplicate;

/// The poly type's values, split by whether they are of the derived type.
fn own_and_siblings<M, P, D, F>(context: &CaseContext<D, M, F>) -> Outcome<(Vec<P>, Vec<P>)>
where
    M: DomainModel,
    P: SpecRoot + InModel<M> + HasVariant<D>,
    D: Tested<M> + PersistentType<Root = P>,
    F: Fixture,
{
    let poly = context.about::<P>(own_keys());
    let others: Vec<_> = (0..poly.definition()?.variants.len())
        .filter(|variant| *variant != <P as HasVariant<D>>::SCOPE.variant)
        .collect();
    let mut all = vec![<P as HasVariant<D>>::SCOPE.variant];
    all.extend(others);
    let mut samples = poly.samples_of_variants(&all, 3)?;
    let own = samples.remove(0);
    let siblings: Vec<_> = samples.into_iter().flatten().collect();
    if own.is_empty() || siblings.is_empty() {
        return Err(Stop::Skipped(format!(
            "the strategy of {} generates no {}, or no other variant",
            P::NAME,
            D::NAME
        )));
    }
    Ok((own, siblings))
}

/// No read returns a sibling: retrieve, retrieve_one, find, count, exists, stream.
pub(crate) fn not_read<M, P, D, F>(context: &CaseContext<D, M, F>) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M> + HasVariant<D>,
    D: Tested<M> + PersistentType<Root = P>,
    F: Fixture,
{
    let (own, siblings) = own_and_siblings::<M, P, D, F>(context)?;
    let store = context.open()?;
    let (poly, repo) = (store.repo::<P>(), store.repo::<D>());
    for sibling in &siblings {
        poly.create(sibling.clone())?;
    }
    ensure_eq!(rows_of(&repo)?, vec![], "the rows that {} finds among its siblings", D::NAME);
    ensure_eq!(repo.count(D::query())?, 0, "the rows that {} counts among its siblings", D::NAME);
    ensure!(!repo.exists(D::query())?, "{} sees that its siblings exist", D::NAME);
    ensure_eq!(repo.stream(D::query()).count(), 0, "the rows that {} streams among its siblings", D::NAME);

    let mut rows = Vec::new();
    for value in &own {
        rows.push(ObservedRow::of(&poly.create(value.clone())?));
    }
    rows.sort_by_key(|row| row.id);
    ensure_eq!(rows_of(&repo)?, rows, "the rows that {} finds", D::NAME);
    ensure_eq!(repo.count(D::query())?, rows.len() as u64, "the rows that {} counts", D::NAME);
    ensure_eq!(repo.count(D::query().offset(1))?, rows.len() as u64 - 1, "the count with an offset");
    ensure!(repo.exists(D::query())?, "{} does not see that its rows exist", D::NAME);
    let streamed = repo.stream(D::query()).map(|state| state.map(|state| ObservedRow::of(&state)));
    ensure_eq!(streamed.collect::<Result<Vec<_>, _>>()?, rows, "the rows that {} streams", D::NAME);

    // Look siblings up by their values of the shared keys.
    for shared in own_keys::<P, F::Backend>() {
        let key = context.keys().iter().find(|key| key.key_val == shared.key_val);
        let key = key.ok_or_else(|| Stop::failed(format!("{} lacks the key {}", D::NAME, shared.property)))?;
        for sibling in &siblings {
            let Ok(disguised) = shared.copied(sibling, own[0].clone()).extract() else { continue };
            let found = key.retrieve(&repo, &disguised)?;
            ensure!(found.is_none(), "{} retrieved a sibling by {}: {found:?}", D::NAME, key.property);
            let found = key.retrieve_one(&repo, &disguised);
            ensure!(
                found.as_ref().is_err_and(Error::is_not_found),
                "{} retrieved one of its siblings by {}: {found:?}",
                D::NAME,
                key.property
            );
            ensure!(shared.retrieve(&poly, sibling)?.is_some(), "{} does not find its row", P::NAME);
        }
    }
    Ok(())
}

/// No write changes a sibling: a state with a sibling's id updates nothing and deletes nothing, with and without optimistic
/// locking.
pub(crate) fn not_written<M, P, D, F>(context: &CaseContext<D, M, F>, locking: bool) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M> + HasVariant<D>,
    D: Tested<M> + PersistentType<Root = P>,
    F: Fixture,
{
    let (own, siblings) = own_and_siblings::<M, P, D, F>(context)?;
    let context_of_poly = context.about::<P>(own_keys());
    let store = context.open_with(Options::default().optimistic_locking(locking))?;
    let (poly, repo) = (store.repo::<P>(), store.repo::<D>());
    for sibling in siblings {
        let state = poly.create(sibling.clone())?;
        let before = all_rows::<D, _, _>(&store)?;
        let forged = state.set(context_of_poly.next_of(&sibling, &own[0])?);
        let Ok(forged) = forged.narrow::<D>() else {
            return Err(Stop::failed("a state does not narrow to its own variant"));
        };
        let updated = repo.update(forged.clone());
        ensure!(
            updated.as_ref().is_err_and(|refused| refused.is_not_found()),
            "{} updated a sibling's row: {updated:?}",
            D::NAME
        );
        let deleted = repo.delete(forged);
        ensure!(
            deleted.as_ref().is_err_and(|refused| refused.is_not_found()),
            "{} deleted a sibling's row: {deleted:?}",
            D::NAME
        );
        ensure_eq!(all_rows::<D, _, _>(&store)?, before, "the rows after writes to a sibling");
    }
    Ok(())
}

/// A state that was read before its row became a sibling's writes nothing.
pub(crate) fn not_written_after_morph<M, P, D, F>(context: &CaseContext<D, M, F>) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M> + HasVariant<D>,
    D: Tested<M> + PersistentType<Root = P>,
    F: Fixture,
{
    let (own, siblings) = own_and_siblings::<M, P, D, F>(context)?;
    let context_of_poly = context.about::<P>(own_keys());
    let store = context.open()?;
    let (poly, repo) = (store.repo::<P>(), store.repo::<D>());
    let Ok(value) = own[0].clone().extract() else { return Err(Stop::failed("a value is not of its variant")) };
    let state = repo.create(value)?;
    poly.update(state.clone().widen().set(context_of_poly.next_of(&own[0], &siblings[0])?))?;
    let before = all_rows::<D, _, _>(&store)?;
    let updated = repo.update(state.clone());
    ensure!(updated.as_ref().is_err_and(|refused| refused.is_not_found()), "expected not found, not {updated:?}");
    let deleted = repo.delete(state);
    ensure!(deleted.as_ref().is_err_and(|refused| refused.is_not_found()), "expected not found, not {deleted:?}");
    ensure_eq!(all_rows::<D, _, _>(&store)?, before, "the rows after refused writes");
    Ok(())
}

/// A key of the poly type is unique over all variants: a sibling's value is refused, and the error names the poly type.
pub(crate) fn shared_key<M, P, D, F>(context: &CaseContext<D, M, F>, shared: &Key<P, BackendOf<F>>) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M> + HasVariant<D>,
    D: Tested<M> + PersistentType<Root = P>,
    F: Fixture,
{
    let (own, siblings) = own_and_siblings::<M, P, D, F>(context)?;
    let definition = context.definition()?;
    let store = context.open()?;
    let (poly, repo) = (store.repo::<P>(), store.repo::<D>());
    let sibling = &siblings[0];
    let holder = poly.create(sibling.clone())?;
    let before = all_rows::<D, _, _>(&store)?;
    let duplicate = shared.copied(sibling, own[0].clone());
    let Ok(refused) = duplicate.clone().extract() else { return Err(Stop::failed("a key changed the variant")) };
    let (Err(through_derived), Err(through_poly)) = (repo.create(refused.clone()), poly.create(duplicate)) else {
        return Err(Stop::failed(format!("a sibling's {} was created again", shared.property)));
    };
    ensure_duplicate(definition, sibling, &refused, &through_derived)?;
    ensure_duplicate(definition, sibling, &refused, &through_poly)?;
    ensure_eq!(all_rows::<D, _, _>(&store)?, before, "the rows after a refused create");
    poly.delete(holder)?;
    repo.create(refused)?;
    Ok(())
}

/// The own keys of siblings do not conflict: all samples of all variants fit in one table.
pub(crate) fn own_keys_apart<M, P, D, F>(context: &CaseContext<D, M, F>) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M> + HasVariant<D>,
    D: Tested<M> + PersistentType<Root = P>,
    F: Fixture,
{
    let (own, siblings) = own_and_siblings::<M, P, D, F>(context)?;
    let store = context.open()?;
    let (poly, repo) = (store.repo::<P>(), store.repo::<D>());
    // Siblings before and after the derived type's rows: none has the derived type's own keys.
    let (before, after) = siblings.split_at(siblings.len() / 2);
    for sibling in before {
        poly.create(sibling.clone())?;
    }
    for value in &own {
        let Ok(value) = value.clone().extract() else { return Err(Stop::failed("a value is not of its variant")) };
        repo.create(value)?;
    }
    for sibling in after {
        poly.create(sibling.clone())?;
    }
    ensure_eq!(repo.count(D::query())?, own.len() as u64, "the rows of {}", D::NAME);
    ensure_eq!(poly.count(P::query())?, (own.len() + siblings.len()) as u64, "the rows of {}", P::NAME);
    Ok(())
}
