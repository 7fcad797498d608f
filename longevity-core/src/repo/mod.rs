//! Repositories: create, retrieve, query, update and delete for one persistent type.
//!
//! A repository encodes, decodes and names things; the engine does the rest, once for all types.

mod by_query;
mod deletion;
mod fetch;
mod integrity;
mod page;
mod project;
mod read;
mod references;
mod rewrite;
mod stream;
mod write;
mod write_error;

use std::fmt;
use std::marker::PhantomData;

use smallvec::SmallVec;

use crate::backend::Backend;
use crate::engine::{Kind, Table};
use crate::error::Error;
use crate::persistent::PersistentType;
use crate::row::Row;
use crate::state::PState;
use crate::storable::Storable;
use crate::table::{Index, TableDefinition};
use crate::value::ValueRef;

pub use integrity::Referrers;
pub use page::Page;
pub use project::Groups;
pub use read::Retrieval;
pub use references::{References, Refers, WithTargets};
pub(crate) use rewrite::{AllKnowledge, Rewrites};
pub use stream::PStates;
pub use write::Deleted;
pub use write_error::WriteError;

/// The repository of a persistent type.
///
/// The repository of a poly type sees every row of the table. The repository of a derived type sees only the rows of its
/// variant, in every operation. Cheap to clone.
pub struct Repo<P, B: Backend> {
    table: Table<B>,
    of: PhantomData<fn() -> P>,
}

impl<P: PersistentType, B: Backend> Repo<P, B> {
    pub(crate) fn new(table: Table<B>) -> Self {
        Self { table, of: PhantomData }
    }

    fn backend_name(&self) -> &'static str {
        self.table.backend.name()
    }

    /// Waits for the future on the calling thread, by [`Backend::block_on`].
    #[cfg(feature = "blocking")]
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.table.backend.block_on(future)
    }
}

impl<P, B: Backend> Clone for Repo<P, B> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone(), of: PhantomData }
    }
}

impl<P: PersistentType, B: Backend> fmt::Debug for Repo<P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repo").field("type", &P::NAME).field("backend", &self.backend_name()).finish_non_exhaustive()
    }
}

/// The state of a row.
fn state_of<P: PersistentType, B: Backend>(table: &Table<B>, row: &Row<B::Document>) -> Result<PState<P>, Error> {
    match P::decode(&*table.backend, row.discriminator.as_deref(), &row.doc) {
        Some(Ok(value)) => {
            let metadata = table.metadata_of(row, &|path| value.value_at(path));
            Ok(PState { value, metadata })
        }
        Some(Err(failure)) => Err(table.undecodable(Kind::of::<P>(), row, failure)),
        None => Err(table.unknown_discriminator(Kind::of::<P>(), row)),
    }
}

type KeyColumns<'a> = SmallVec<[ValueRef<'a>; 2]>;

/// The values of a key value in the columns of its key.
fn key_columns<'a, K: Storable>(definition: &TableDefinition, index: &Index, key: &'a K) -> KeyColumns<'a> {
    index.paths_in_key(definition).map(|path| key.value_at(path)).collect()
}
