//! The operations of the repositories of all types. They are compiled once for each back end, whatever the number of types. A
//! repository is a thin layer over them that encodes, decodes and names things.
//!
//! `read` and `aggregates` answer queries, every write goes through `write`, and `bounds` and `indexed` decide which queries a
//! store accepts. `level` is the transaction in which all of these may run, and `integrity` makes each write keep the
//! references.

/// Runs an operation on rows: on those of the store, or on those that the table's transaction sees.
macro_rules! over {
    ($table:expr, $rows:ident => $operation:expr) => {
        match &$table.level {
            None => {
                let $rows = &*$table.backend;
                $operation.await
            }
            Some(level) => match level.rows() {
                // Boxed, so that futures outside transactions stay small.
                Ok($rows) => level.noted(Box::pin($operation).await),
                Err(error) => Err(error),
            },
        }
    };
}

mod aggregates;
mod bounds;
mod indexed;
mod integrity;
mod level;
mod read;
mod tries;
mod write;

use std::any::TypeId;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use crate::backend::{Backend, DecodeError};
use crate::error::Error;
use crate::options::Options;
use crate::persistent::PersistentType;
use crate::row::Row;
use crate::scope::Scope;
use crate::select::{Predicate, Select};
use crate::state::{Origin, RowMetadata};
use crate::table::{Index, TableDefinition};
use crate::value::{Step, Value, ValueRef};

pub(crate) use aggregates::{Group, undecoded};
pub(crate) use bounds::ensure_within;
pub(crate) use integrity::{
    CATALOG, Followed, Harm, Integrity, Knowledge, Link, Renamed, Rewrite, Unresolved, Verifier, Violations, links,
    undeclared,
};
pub(crate) use level::{Level, Open};
pub(crate) use tries::tried;
#[cfg(feature = "blocking")]
pub(crate) use tries::{After, Tries};

/// The tables of a store, by their root types.
pub(crate) type Tables<B> = HashMap<TypeId, Arc<StoreTable<B>>>;

/// A table as a repository sees it, of a store or of a transaction.
pub(crate) struct Table<B: Backend> {
    of_store: Arc<StoreTable<B>>,
    /// All tables of the store.
    tables: Arc<Tables<B>>,
    /// `None` outside of a transaction.
    pub(crate) level: Option<Arc<Level<B>>>,
}

impl<B: Backend> Table<B> {
    /// The table of a root type; `None` if the domain model does not contain the type.
    pub(crate) fn new(tables: &Arc<Tables<B>>, root: TypeId, level: Option<Arc<Level<B>>>) -> Option<Self> {
        Some(Self { of_store: Arc::clone(tables.get(&root)?), tables: Arc::clone(tables), level })
    }

    /// A table that is not one of the model's.
    pub(crate) fn over(of_store: Arc<StoreTable<B>>, tables: &Arc<Tables<B>>) -> Self {
        Self { of_store, tables: Arc::clone(tables), level: None }
    }

    /// The same table in this transaction.
    fn within(&self, level: &Arc<Level<B>>) -> Self {
        Self { level: Some(Arc::clone(level)), ..self.clone() }
    }

    /// The table of another root type, in the same transaction.
    pub(crate) fn of_root(&self, root: TypeId) -> Option<Self> {
        Self::new(&self.tables, root, self.level.clone())
    }

    /// Passes on the result of a read, which may have lost the transaction.
    pub(crate) fn noted<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        match &self.level {
            None => result,
            Some(level) => level.noted(result),
        }
    }

    /// Passes on the error of a write. Every error loses the transaction, so that half of a write is never committed.
    pub(crate) fn refused(&self, error: Error) -> Error {
        if let Some(level) = &self.level {
            level.lose(&error);
        }
        error
    }
}

impl<B: Backend> Clone for Table<B> {
    fn clone(&self) -> Self {
        Self { of_store: Arc::clone(&self.of_store), tables: Arc::clone(&self.tables), level: self.level.clone() }
    }
}

impl<B: Backend> Deref for Table<B> {
    type Target = StoreTable<B>;

    fn deref(&self) -> &StoreTable<B> {
        &self.of_store
    }
}

/// A table of a store, with everything that an operation on it needs.
pub(crate) struct StoreTable<B: Backend> {
    pub(crate) backend: Arc<B>,
    pub(crate) definition: Arc<TableDefinition>,
    pub(crate) handle: B::Table,
    pub(crate) options: Arc<Options>,
    /// For each variant, whether its documents could be too deep.
    pub(crate) nests: Vec<bool>,
    /// `None` if no reference with integrity begins or ends in the table.
    pub(crate) integrity: Option<Integrity<B>>,
}

/// The type of a repository, as the engine sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// The Rust type's name.
    pub(crate) name: &'static str,
    /// The rows that the repository sees; `None` for all.
    pub(crate) scope: Option<Scope>,
}

impl Kind {
    pub(crate) const fn of<P: PersistentType>() -> Self {
        Self { name: P::NAME, scope: P::SCOPE }
    }

    /// The predicate restricted to the rows that the repository sees. The discriminator comes first and literally, so that
    /// partial indexes apply.
    pub(crate) fn scoped(self, predicate: Predicate) -> Predicate {
        match self.scope {
            Some(scope) => Predicate::Scope(scope).and(predicate),
            None => predicate,
        }
    }

    pub(crate) fn scoped_select(self, mut select: Select) -> Select {
        select.predicate = self.scoped(select.predicate);
        select
    }
}

/// Reads the value at the end of a path out of a persistent.
pub(crate) type ValueAt<'a> = dyn Fn(&[&'static Step]) -> ValueRef<'a> + 'a;

/// The values of a persistent in the columns of an index.
pub(crate) fn index_values(definition: &TableDefinition, index: &Index, value_at: &ValueAt<'_>) -> Vec<Value> {
    let value = |column: &usize| value_at(definition.columns[*column].path.steps()).to_value();
    index.columns.iter().map(value).collect()
}

/// The values of the primary key, if the type has one.
pub(crate) fn primary_key(definition: &TableDefinition, value_at: &ValueAt<'_>) -> Option<Box<[Value]>> {
    let primary_key = definition.primary_key.as_ref()?;
    Some(index_values(definition, &definition.indexes[primary_key.index], value_at).into())
}

impl<B: Backend> Table<B> {
    /// The transaction that states read here come from. Those of a snapshot come from none, because they are committed.
    pub(crate) fn origin(&self) -> Option<Arc<Origin>> {
        self.level.as_ref().filter(|level| level.may_write()).map(|level| Arc::clone(level.origin()))
    }

    /// Fails if a transaction may not write rows of the type.
    pub(crate) fn ensure_writable(&self, kind: Kind) -> Result<(), Error> {
        self.level.as_ref().map_or(Ok(()), |level| level.ensure_writable(kind.name))
    }

    /// What is known about a row, apart from its value.
    pub(crate) fn metadata_of(&self, row: &Row<B::Document>, value_at: &ValueAt<'_>) -> RowMetadata {
        RowMetadata {
            id: row.id,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            primary_key: primary_key(&self.definition, value_at),
            origin: self.origin(),
        }
    }
}

impl<B: Backend> StoreTable<B> {
    /// The error for a row whose document does not decode.
    #[cold]
    pub(crate) fn undecodable(&self, kind: Kind, row: &Row<B::Document>, failure: DecodeError) -> Error {
        let variant = self.definition.variant(row.discriminator.as_deref());
        Error::Decode {
            type_name: variant.map_or(kind.name, |variant| variant.type_name),
            id: row.id,
            path: failure.path,
            source: failure.source,
        }
    }

    /// The error for a row whose type the model does not know.
    #[cold]
    pub(crate) fn unknown_discriminator<D>(&self, kind: Kind, row: &Row<D>) -> Error {
        Error::UnknownDiscriminator {
            type_name: kind.name,
            table: self.definition.name.to_string(),
            id: row.id,
            found: row.discriminator.as_deref().unwrap_or_default().to_owned(),
            known: self.definition.discriminators().collect(),
        }
    }
}
