//! Discriminators that no variant has, and those that only older rows have.

use longevity_core::backend::{Backend, ByKind};
use longevity_core::query::{by_type, count};
use longevity_core::{DomainModel, Error, InModel, PState, PersistentType};

use super::context::{CaseContext, Tested};
use super::planting::{content, create_version, handle, plant, raw_row, with_discriminators, with_variant};
use super::rows::ObservedRow;
use super::variants::variants;
use crate::contract::SpecRoot;
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};

/// A name that no variant has.
const STRANGER: &str = "Stranger from a newer version";

/// A newer version of the model has one more variant, and wrote a row of it. In this version, the poly repository reports the
/// discriminator with an error that has all details, and a stream continues after it. A derived repository does not see the row,
/// and creating the schema of this version destroys nothing.
pub(crate) fn unknown<M, P, F>(context: &CaseContext<P, M, F>) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    F: Fixture,
{
    let definition = context.definition()?;
    let store = context.open()?;
    let repo = store.repo::<P>();
    let mut states = context.samples()?.into_iter().map(|sample| repo.create(sample)).collect::<Result<Vec<_>, _>>()?;
    states.sort_by_key(PState::id);
    let planted = states.remove(states.len() / 2);
    let doc = raw_row::<P, _, _>(&store, planted.id())?.doc;
    let own = handle::<P, _, _>(&store)?;
    let newer = with_variant(own.definition, planted.get().variant(), &[STRANGER]);
    let row = content(&newer, planted.get(), newer.variants.len() - 1, STRANGER, doc);
    plant(own.backend, own.definition, &create_version(own.backend, newer)?, &planted, row)?;
    store.create_schema()?;

    let ensure_unknown = |error: &Error| {
        let Error::UnknownDiscriminator { type_name, table, id, found, known } = error else {
            return Err(Stop::failed(format!("expected an unknown discriminator, not: {error}")));
        };
        ensure_eq!((*type_name, table.as_str()), (P::NAME, &*definition.name), "type and table of the error");
        ensure_eq!((*id, found.as_str()), (planted.id(), STRANGER), "id and discriminator of the error");
        ensure_eq!(*known, definition.discriminators().collect::<Vec<_>>(), "the known discriminators");
        Ok(())
    };
    match repo.find(P::query()) {
        Ok(states) => {
            return Err(Stop::failed(format!("find skipped a row with an unknown discriminator: {states:?}")));
        }
        Err(error) => ensure_unknown(&error)?,
    }
    let answers = [
        ("project", repo.project(P::query(), by_type()).map(drop)),
        ("aggregate", repo.aggregate(P::query(), count()).map(drop)),
        ("group", repo.group(P::query(), by_type(), count()).map(drop)),
        ("delete_where", repo.delete_where(P::query()).map(drop)),
    ];
    for (operation, answer) in answers {
        match answer {
            Ok(()) => return Err(Stop::failed(format!("{operation} skipped a row with an unknown discriminator"))),
            Err(Error::Unsupported { .. }) => {}
            Err(error) => ensure_unknown(&error)?,
        }
    }
    for key in context.keys() {
        match key.retrieve(&repo, planted.get()) {
            Ok(found) => {
                return Err(Stop::failed(format!(
                    "retrieve by {} of a row with an unknown discriminator returned {found:?}",
                    key.property
                )));
            }
            Err(error) => ensure_unknown(&error)?,
        }
    }
    let (mut streamed, mut errors) = (Vec::new(), 0);
    for state in repo.stream(P::query()) {
        match state {
            Ok(state) => streamed.push(ObservedRow::of(&state)),
            Err(error) => {
                ensure_unknown(&error)?;
                errors += 1;
            }
        }
    }
    let others: Vec<_> = states.iter().map(ObservedRow::of).collect();
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

/// A document that is not of the type that its discriminator names is decoded as that type, or refused. Nothing panics, and the
/// other rows are found.
pub(crate) fn foreign_document<M, P, F>(context: &CaseContext<P, M, F>) -> Outcome
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    F: Fixture,
{
    let store = context.open()?;
    let repo = store.repo::<P>();
    let mut states = context.samples()?.into_iter().map(|sample| repo.create(sample)).collect::<Result<Vec<_>, _>>()?;
    let variant = states[0].get().variant();
    let Some(other) = states.iter().position(|state| state.get().variant() != variant) else {
        return Err(Stop::Skipped(format!("the strategy of {} generates one variant only", P::NAME)));
    };
    // The document keeps its key values, so its own row must be deleted.
    let other = states.remove(other);
    let doc = raw_row::<P, _, _>(&store, other.id())?.doc;
    repo.delete(other)?;
    let first = &states[0];
    let definition = context.definition()?;
    let names = definition.variants[first.get().variant()].discriminators.unwrap_or_default();
    let own = handle::<P, _, _>(&store)?;
    let row = content(own.definition, first.get(), first.get().variant(), names[0], doc);
    plant(own.backend, own.definition, own.table, first, row)?;
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

/// A row with an alias is read as its type and keeps its keys. An update rewrites it with the current discriminator.
pub(crate) fn alias<M, D, F>(context: &CaseContext<D, M, F>, alias: &'static str) -> Outcome
where
    M: DomainModel,
    D: Tested<M>,
    F: Fixture,
{
    let canonical = D::SCOPE.and_then(|scope| scope.discriminators.first().copied());
    let store = context.open()?;
    let (repo, poly) = (store.repo::<D>(), store.repo::<D::Root>());
    let (sample, other) = context.pair()?;
    let planted = repo.create(sample.clone())?;
    let id = planted.id();
    let row = raw_row::<D, _, _>(&store, id)?;
    ensure_eq!(row.discriminator.as_deref(), canonical, "the discriminator that is written");
    let own = handle::<D, _, _>(&store)?;
    let content = content(own.definition, &sample, sample.variant(), alias, row.doc);
    plant(own.backend, own.definition, own.table, &planted, content)?;
    let row = raw_row::<D, _, _>(&store, id)?;
    ensure_eq!(row.discriminator.as_deref(), Some(alias), "the discriminator that is stored");

    let found = repo.find(D::query())?.pop().ok_or_else(|| Stop::failed("find skips the row with the alias"))?;
    ensure!(ObservedRow::of(&found).holds(&sample), "a row with an alias is read as another value: {found:?}");
    ensure_eq!(repo.count(D::query())?, 1, "the count of rows with an alias");
    ensure_eq!(poly.count(D::Root::query())?, 1, "the poly count of rows with an alias");
    ensure_eq!(poly.find(D::Root::query())?.len(), 1, "the rows with an alias that the poly type finds");
    for key in context.keys() {
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
    ensure_eq!(
        repo.find(D::query())?.iter().map(ObservedRow::of).collect::<Vec<_>>(),
        vec![ObservedRow::of(&updated)],
        "find"
    );
    repo.delete(updated)?;
    ensure_eq!(repo.count(D::query())?, 0, "the count after a delete");
    Ok(())
}

/// An older version of the model, in which the alias was the discriminator, created the table and wrote a row. This version
/// creates its schema on that table: it finds the row, and the row's keys exclude duplicates with either discriminator.
pub(crate) fn older_version<M, D, F>(context: &CaseContext<D, M, F>, alias: &'static [&'static str]) -> Outcome
where
    M: DomainModel,
    D: Tested<M>,
    F: Fixture,
{
    let store = context.open_without_schema()?;
    let (sample, other) = context.pair()?;
    let own = handle::<D, _, _>(&store)?;
    let older = with_discriminators(own.definition, sample.variant(), alias);
    let doc = sample.encode(own.backend)?;
    let row = content(&older, &sample, sample.variant(), alias[0], doc);
    let table = create_version(own.backend, older)?;
    let inserted = own.backend.block_on(own.backend.insert(&table, row));
    let id = inserted.map_err(|failure| Stop::failed(format!("cannot plant a row: {failure:?}")))?;

    context.create_schema(&store)?;
    let repo = store.repo::<D>();
    let found = repo.find(D::query())?;
    ensure_eq!(found.iter().map(PState::id).collect::<Vec<_>>(), vec![id], "the rows of the older version");
    ensure!(ObservedRow::of(&found[0]).holds(&sample), "an older row is read as another value: {:?}", found[0]);
    for key in context.keys() {
        let found = key.retrieve(&repo, &sample)?.map(|state| state.id());
        ensure_eq!(found, Some(id), "retrieve an older row by {}", key.property);
        let duplicate = repo.create(key.copied(&sample, other.clone()));
        ensure!(
            duplicate.as_ref().is_err_and(Error::is_duplicate_key),
            "expected a duplicate {} of an older row, not {duplicate:?}",
            key.property
        );
    }
    repo.create(other)?;
    ensure_eq!(repo.count(D::query())?, 2, "the older row and the new one");
    Ok(())
}
