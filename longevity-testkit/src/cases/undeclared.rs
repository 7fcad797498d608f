//! Keys that one version of the model declares and another does not. They hold for both versions until they are dropped.

use std::borrow::Cow;

use longevity_core::backend::Predicate;
use longevity_core::backend::{Backend, ByKind, Session, WriteFailure};
use longevity_core::table::TableDefinition;
use longevity_core::{DomainModel, Error, PersistentType, RowContent, Value};

use super::context::{BackendOf, CaseContext, Tested};
use super::planting::{Handle, create_version, handle};
use crate::fixture::Fixture;
use crate::keys::Key;
use crate::outcome::{Outcome, Stop, ensure, ensure_eq};

/// The version without the key names it when a write violates it, lists it, and drops it on request.
pub(crate) fn holds_until_dropped<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    key: &Key<T, BackendOf<F>>,
) -> Outcome {
    let store = context.open_without_schema()?;
    context.create_schema(&store)?;
    let Handle { backend, definition, .. } = handle::<T, _, _>(&store)?;
    let position = definition.key(key.key_val).ok_or_else(|| Stop::failed("the table has no such key"))?;
    let declared = &definition.indexes[position];
    let same = |other: &&longevity_core::table::Index| other.is_unique() && other.properties == declared.properties;
    if definition.indexes.iter().filter(same).count() > 1 {
        return Err(Stop::Skipped(format!("{} has several keys on {}", T::NAME, key.property)));
    }
    let (first, second) = context.pair()?;
    let duplicate = key.copied(&first, second.clone());
    store.repo::<T>().create(first)?;
    let listed = store.undeclared_keys()?;
    ensure!(listed.is_empty(), "the version that declares all keys lists {listed:?}");

    let other = without_index(definition, position);
    let table = create_version(backend, other.clone())?;
    let listed = backend.block_on(backend.undeclared_keys(&table))?;
    ensure_eq!(listed.len(), 1, "the keys that are not declared: {listed:?}");
    let insert = |value: &T| -> Outcome<_> {
        let content = content(&other, value, value.encode(backend)?);
        Ok(backend.block_on(backend.insert(&table, content)))
    };
    let violates = |value: &T| match insert(value)? {
        Err(WriteFailure::Other(Error::UndeclaredKey { key, .. })) if key == listed[0] => Ok(()),
        other => Err(Stop::failed(format!("expected a violation of {}, not {other:?}", listed[0]))),
    };
    // A duplicate of a row by the version that declares the key, and one of a row by the other version.
    violates(&duplicate)?;
    let written = insert(&second)?;
    ensure!(written.is_ok(), "a write that violates no key returned {written:?}");
    let third = context.samples()?.into_iter().nth(2).map(|third| key.copied(&second, third));
    third.iter().try_for_each(violates)?;
    let rows = backend.block_on(backend.count(&table, Predicate::True))?;
    ensure_eq!(rows, 2, "the rows before the key is dropped");
    ensure_eq!(backend.block_on(backend.drop_undeclared_keys(&table))?, listed, "the keys that were dropped");
    let listed = backend.block_on(backend.undeclared_keys(&table))?;
    ensure!(listed.is_empty(), "undeclared keys are listed after they were dropped: {listed:?}");
    if let Some(third) = &third {
        let written = insert(third)?;
        ensure!(written.is_ok(), "a write that violates only the dropped key returned {written:?}");
    }
    Ok(())
}

/// The definition without an index; its columns stay.
fn without_index(definition: &TableDefinition, position: usize) -> TableDefinition {
    let mut definition = definition.clone();
    definition.indexes.remove(position);
    if let Some(primary) = definition.primary_key.as_mut().filter(|primary| primary.index > position) {
        primary.index -= 1;
    }
    definition
}

/// The content of a new row.
fn content<T: PersistentType, D>(definition: &TableDefinition, value: &T, doc: D) -> RowContent<D> {
    let variant = value.variant();
    let names = definition.variants.get(variant).and_then(|variant| variant.discriminators);
    let columns = definition.columns.iter().map(|column| match column.variant {
        Some(other) if other != variant => Value::NONE,
        _ => value.value_at(column.path.steps()).to_value(),
    });
    RowContent {
        discriminator: names.and_then(|names| names.first().copied()).map(Cow::Borrowed),
        doc,
        columns: columns.collect(),
        written_at: None,
    }
}
