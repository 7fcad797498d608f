//! References to a row: what happens to them when the row is deleted, and when its key value or its type changes.

use longevity_core::table::OnDelete;
use longevity_core::{DomainModel, PState, Value};

use super::context::{BackendOf, CaseContext, Tested};
use super::rows::ObservedRow;
use super::scene::{At, Scene, TargetRow, ensure_rows, typed};
use crate::fixture::Fixture;
use crate::keys::Key;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};
use crate::references::{UntypedRow, change_keys, remove_key};
use crate::values::whole;

fn scene<M, T, F>(context: &CaseContext<T, M, F>, at: At, other: Option<usize>) -> Outcome<Scene<M, F>>
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    Scene::new(context, at, T::SCOPE.map(|scope| scope.variant), other)
}

/// The row that is deleted is referred to, and another row too. What is declared happens, and nothing else.
pub(crate) fn delete<M, T, F>(context: &CaseContext<T, M, F>, at: At) -> Outcome
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let scene = scene(context, at, None)?;
    let (one, other) = (scene.key(TargetRow::One)?, scene.key(TargetRow::Other)?);
    let row = scene.source(None, &[one.clone(), other.clone()])?;
    let source = scene.create_source(&row)?;
    let stays = scene.create_source(&scene.source(None, &[other])?)?;
    let repo = scene.store.repo::<T>();
    let state = scene.target_state::<T>(TargetRow::One)?;
    let (id, handed_in) = (state.id(), ObservedRow::of(&state));
    let mut expected = scene.rows()?;
    let deleted = repo.delete(state);
    if scene.reference.on_delete == OnDelete::Restrict {
        let Err(refused) = deleted else {
            return Err(Stop::failed(format!("a row was deleted to which {} refers", scene.reference)));
        };
        let (error, handed_back) = refused.into_parts();
        scene.ensure_referenced(&error, &one)?;
        ensure_eq!(ObservedRow::of(&handed_back), handed_in, "the state that a refused delete hands back");
        ensure_rows(&scene.rows()?, &expected, "after a refused delete")?;
        // Nothing refers to it any more.
        scene.source_table().delete(&scene.store, source)?;
        repo.delete(scene.target_state::<T>(TargetRow::One)?)?;
        return Ok(());
    }
    deleted?;
    expected.remove(&scene.in_target(id));
    let changed = match scene.reference.on_delete {
        OnDelete::Restrict | OnDelete::Cascade => None,
        OnDelete::SetNone => scene.changed(&row, |value| {
            change_keys(&scene.reference.place, value, &mut |key| {
                if *key == one {
                    *key = Value::NONE;
                }
            });
        }),
        OnDelete::Remove => scene.changed(&row, |value| remove_key(&scene.reference.place, value, &one)),
    };
    match changed {
        Some(changed) => drop(expected.insert(scene.in_source(source), (1, changed))),
        None => drop(expected.remove(&scene.in_source(source))),
    }
    ensure!(expected.contains_key(&scene.in_source(stays)), "a row that refers to another row is part of the case");
    ensure_rows(&scene.rows()?, &expected, "after the target was deleted")
}

/// An update may not take away the key value to which a row refers.
pub(crate) fn keep_key<M, T, F>(context: &CaseContext<T, M, F>, at: At) -> Outcome
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let scene = scene(context, at, None)?;
    let key = key(context, &scene)?;
    let one = scene.key(TargetRow::One)?;
    scene.create_source(&scene.source(None, std::slice::from_ref(&one))?)?;
    let state = scene.target_state::<T>(TargetRow::One)?;
    let missing = typed::<T, M, F>(scene.target(TargetRow::Missing)?)?;
    let next = key.copied(&missing, state.get().clone());
    refuse(&scene, state, next, &one, "key value")
}

/// A row that is referred to as a derived type stays of that type, even if the new type has the key value too.
pub(crate) fn keep_type<M, T, F>(context: &CaseContext<T, M, F>, at: At, other: usize) -> Outcome
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let scene = scene(context, at, Some(other))?;
    let one = scene.key(TargetRow::One)?;
    scene.create_source(&scene.source(None, std::slice::from_ref(&one))?)?;
    let state = scene.target_state::<T>(TargetRow::One)?;
    let next = typed::<T, M, F>(scene.row_of(other, TargetRow::Missing)?)?;
    let next = match key(context, &scene) {
        Ok(key) => key.copied(state.get(), next),
        // A key of the derived type is lost with it.
        Err(_) => next,
    };
    let next = context.next_of(state.get(), &next)?;
    refuse(&scene, state, next, &one, "type")
}

/// An update to this value is refused, and changes nothing.
fn refuse<M, T, F>(scene: &Scene<M, F>, state: PState<T>, next: T, referred: &Value, what: &str) -> Outcome
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let before = scene.rows()?;
    let handed_in = state.set(next);
    let expected = ObservedRow::of(&handed_in);
    let Err(refused) = scene.store.repo::<T>().update(handed_in) else {
        return Err(Stop::failed(format!("a row to which {} refers got another {what}", scene.reference)));
    };
    let (error, handed_back) = refused.into_parts();
    scene.ensure_referenced(&error, referred)?;
    ensure_eq!(ObservedRow::of(&handed_back), expected, "the state that a refused update hands back");
    ensure_rows(&scene.rows()?, &before, "after a refused update")
}

/// References follow a key value that is renamed, and others stay.
pub(crate) fn rename<M, T, F>(context: &CaseContext<T, M, F>, at: At) -> Outcome
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let scene = scene(context, at, None)?;
    let key = key(context, &scene)?;
    let (one, other) = (scene.key(TargetRow::One)?, scene.key(TargetRow::Other)?);
    let new = scene.key(TargetRow::Missing)?;
    let row = scene.source(None, &[one.clone(), other.clone()])?;
    let source = scene.create_source(&row)?;
    scene.create_source(&scene.source(None, &[other])?)?;
    let state = scene.target_state::<T>(TargetRow::One)?;
    let (id, missing) = (state.id(), typed::<T, M, F>(scene.target(TargetRow::Missing)?)?);
    let mut expected = scene.rows()?;
    let renamed = key.copied(&missing, state.get().clone());
    let state = key.rename(&scene.store.repo::<T>(), state, &missing)?;
    ensure!(ObservedRow::of(&state).holds(&renamed), "rename_key returned another value: {state:?}");
    expected.insert(scene.in_target(id), (1, UntypedRow { variant: renamed.variant(), value: whole(&renamed) }));
    let followed = scene.changed(&row, |value| {
        change_keys(&scene.reference.place, value, &mut |held| {
            if *held == one {
                *held = new.clone();
            }
        });
    });
    let followed = followed.ok_or_else(|| Stop::failed("the renamed key value does not fit the row that refers"))?;
    expected.insert(scene.in_source(source), (1, followed));
    ensure_rows(&scene.rows()?, &expected, "after the target's key value was renamed")
}

/// A row knows whether rows refer to it, how many, and by which property.
pub(crate) fn know<M, T, F>(context: &CaseContext<T, M, F>, at: At) -> Outcome
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let scene = scene(context, at, None)?;
    let repo = scene.store.repo::<T>();
    let ask = |which: TargetRow| -> Outcome<(bool, Vec<(&'static str, String, u64)>)> {
        let state = scene.target_state::<T>(which)?;
        let referrers = repo.referrers(&state)?;
        let referrers = referrers.into_iter().map(|it| (it.type_name, it.property, it.count)).collect();
        Ok((repo.is_referenced(&state)?, referrers))
    };
    ensure_eq!(ask(TargetRow::One)?, (false, vec![]), "who refers to a row before any does");
    let source = scene.create_source(&scene.source(None, &[scene.key(TargetRow::One)?])?)?;
    let by = (scene.reference.declared_by, scene.reference.to_string(), 1);
    ensure_eq!(ask(TargetRow::One)?, (true, vec![by]), "who refers to a row");
    ensure_eq!(ask(TargetRow::Other)?, (false, vec![]), "who refers to another row");
    scene.source_table().delete(&scene.store, source)?;
    ensure_eq!(ask(TargetRow::One)?, (false, vec![]), "who refers to a row after the row that referred was deleted");
    Ok(())
}

/// The key of the type to which the reference leads.
fn key<'a, M, T, F>(context: &'a CaseContext<T, M, F>, scene: &Scene<M, F>) -> Outcome<&'a Key<T, BackendOf<F>>>
where
    M: DomainModel,
    T: Tested<M>,
    F: Fixture,
{
    let key = context.keys().iter().find(|key| key.key_val == scene.reference.target.key_val);
    key.ok_or_else(|| Stop::failed(format!("{} has no such key", T::NAME)))
}
