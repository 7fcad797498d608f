//! The store: a domain model on a back end.

mod catalog;
mod references;
mod transaction;
mod verify;

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use tracing::Instrument;

use crate::backend::Backend;
use crate::encoding::may_be_too_deep;
use crate::engine::{Integrity, Level, Link, StoreTable, Table, Tables, links};
use crate::error::Error;
use crate::model::{DomainModel, InModel, ModelBuilder};
use crate::options::Options;
use crate::persistent::{PersistentType, Reference};
use crate::repo::{Repo, Retrieval, Rewrites};
use crate::state::PState;
use crate::table::TableDefinition;

pub use transaction::{OpenTransaction, Snapshot, Transaction};
pub use verify::{FixSummary, Fixing, Verification};

/// A domain model `M` on a back end `B`. Repositories come from here.
///
/// Cheap to clone; clones share the store.
///
/// ```
#[doc = include_str!("../../doc/open.txt")]
/// let store = Longevity::<Blogging, _>::open(Mem::new()).await?;
/// store.create_schema().await?;
/// let members = store.repo::<Member>();
/// members.create(member("ann", 2)).await?;
#[doc = include_str!("../../doc/close.txt")]
/// ```
pub struct Longevity<M, B: Backend> {
    shared: Arc<Shared<B>>,
    model: PhantomData<fn() -> M>,
}

struct Shared<B: Backend> {
    backend: Arc<B>,
    tables: Arc<Tables<B>>,
    options: Arc<Options>,
    /// The references with integrity.
    links: Vec<Arc<Link>>,
}

impl<M: DomainModel, B: Backend> Longevity<M, B> {
    /// Opens the store with default [`Options`].
    ///
    /// Fails if the back end cannot be reached, or with [`Error::InvalidModel`].
    pub async fn open(backend: B) -> Result<Self, Error> {
        Self::open_with(backend, Options::default()).await
    }

    /// Opens the store.
    ///
    /// Fails if the back end cannot be reached, or with [`Error::InvalidModel`].
    pub async fn open_with(backend: B, options: Options) -> Result<Self, Error> {
        Self::open_shared(Arc::new(backend), options).await
    }

    pub(crate) async fn open_shared(backend: Arc<B>, options: Options) -> Result<Self, Error> {
        let compiled = ModelBuilder::of::<M>().roots.into_iter().map(|(id, root)| Ok((id, root.table()?)));
        let mut compiled = compiled.collect::<Result<Vec<_>, Error>>()?;
        let links = links(&compiled)?;
        for (id, definition) in &mut compiled {
            definition.is_referenced = links.iter().any(|link| link.reference.target.root == *id);
        }
        let (types, definitions): (Vec<_>, Vec<_>) =
            compiled.into_iter().map(|(id, definition)| (id, Arc::new(definition))).unzip();
        let mut rewrites = Rewrites::default();
        if !links.is_empty() {
            M::visit_roots(&mut rewrites);
        }
        let options = Arc::new(options);
        let span = tracing::debug_span!("open", model = M::NAME, backend = backend.name());
        let handles = backend.open(&definitions).instrument(span).await?;
        let tables: Tables<B> = types
            .into_iter()
            .zip(definitions)
            .zip(handles)
            .map(|((id, definition), handle)| {
                let nests = definition.variants.iter().map(|variant| may_be_too_deep(variant.shape)).collect();
                let integrity = Integrity::of(id, &definition, &links, rewrites.of(id));
                (
                    id,
                    Arc::new(StoreTable {
                        backend: Arc::clone(&backend),
                        definition,
                        handle,
                        options: Arc::clone(&options),
                        nests,
                        integrity,
                    }),
                )
            })
            .collect();
        let shared = Shared { backend, tables: Arc::new(tables), options, links };
        Ok(Self { shared: Arc::new(shared), model: PhantomData })
    }

    /// Creates the tables, keys and indexes of the model. May be called any number of times: it adds what is missing and
    /// destroys nothing. If a table is refused, nothing is created, except on MongoDB, which creates one table after the other.
    ///
    /// A table may have been created by another version of the model. If its rows do not fit a property that a key or an index
    /// needs, the error is [`Error::RowsDoNotFit`], which names the property. Give a property that changes its type another
    /// stored name, and a new property a default. A key that the model no longer declares stays in force, and a warning names
    /// it. A write that violates it is an [`Error::UndeclaredKey`], until [`drop_undeclared_keys`](Self::drop_undeclared_keys)
    /// is called.
    ///
    /// All rows of a type are read when the type declares a reference with integrity that it did not declare before. If a
    /// reference has no target, the error is [`Error::DanglingReferences`], and no row is changed. What has been verified is
    /// noted in a table named `longevity`, which only models with such references have.
    pub async fn create_schema(&self) -> Result<(), Error> {
        let tables = self.tables();
        let handles: Vec<_> = tables.iter().map(|table| &table.handle).collect();
        let span = tracing::debug_span!("create_schema", model = M::NAME, backend = self.shared.backend.name());
        self.shared.backend.create_schema(&handles).instrument(span).await?;
        for table in &tables {
            let type_name = table.definition.type_name;
            for key in self.shared.backend.undeclared_keys(&table.handle).await? {
                tracing::warn!(key, "type" = type_name, "the table keeps a key that the model does not declare");
            }
        }
        self.verify_new_references().await?;
        self.shared.backend.enforce_references(&handles).await
    }

    /// The names of the keys that are in force for the model's rows but not declared by the model. They were declared by an
    /// older or a newer version of it.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// assert!(store.undeclared_keys().await?.is_empty());
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn undeclared_keys(&self) -> Result<Vec<String>, Error> {
        let mut keys = Vec::new();
        for table in self.tables() {
            keys.extend(self.shared.backend.undeclared_keys(&table.handle).await?);
        }
        Ok(keys)
    }

    /// Drops the keys that the model does not declare, and returns their names. No row is changed. Programs with another
    /// version of the model, which declares such a key, do not notice: stop them first. On SQLite, foreign keys to the type come
    /// back when the schema is next created.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// // The model no longer has `key(nickname)`.
    /// for key in store.drop_undeclared_keys().await? {
    ///     println!("{key} is gone");
    /// }
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn drop_undeclared_keys(&self) -> Result<Vec<String>, Error> {
        let mut keys = Vec::new();
        for table in self.tables() {
            let span = tracing::debug_span!(
                "drop_undeclared_keys",
                "type" = table.definition.type_name,
                backend = self.shared.backend.name()
            );
            keys.extend(self.shared.backend.drop_undeclared_keys(&table.handle).instrument(span).await?);
        }
        Ok(keys)
    }

    /// The tables, ordered by name.
    fn tables(&self) -> Vec<&StoreTable<B>> {
        let mut tables: Vec<_> = self.shared.tables.values().map(|table| &**table).collect();
        tables.sort_by(|a, b| a.definition.name.cmp(&b.definition.name));
        tables
    }

    /// The repository of a persistent type: plain, poly or derived.
    ///
    /// # Panics
    ///
    /// If `InModel` is implemented by hand for a type that the model does not list.
    pub fn repo<P>(&self) -> Repo<P, B>
    where
        P: PersistentType,
        P::Root: InModel<M>,
    {
        self.repo_in(None)
    }

    /// The repository over the store or, if there is a level, in its transaction.
    fn repo_in<P>(&self, level: Option<Arc<Level<B>>>) -> Repo<P, B>
    where
        P: PersistentType,
        P::Root: InModel<M>,
    {
        let table = Table::new(&self.shared.tables, TypeId::of::<P::Root>(), level);
        Repo::new(table.unwrap_or_else(|| not_listed(P::NAME, M::NAME)))
    }

    /// The persistent that the key value refers to, if there is one.
    ///
    /// Costs one look-up in the key's index.
    ///
    /// ```
    #[doc = include_str!("../../doc/open_references.txt")]
    /// let book = books.retrieve_one(&Code(1)).await?;
    /// let author = store.fetch(&book.author).await?;
    /// assert_eq!(author.unwrap().name, book.author);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn fetch<'a, K: Reference>(&self, key: &'a K) -> Retrieval<'a, Option<PState<K::Target>>>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().into_fetch(key)
    }

    /// The persistents that the key values refer to, by key value. A key value that no persistent has is not in the map.
    ///
    /// Costs one query for up to 1,000 distinct keys.
    ///
    /// ```
    #[doc = include_str!("../../doc/open_references.txt")]
    /// let all = books.find(Book::query().all()).await?;
    /// let authors = store.fetch_all(all.iter().map(|book| &book.author)).await?;
    /// for book in all {
    ///     assert_eq!(authors[&book.author].name, book.author);
    /// }
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn fetch_all<'a, K: Reference>(
        &self,
        keys: impl IntoIterator<Item = &'a K>,
    ) -> Result<HashMap<K, PState<K::Target>>, Error>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().fetch_all(keys).await
    }

    /// The back end.
    pub fn backend(&self) -> &B {
        &self.shared.backend
    }

    /// A table as the back end sees it, for conformance suites and tools; `None` if the root type is not in the model.
    pub fn table<R: PersistentType>(&self) -> Option<(&Arc<TableDefinition>, &B::Table)> {
        self.shared.tables.get(&TypeId::of::<R::Root>()).map(|table| (&table.definition, &table.handle))
    }
}

#[cold]
#[expect(clippy::panic, reason = "a false impl is a mistake in the program, and no input reaches this")]
fn not_listed(type_name: &str, model: &str) -> ! {
    panic!(
        "{type_name} is not in the domain model {model}: add it to `#[domain_model(..)]`, which implements `InModel`"
    )
}

impl<M, B: Backend> Clone for Longevity<M, B> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), model: PhantomData }
    }
}

impl<M: DomainModel, B: Backend> fmt::Debug for Longevity<M, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Longevity")
            .field("model", &M::NAME)
            .field("backend", &self.shared.backend.name())
            .finish_non_exhaustive()
    }
}
