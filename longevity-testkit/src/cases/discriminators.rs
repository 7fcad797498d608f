//! Discriminators that no variant has, and those that only older rows have.

use std::borrow::Cow;

use longevity_core::backend::{Backend, Target};
use longevity_core::blocking::Longevity;
use longevity_core::query::{Predicate, Select};
use longevity_core::{DomainModel, Error, InModel, PState, PersistentType, Row, RowContent, RowId, Value};

use super::room::{Room, Tested};
use super::rows::SeenRow;
use super::variants::variants;
use crate::contract::SpecRoot;
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};

/// What no variant is called.
const STRANGER: &str = "Stranger from a newer version";

fn raw_rows<T, M, B>(store: &Longevity<M, B>) -> Outcome<Vec<Row<B::Doc>>>
where
    M: DomainModel,
    T: PersistentType<Root: InModel<M>>,
    B: Backend,
{
    let store = store.asynchronous();
    let (_, table) = store.table::<T>().ok_or_else(|| Stop::failed("the store has no such table"))?;
    let select = Select { predicate: Predicate::All, order: Vec::new(), offset: 0, limit: None };
    Ok(longevity_core::blocking::block_on(store.backend().find(table, select))?)
}

fn raw_row<T, M, B>(store: &Longevity<M, B>, id: RowId) -> Outcome<Row<B::Doc>>
where
    M: DomainModel,
    T: PersistentType<Root: InModel<M>>,
    B: Backend,
{
    let row = raw_rows::<T, M, B>(store)?.into_iter().find(|row| row.id == id);
    row.ok_or_else(|| Stop::failed("the back end does not find a created row"))
}

/// Writes a row's discriminator past core, as another version of the program would have.
fn plant<T, M, B>(store: &Longevity<M, B>, state: &PState<T>, discriminator: &'static str, doc: B::Doc) -> Outcome
where
    M: DomainModel,
    T: PersistentType<Root: InModel<M>>,
    B: Backend,
{
    let store = store.asynchronous();
    let (definition, table) = store.table::<T>().ok_or_else(|| Stop::failed("the store has no such table"))?;
    let value = state.get();
    let columns = definition.columns.iter().map(|column| match column.variant {
        Some(variant) if variant != value.variant() => Value::None(0),
        _ => value.value_at(column.path.steps()).to_value(),
    });
    let content = RowContent {
        discriminator: Some(Cow::Borrowed(discriminator)),
        doc,
        columns: columns.collect(),
        written_at: None,
    };
    let target = Target { id: state.id(), version: None, scope: None };
    let written = longevity_core::blocking::block_on(store.backend().replace(table, target, content));
    written.map(drop).map_err(|failure| Stop::failed(format!("cannot plant a row: {failure:?}")))
}

/// An unknown discriminator is an error in the poly repository that names all that is to know, and the stream goes on
/// behind it. A derived repository does not see the row.
pub(crate) fn unknown<M, P, F>(room: &Room<P, M, F>) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    F: Fixture,
{
    let definition = room.definition()?;
    let store = room.open()?;
    let repo = store.repo::<P>();
    let mut states = room.samples()?.into_iter().map(|sample| repo.create(sample)).collect::<Result<Vec<_>, _>>()?;
    states.sort_by_key(PState::id);
    let planted = states.remove(states.len() / 2);
    let doc = raw_row::<P, _, _>(&store, planted.id())?.doc;
    plant(&store, &planted, STRANGER, doc)?;

    let ensure_unknown = |error: &Error| {
        let Error::UnknownDiscriminator { type_name, table, id, found, known } = error else {
            return Err(Stop::failed(format!("expected an unknown discriminator, not: {error}")));
        };
        ensure_eq!((*type_name, *table), (P::NAME, definition.name), "type and table of the error");
        ensure_eq!((*id, found.as_str()), (planted.id(), STRANGER), "id and discriminator of the error");
        ensure_eq!(*known, definition.discriminators().collect::<Vec<_>>(), "the known discriminators");
        Ok(())
    };
    match repo.find(P::query()) {
        Ok(states) => return Err(Stop::failed(format!("find passed over an unknown row: {states:?}"))),
        Err(error) => ensure_unknown(&error)?,
    }
    for key in room.keys() {
        match key.retrieve(&repo, planted.get()) {
            Ok(found) => return Err(Stop::failed(format!("retrieve by {} gave {found:?}", key.property))),
            Err(error) => ensure_unknown(&error)?,
        }
    }
    let (mut streamed, mut errors) = (Vec::new(), 0);
    for state in repo.stream(P::query()) {
        match state {
            Ok(state) => streamed.push(SeenRow::of(&state)),
            Err(error) => {
                ensure_unknown(&error)?;
                errors += 1;
            }
        }
    }
    let others: Vec<_> = states.iter().map(SeenRow::of).collect();
    ensure_eq!(errors, 1, "the errors of the stream");
    ensure_eq!(streamed, others, "the rows of the stream around the unknown one");
    for variant in variants::<M, P, F::Backend>() {
        let own: Vec<_> = others.iter().filter(|row| row.variant == variant.index).cloned().collect();
        ensure_eq!(variant.rows(&store)?, own, "the rows that {} sees", variant.name);
        ensure_eq!(variant.count(&store)?, own.len() as u64, "the rows that {} counts", variant.name);
        for (property, found) in variant.by_keys(&store, planted.get())? {
            ensure!(found.is_none(), "{} finds the unknown row by {property}", variant.name);
        }
    }
    Ok(())
}

/// A document that is not of the type that its discriminator names is read as one or refused; nothing panics, and the
/// other rows are there.
pub(crate) fn foreign_document<M, P, F>(room: &Room<P, M, F>) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    F: Fixture,
{
    let store = room.open()?;
    let repo = store.repo::<P>();
    let mut states = room.samples()?.into_iter().map(|sample| repo.create(sample)).collect::<Result<Vec<_>, _>>()?;
    let variant = states[0].get().variant();
    let Some(other) = states.iter().position(|state| state.get().variant() != variant) else {
        return Err(Stop::Skipped(format!("the strategy of {} gives one variant only", P::NAME)));
    };
    // The document moves with its key values, so the row that it is from goes.
    let other = states.remove(other);
    let doc = raw_row::<P, _, _>(&store, other.id())?.doc;
    repo.delete(other)?;
    let first = &states[0];
    let definition = room.definition()?;
    let names = definition.variants[first.get().variant()].discriminators.unwrap_or_default();
    plant(&store, first, names[0], doc)?;
    let (mut others, mut foreign) = (0, 0);
    for state in repo.stream(P::query()) {
        match state {
            Ok(state) if state.id() == first.id() => foreign += 1,
            Ok(_) => others += 1,
            Err(Error::Decode { type_name, id, .. }) => {
                let expected = definition.variants[first.get().variant()].type_name;
                ensure_eq!((type_name, id), (expected, first.id()), "type and id of the error");
                foreign += 1;
            }
            Err(error) => return Err(Stop::failed(format!("expected a decode error, not: {error}"))),
        }
    }
    ensure_eq!((foreign, others), (1, states.len() - 1), "the foreign row and the others in the stream");
    Ok(())
}

/// A row with an alias is read as its type, keeps its keys, and is rewritten with the discriminator of today.
pub(crate) fn alias<M, D, F>(room: &Room<D, M, F>, alias: &'static str) -> Outcome
where
    M: DomainModel,
    D: Tested<M>,
    F: Fixture,
{
    let canonical = D::DISCRIMINATORS.and_then(|names| names.first().copied());
    let store = room.open()?;
    let (repo, poly) = (store.repo::<D>(), store.repo::<D::Root>());
    let (sample, other) = room.pair()?;
    let planted = repo.create(sample.clone())?;
    let id = planted.id();
    let row = raw_row::<D, _, _>(&store, id)?;
    ensure_eq!(row.discriminator.as_deref(), canonical, "the discriminator that is written");
    plant(&store, &planted, alias, row.doc)?;
    let row = raw_row::<D, _, _>(&store, id)?;
    ensure_eq!(row.discriminator.as_deref(), Some(alias), "the discriminator that is stored");

    let found = repo.find(D::query())?.pop().ok_or_else(|| Stop::failed("find passes over the alias"))?;
    ensure!(SeenRow::of(&found).holds(&sample), "a row with an alias is read as another value: {found:?}");
    ensure_eq!(repo.count(D::query())?, 1, "the count of rows with an alias");
    ensure_eq!(poly.count(D::Root::query())?, 1, "the poly count of rows with an alias");
    ensure_eq!(poly.find(D::Root::query())?.len(), 1, "the rows with an alias that the poly type finds");
    for key in room.keys() {
        let found = key.retrieve(&repo, &sample)?.map(|state| state.id());
        ensure_eq!(found, Some(id), "retrieve a row with an alias by {}", key.property);
        let duplicate = repo.create(key.copied(&sample, other.clone()));
        ensure!(
            duplicate.as_ref().is_err_and(Error::is_duplicate_key),
            "expected a duplicate {} of a row with an alias, not {duplicate:?}",
            key.property
        );
    }
    let updated = repo.update(found)?;
    let row = raw_row::<D, _, _>(&store, id)?;
    ensure_eq!(row.discriminator.as_deref(), canonical, "the discriminator after an update");
    ensure_eq!(repo.find(D::query())?.iter().map(SeenRow::of).collect::<Vec<_>>(), vec![SeenRow::of(&updated)], "find");
    repo.delete(updated)?;
    ensure_eq!(repo.count(D::query())?, 0, "the count after a delete");
    Ok(())
}
