//! Repositories: create, retrieve, query, update and delete for one persistent type.
//!
//! All that makes a derived repository differ from a poly or a plain one is here, once: which rows it sees
//! ([`PersistentType::DISCRIMINATORS`]) and which of the table's columns its values have.

mod bounds;
mod by_query;
mod deletion;
mod page;
mod project;
mod read;
mod stream;
mod strict;
mod write;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::backend::Backend;
use crate::error::Error;
use crate::persistent::PersistentType;
use crate::query::{Predicate, Query, Select};
use crate::row::Row;
use crate::state::{PState, Stored};
use crate::storable::Storable;
use crate::store::Table;
use crate::table::{Index, TableDefinition};
use crate::value::{Value, ValueRef};

use bounds::ensure_within;

pub use page::Page;
pub use project::Groups;
pub use read::Retrieval;
pub use stream::PStates;

/// The repository of a persistent type.
///
/// The repository of a poly type sees every row of the table; that of a derived type sees the rows of its variant and
/// no others, in every operation. Cheap to clone.
pub struct Repo<P, B: Backend> {
    // Without a table, every operation says that the type is not in the model.
    table: Option<Arc<Table<B>>>,
    model: &'static str,
    of: PhantomData<fn() -> P>,
}

impl<P: PersistentType, B: Backend> Repo<P, B> {
    pub(crate) fn new(table: Option<Arc<Table<B>>>, model: &'static str) -> Self {
        Self { table, model, of: PhantomData }
    }

    fn table(&self) -> Result<&Arc<Table<B>>, Error> {
        self.table.as_ref().ok_or_else(|| Error::NotInModel { type_name: P::NAME.to_owned(), model: self.model })
    }

    /// As the back end waits.
    #[cfg(feature = "blocking")]
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.table {
            Some(table) => table.backend.block_on(future),
            // No back end is asked: the future says so at once.
            None => crate::wait::block_on(future),
        }
    }
}

impl<P, B: Backend> Clone for Repo<P, B> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone(), model: self.model, of: PhantomData }
    }
}

impl<P: PersistentType, B: Backend> fmt::Debug for Repo<P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repo").field("type", &P::NAME).field("backend", &B::NAME).finish_non_exhaustive()
    }
}

/// The predicate, true of no row that the repository does not see. The discriminator comes first and literally, so that
/// partial indexes apply.
fn scoped<P: PersistentType>(predicate: Predicate) -> Predicate {
    match P::DISCRIMINATORS {
        Some(names) => Predicate::Discriminator(names).and(predicate),
        None => predicate,
    }
}

/// What a query selects of the rows that the repository sees, if the query is one that a store may be asked.
fn selected<P: PersistentType, B: Backend>(query: Query<P>) -> Result<Select, Error> {
    let select = query.into_select();
    ensure_within::<B>(&select)?;
    Ok(scoped_select::<P>(select))
}

fn scoped_select<P: PersistentType>(mut select: Select) -> Select {
    select.predicate = scoped::<P>(select.predicate);
    select
}

/// The state of a row.
fn state_of<P: PersistentType, B: Backend>(table: &Table<B>, row: &Row<B::Doc>) -> Result<PState<P>, Error> {
    let definition = &*table.definition;
    let value = match P::decode(&*table.backend, row.discriminator.as_deref(), &row.doc) {
        Some(Ok(value)) => value,
        Some(Err(failure)) => {
            let variant = definition.variant(row.discriminator.as_deref());
            return Err(Error::Decode {
                type_name: variant.map_or(P::NAME, |variant| variant.type_name),
                id: row.id,
                path: failure.path,
                source: failure.source,
            });
        }
        None => return Err(unknown_discriminator::<P, _>(definition, row)),
    };
    let stored = Stored {
        id: row.id,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        primary_key: primary_key(definition, &value),
    };
    Ok(PState { value, stored })
}

fn unknown_discriminator<P: PersistentType, D>(definition: &TableDefinition, row: &Row<D>) -> Error {
    Error::UnknownDiscriminator {
        type_name: P::NAME,
        table: definition.name,
        id: row.id,
        found: row.discriminator.as_deref().unwrap_or_default().to_owned(),
        known: definition.discriminators().collect(),
    }
}

fn primary_key<P: PersistentType>(definition: &TableDefinition, value: &P) -> Option<Box<[Value]>> {
    let primary_key = definition.primary_key.as_ref()?;
    Some(index_values(definition, &definition.indexes[primary_key.index], value).collect())
}

/// The values that a persistent has in the columns of an index.
fn index_values<'a, P: PersistentType>(
    definition: &'a TableDefinition,
    index: &'a Index,
    value: &'a P,
) -> impl Iterator<Item = Value> + 'a {
    index.columns.iter().map(|column| value.value_at(definition.columns[*column].path.steps()).to_value())
}

type KeyColumns<'a> = SmallVec<[ValueRef<'a>; 2]>;

/// The values that a key value has in the columns of its key.
fn key_columns<'a, K: Storable>(definition: &TableDefinition, index: &Index, key: &'a K) -> KeyColumns<'a> {
    // The columns are within the key's one property: what follows it leads through the key value.
    let depth = index.properties.first().map_or(0, |property| property.steps().len());
    let path = |column: &usize| definition.columns[*column].path.steps().get(depth..).unwrap_or_default();
    index.columns.iter().map(|column| key.value_at(path(column))).collect()
}
