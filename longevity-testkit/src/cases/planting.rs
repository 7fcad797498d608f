//! Plants rows as another version of the program would write them. They bypass core: the back end is opened with that version's
//! tables too.

use std::borrow::Cow;
use std::sync::Arc;

use longevity_core::backend::{Backend, ByKind, Target};
use longevity_core::backend::{Predicate, Select};
use longevity_core::blocking::Longevity;
use longevity_core::table::{Scope, TableDefinition, Variant};
use longevity_core::{DomainModel, InModel, PState, PersistentType, Row, RowContent, RowId, Value};

use crate::outcome::{Outcome, Stop};

/// A table as the back end knows it.
pub(super) struct Handle<'a, B: Backend> {
    pub(super) backend: &'a B,
    pub(super) definition: &'a TableDefinition,
    pub(super) table: &'a B::Table,
}

/// The table of `T`.
pub(super) fn handle<T, M, B>(store: &Longevity<M, B>) -> Outcome<Handle<'_, B>>
where
    M: DomainModel,
    T: PersistentType<Root: InModel<M>>,
    B: Backend,
{
    let store = store.asynchronous();
    let (definition, table) = store.table::<T>().ok_or_else(|| Stop::failed("the store has no such table"))?;
    Ok(Handle { backend: store.backend(), definition, table })
}

/// Opens and creates the table with this version of its definition.
pub(super) fn create_version<B: Backend>(backend: &B, version: TableDefinition) -> Outcome<B::Table> {
    let name = version.name.clone();
    let tables = backend.block_on(backend.open(&[Arc::new(version)]))?;
    let Ok([table]) = <[B::Table; 1]>::try_from(tables) else {
        return Err(Stop::failed(format!("opening the table {name} does not return one table")));
    };
    backend.block_on(backend.create_schema(&[&table]))?;
    Ok(table)
}

/// The definition with one more variant, which is stored like the one at the position `like`.
pub(super) fn with_variant(
    definition: &TableDefinition,
    like: usize,
    discriminators: &'static [&'static str],
) -> TableDefinition {
    let mut definition = definition.clone();
    let like = definition.variants[like].clone();
    definition.variants.push(Variant { type_name: "Stranger", discriminators: Some(discriminators), ..like });
    definition
}

/// The definition with other discriminators of the variant at this position.
pub(super) fn with_discriminators(
    definition: &TableDefinition,
    variant: usize,
    discriminators: &'static [&'static str],
) -> TableDefinition {
    let mut definition = definition.clone();
    definition.variants[variant].discriminators = Some(discriminators);
    for index in definition.indexes.iter_mut().filter(|index| index.scope.is_some_and(|scope| scope.variant == variant))
    {
        index.scope = Some(Scope { variant, discriminators });
    }
    definition
}

/// The row as the back end returns it.
pub(super) fn raw_row<T, M, B>(store: &Longevity<M, B>, id: RowId) -> Outcome<Row<B::Document>>
where
    M: DomainModel,
    T: PersistentType<Root: InModel<M>>,
    B: Backend,
{
    let Handle { backend, table, .. } = handle::<T, _, _>(store)?;
    let select = Select::of(Predicate::True);
    let rows = backend.block_on(backend.find(table, select))?;
    let row = rows.into_iter().find(|row| row.id == id);
    row.ok_or_else(|| Stop::failed("the back end does not find a created row"))
}

/// The content of a row with the value as the variant at this position, and with this discriminator and document.
pub(super) fn content<T: PersistentType, D>(
    definition: &TableDefinition,
    value: &T,
    variant: usize,
    discriminator: &'static str,
    doc: D,
) -> RowContent<D> {
    let columns = definition.columns.iter().map(|column| match column.variant {
        Some(other) if other != variant => Value::NONE,
        _ => value.value_at(column.path.steps()).to_value(),
    });
    RowContent { discriminator: Some(Cow::Borrowed(discriminator)), doc, columns: columns.collect(), written_at: None }
}

/// Replaces the state's row.
pub(super) fn plant<T: PersistentType, B: Backend>(
    backend: &B,
    definition: &TableDefinition,
    table: &B::Table,
    state: &PState<T>,
    content: RowContent<B::Document>,
) -> Outcome {
    let primary_key: Option<Vec<Value>> = definition.primary_key.as_ref().map(|key| {
        let columns = definition.indexes[key.index].columns.iter().map(|column| &definition.columns[*column]);
        columns.map(|column| state.get().value_at(column.path.steps()).to_value()).collect()
    });
    let target =
        Target { id: state.id(), version: None, scope: None, primary_key: primary_key.as_deref(), before: false };
    let written = backend.block_on(backend.replace(table, target, content));
    written.map(drop).map_err(|failure| Stop::failed(format!("cannot plant a row: {failure:?}")))
}
