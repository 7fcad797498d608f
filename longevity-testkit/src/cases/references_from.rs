//! References from rows: none is written without its target, and the rows that refer to a key value are found.

use std::cell::Cell;

use longevity_core::backend::Backend;
use longevity_core::table::Check;
use longevity_core::{DomainModel, Error, PState};

use super::context::{CaseContext, Tested};
use super::rows::ObservedRow;
use super::scene::{At, Scene, TargetRow, ensure_rows, typed};
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};
use crate::references::change_keys;

/// A row whose reference dangles is not created: alone, in a batch, and in a transaction, if the commit does not check it. Once its
/// target is there, it is created.
pub(crate) fn refuse_to_create<M, T, F>(context: &CaseContext<T, M, F>, at: At) -> Outcome
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let scene = Scene::new(context, at, None, None)?;
    let missing = scene.key(TargetRow::Missing)?;
    let row = scene.source(variant_of::<M, T>(), std::slice::from_ref(&missing))?;
    let value = typed::<T, M, F>(&row)?;
    let repo = scene.store.repo::<T>();
    let before = scene.rows()?;
    let in_a_transaction = || scene.store.transaction(|tx| tx.repo::<T>().create(value.clone()).map(drop));
    let mut attempts = vec![("create", repo.create(value.clone()).map(drop)), ("a transaction", in_a_transaction())];
    if scene.store.asynchronous().backend().capabilities().atomic_batches {
        attempts.push(("create_many", repo.create_many([value.clone()]).map(drop)));
    }
    for (operation, attempt) in attempts {
        match attempt {
            Ok(()) => {
                return Err(Stop::failed(format!("{operation} made a row whose {} has no target", scene.reference)));
            }
            Err(error) => scene.ensure_dangling(&error, &missing)?,
        }
    }
    ensure_rows(&scene.rows()?, &before, "after a dangling reference was refused")?;
    scene.create_target(scene.target(TargetRow::Missing)?)?;
    let created = repo.create(value.clone())?;
    ensure!(ObservedRow::of(&created).holds(&value), "create returned another value: {created:?}");
    Ok(())
}

/// An update that makes a reference dangle is refused, and leaves the row as it was. The state is returned, and can be corrected.
pub(crate) fn refuse_to_update<M, T, F>(context: &CaseContext<T, M, F>, at: At) -> Outcome
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let scene = Scene::new(context, at, None, None)?;
    let (one, missing) = (scene.key(TargetRow::One)?, scene.key(TargetRow::Missing)?);
    let row = scene.source(variant_of::<M, T>(), &[one])?;
    let leading_to = |key: &longevity_core::Value| {
        let changed = scene.changed(&row, |value| {
            change_keys(&scene.reference.place, value, &mut |held| *held = key.clone());
        });
        changed.ok_or_else(|| Stop::failed(format!("{} refuses a value that was made for it", T::NAME)))
    };
    let repo = scene.store.repo::<T>();
    let state = repo.create(typed::<T, M, F>(&row)?)?;
    let before = scene.rows()?;
    let handed_in = state.set(typed::<T, M, F>(&leading_to(&missing)?)?);
    let expected = ObservedRow::of(&handed_in);
    let Err(refused) = repo.update(handed_in) else {
        return Err(Stop::failed(format!("an update was done after which {} has no target", scene.reference)));
    };
    let (error, handed_back) = refused.into_parts();
    scene.ensure_dangling(&error, &missing)?;
    ensure_eq!(ObservedRow::of(&handed_back), expected, "the state that a refused update hands back");
    ensure_rows(&scene.rows()?, &before, "after a refused update")?;
    let other = scene.key(TargetRow::Other)?;
    let corrected = repo.update(handed_back.set(typed::<T, M, F>(&leading_to(&other)?)?))?;
    ensure_eq!(corrected.row_version(), 1, "the row version after the corrected update");
    Ok(())
}

/// A reference that the commit checks may dangle until then. If it still does, the transaction is undone.
pub(crate) fn check_at_commit<M, T, F>(context: &CaseContext<T, M, F>, at: At) -> Outcome
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let scene = Scene::new(context, at, None, None)?;
    ensure_eq!(scene.reference.check, Check::AtCommit, "when the reference is checked");
    let missing = scene.key(TargetRow::Missing)?;
    let row = scene.source(variant_of::<M, T>(), std::slice::from_ref(&missing))?;
    let value = typed::<T, M, F>(&row)?;
    let before = scene.rows()?;
    let is_created = Cell::new(false);
    let dangling = scene.store.transaction(|tx| -> Result<(), Error> {
        is_created.set(false);
        tx.repo::<T>().create(value.clone())?;
        is_created.set(true);
        Ok(())
    });
    ensure!(is_created.get(), "{} was checked before the commit: {dangling:?}", scene.reference);
    match dangling {
        Ok(()) => return Err(Stop::failed(format!("a commit left {} without its target", scene.reference))),
        Err(error) => scene.ensure_dangling(&error, &missing)?,
    }
    ensure_rows(&scene.rows()?, &before, "after a refused commit")?;
    let target = scene.target(TargetRow::Missing)?;
    scene.store.transaction(|tx| -> Outcome {
        tx.repo::<T>().create(value.clone())?;
        scene.target_table().create(&tx, std::slice::from_ref(target))?;
        Ok(())
    })?;
    Ok(())
}

/// A row of another type that has the key value is not the target of a reference to a derived type.
pub(crate) fn refuse_another_type<M, T, F>(context: &CaseContext<T, M, F>, at: At, other: usize) -> Outcome
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let scene = Scene::new(context, at, None, Some(other))?;
    let key = scene.key_of(scene.row_of(other, TargetRow::One)?)?;
    let row = scene.source(variant_of::<M, T>(), std::slice::from_ref(&key))?;
    let before = scene.rows()?;
    match scene.store.repo::<T>().create(typed::<T, M, F>(&row)?) {
        Ok(state) => Err(Stop::failed(format!("{} leads to a row of another type: {state:?}", scene.reference))),
        Err(error) => {
            scene.ensure_dangling(&error, &key)?;
            ensure_rows(&scene.rows()?, &before, "after a reference to another type was refused")
        }
    }
}

/// The rows that refer to a key value are found, and no others.
pub(crate) fn find_referring<M, T, F>(context: &CaseContext<T, M, F>, at: At) -> Outcome
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let scene = Scene::new(context, at, None, None)?;
    let (repo, asynchronous) = (scene.store.repo::<T>(), scene.store.asynchronous());
    let mut ids = Vec::new();
    for which in [TargetRow::One, TargetRow::Other] {
        let row = scene.source(variant_of::<M, T>(), &[scene.key(which)?])?;
        ids.push(repo.create(typed::<T, M, F>(&row)?)?.id());
    }
    let key_val = scene.reference.target.key_val;
    let find = |key: &longevity_core::Value| -> Outcome<Vec<_>> {
        let repo = asynchronous.repo::<T>();
        let found = asynchronous.backend().block_on(repo.find_referring_untyped(key_val, key))?;
        Ok(found.iter().map(PState::id).collect())
    };
    ensure_eq!(find(&scene.key(TargetRow::One)?)?, vec![ids[0]], "the rows that refer to the first target");
    ensure_eq!(find(&scene.key(TargetRow::Other)?)?, vec![ids[1]], "the rows that refer to the second target");
    ensure_eq!(find(&scene.key(TargetRow::Missing)?)?, vec![], "the rows that refer to no row");
    Ok(())
}

/// The variant of the type's rows, if they are all of one.
fn variant_of<M, T: Tested<M>>() -> Option<usize> {
    T::SCOPE.map(|scope| scope.variant)
}
