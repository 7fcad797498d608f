//! Updates through the poly repository that change a row's variant. Optimistic locking and keys hold as in any update.

use longevity_core::{DomainModel, Error, InModel};

use super::context::CaseContext;
use super::rows::{ObservedRow, all_rows};
use super::variants::{Variant, variants};
use crate::contract::SpecRoot;
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};
use crate::values::{collide, ensure_duplicate};

/// The two derived types, and values of each that collide in no key.
struct Pair<M, P, F: Fixture> {
    from: Variant<M, F::Backend>,
    to: Variant<M, F::Backend>,
    old: Vec<P>,
    new: Vec<P>,
}

fn pair<M, P, F>(context: &CaseContext<P, M, F>, from: usize, to: usize) -> Outcome<Pair<M, P, F>>
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    F: Fixture,
{
    let mut samples = context.samples_of_variants(&[from, to], 3)?;
    let (new, old) = (samples.pop().unwrap_or_default(), samples.pop().unwrap_or_default());
    let of_index = |index| {
        let position = variants::<M, P, F::Backend>().into_iter().find(|variant| variant.index == index);
        position.ok_or_else(|| Stop::failed(format!("{} has no variant {index}", P::NAME)))
    };
    let (from, to) = (of_index(from)?, of_index(to)?);
    if old.is_empty() || new.is_empty() {
        let reason = format!("the strategy of {} generates no {} or no {}", P::NAME, from.name, to.name);
        return Err(Stop::Skipped(reason));
    }
    Ok(Pair { from, to, old, new })
}

/// Every operation finds the row as the new type, and none as the old type.
pub(crate) fn morph<M, P, F>(context: &CaseContext<P, M, F>, from: usize, to: usize) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    F: Fixture,
{
    let Pair { from, to, old, new } = pair(context, from, to)?;
    let store = context.open()?;
    let repo = store.repo::<P>();
    let state = repo.create(old[0].clone())?;
    for bystander in old.iter().chain(&new).skip(1).filter(|value| !std::ptr::eq(*value, &new[0])) {
        repo.create(bystander.clone())?;
    }
    let (old_rows, new_rows) = (from.rows(&store)?, to.rows(&store)?);
    let next = context.next_of(&old[0], &new[0])?;
    let stale = state.clone();
    let morphed = repo.update(state.set(next.clone()))?;
    let row = ObservedRow::of(&morphed);
    ensure!(row.holds(&next), "update returned another value: {morphed:?}");
    ensure_eq!((row.id, row.version), (stale.id(), 1), "id and row version after a morph");

    // The new type finds the row by query and by every key. The old type finds its other rows, unchanged.
    let mut expected: Vec<_> = new_rows.into_iter().chain([row.clone()]).collect();
    expected.sort_by_key(|row| row.id);
    ensure_eq!(to.rows(&store)?, expected, "the rows that {} sees", to.name);
    ensure_eq!(to.count(&store)?, expected.len() as u64, "the rows that {} counts", to.name);
    let expected: Vec<_> = old_rows.into_iter().filter(|other| other.id != row.id).collect();
    ensure_eq!(from.rows(&store)?, expected, "the rows that {} sees", from.name);
    ensure_eq!(from.count(&store)?, expected.len() as u64, "the rows that {} counts", from.name);
    for (property, found) in to.by_keys(&store, &next)? {
        ensure_eq!(found.as_ref(), Some(&row), "retrieve {} by {property}", to.name);
    }
    for (property, found) in from.by_keys(&store, &old[0])? {
        ensure!(found.is_none(), "{} still finds the row by {property}", from.name);
    }
    for key in context.keys() {
        let found = key.retrieve(&repo, &next)?.map(|state| ObservedRow::of(&state));
        ensure_eq!(found.as_ref(), Some(&row), "retrieve {} by {}", P::NAME, key.property);
    }

    // Optimistic locking holds: the old state is stale.
    let before = all_rows::<P, _, _>(&store)?;
    match repo.update(stale).map_err(longevity_core::WriteError::into_error) {
        Err(Error::WriteConflict { expected: 0, found: 1, .. }) => {}
        other => return Err(Stop::failed(format!("expected a write conflict, not {other:?}"))),
    }
    ensure_eq!(all_rows::<P, _, _>(&store)?, before, "the rows after a stale update");
    Ok(())
}

/// The key values of the old value are free, those of the new value are taken.
pub(crate) fn keys_follow<M, P, F>(context: &CaseContext<P, M, F>, from: usize, to: usize) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    F: Fixture,
{
    let Pair { from, to, old, new } = pair(context, from, to)?;
    let definition = context.definition()?;
    let store = context.open()?;
    let repo = store.repo::<P>();
    let next = context.next_of(&old[0], &new[0])?;
    let state = repo.create(old[0].clone())?;
    repo.update(state.set(next.clone()))?;
    if collide(definition, &next, &next) {
        let before = all_rows::<P, _, _>(&store)?;
        match repo.create(next.clone()) {
            Ok(_) => return Err(Stop::failed(format!("the keys of the new {} are not taken", to.name))),
            Err(error) => ensure_duplicate(definition, &next, &next, &error)?,
        }
        ensure_eq!(all_rows::<P, _, _>(&store)?, before, "the rows after a refused create");
    }
    // The heir gets all key values of the old value except the primary key, which the row still has.
    let heir = match (context.primary_key()?, old.get(1)) {
        (Some(primary), Some(other)) => primary.copied(other, old[0].clone()),
        (Some(_), None) => return Err(Stop::Skipped(format!("there is only one {} with distinct keys", from.name))),
        (None, _) => old[0].clone(),
    };
    let heir = repo.create(heir)?;
    for (property, found) in from.by_keys(&store, heir.get())? {
        ensure_eq!(found, Some(ObservedRow::of(&heir)), "retrieve {} by {property}", from.name);
    }
    Ok(())
}

/// A morph to key values that another row has is refused, and the row does not change.
pub(crate) fn refuse_duplicate<M, P, F>(context: &CaseContext<P, M, F>, from: usize, to: usize) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    F: Fixture,
{
    let Pair { from, to, old, new } = pair(context, from, to)?;
    let definition = context.definition()?;
    let duplicate = context.next_of(&old[0], &new[0])?;
    if !collide(definition, &new[0], &duplicate) {
        return Err(Stop::Skipped(format!("{} has no key that may change", to.name)));
    }
    let store = context.open()?;
    let repo = store.repo::<P>();
    repo.create(new[0].clone())?;
    let state = repo.create(old[0].clone())?;
    let row = ObservedRow::of(&state);
    let before = all_rows::<P, _, _>(&store)?;
    let handed_in = state.set(duplicate.clone());
    let expected = ObservedRow::of(&handed_in);
    let Err(refused) = repo.update(handed_in) else {
        return Err(Stop::failed(format!("a row became a {} with the keys of another", to.name)));
    };
    let (error, handed_back) = refused.into_parts();
    ensure_duplicate(definition, &new[0], &duplicate, &error)?;
    ensure_eq!(ObservedRow::of(&handed_back), expected, "the state that is handed back");
    ensure_eq!(all_rows::<P, _, _>(&store)?, before, "the rows after a refused morph");
    for (property, found) in from.by_keys(&store, &old[0])? {
        ensure_eq!(found.as_ref(), Some(&row), "retrieve {} by {property} after a refused morph", from.name);
    }
    for (property, found) in to.by_keys(&store, &new[0])? {
        ensure!(found.is_some_and(|found| found.id != row.id), "{} finds the refused row by {property}", to.name);
    }
    // The state can be corrected to its old value.
    let mended = repo.update(handed_back.set(old[0].clone()))?;
    ensure_eq!(mended.row_version(), 1, "the row version after the corrected update");
    Ok(())
}

/// A row changes its variant and changes back, and leaves nothing of either type behind.
pub(crate) fn and_back<M, P, F>(context: &CaseContext<P, M, F>, from: usize, to: usize) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    F: Fixture,
{
    let Pair { from, to, old, new } = pair(context, from, to)?;
    let store = context.open()?;
    let repo = store.repo::<P>();
    let mut state = repo.create(old[0].clone())?;
    let next = context.next_of(&old[0], &new[0])?;
    for version in [2, 4] {
        state = repo.update(state.set(next.clone()))?;
        state = repo.update(state.set(old[0].clone()))?;
        ensure_eq!(state.row_version(), version, "the row version after there and back");
    }
    ensure_eq!(all_rows::<P, _, _>(&store)?, vec![ObservedRow::of(&state)], "the rows after there and back");
    ensure_eq!((from.count(&store)?, to.count(&store)?), (1, 0), "the counts of {} and {}", from.name, to.name);
    for (property, found) in from.by_keys(&store, &old[0])? {
        ensure_eq!(found, Some(ObservedRow::of(&state)), "retrieve {} by {property}", from.name);
    }
    for (property, found) in to.by_keys(&store, &next)? {
        ensure!(found.is_none(), "{} still finds the row by {property}", to.name);
    }
    Ok(())
}
