//! The store and its repositories without `async`, for programs without a runtime.
//!
//! Each call runs the asynchronous one to its end on the calling thread, through [`Backend::block_on`]. On a back end whose
//! futures are ready at once, this costs nothing and needs no runtime; a back end that needs a runtime brings its own.

mod transaction;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::backend::Backend;
use crate::damage::{Fixed, Plan, Verified};
use crate::error::Error;
use crate::explain::Explanation;
use crate::model::{DomainModel, InModel};
use crate::options::Options;
use crate::persistent::{KeyFor, PersistentType, Reference};
use crate::query::{Aggregate, CoversRowsOf, Patch, Projection, Query};
use crate::repo::{self, Deleted, Groups, Page, References, Referrers, WithTargets, WriteError};
use crate::select::Cursor;
use crate::state::PState;
use crate::storable::{Prop, Storable};
use crate::store;

pub use crate::block_on::block_on;
pub use transaction::{OpenTransaction, Snapshot, Transaction};

/// A domain model on a back end; see [`store::Longevity`](crate::Longevity).
///
/// ```
#[doc = include_str!("../../doc/open.txt")]
/// let store = longevity::blocking::Longevity::<Blogging, _>::open(Mem::new())?;
/// store.create_schema()?;
/// let members = store.repo::<Member>();
/// let ann = members.create(member("ann", 2))?;
/// for member in members.stream(Member::query().all()) {
///     assert_eq!(member?.get(), ann.get());
/// }
#[doc = include_str!("../../doc/close.txt")]
/// ```
pub struct Longevity<M, B: Backend> {
    store: store::Longevity<M, B>,
}

impl<M: DomainModel, B: Backend> Longevity<M, B> {
    /// Opens the store with default [`Options`].
    pub fn open(backend: B) -> Result<Self, Error> {
        Self::open_with(backend, Options::default())
    }

    /// Opens the store.
    pub fn open_with(backend: B, options: Options) -> Result<Self, Error> {
        let backend = Arc::new(backend);
        let store = backend.block_on(store::Longevity::open_shared(Arc::clone(&backend), options))?;
        Ok(Self { store })
    }

    /// See [`Longevity::create_schema`](crate::Longevity::create_schema).
    pub fn create_schema(&self) -> Result<(), Error> {
        self.store.backend().block_on(self.store.create_schema())
    }

    /// See [`Longevity::undeclared_keys`](crate::Longevity::undeclared_keys).
    pub fn undeclared_keys(&self) -> Result<Vec<String>, Error> {
        self.store.backend().block_on(self.store.undeclared_keys())
    }

    /// See [`Longevity::drop_undeclared_keys`](crate::Longevity::drop_undeclared_keys).
    pub fn drop_undeclared_keys(&self) -> Result<Vec<String>, Error> {
        self.store.backend().block_on(self.store.drop_undeclared_keys())
    }

    /// See [`Longevity::verify`](crate::Longevity::verify). Here it is an iterator, which can be collected to a [`Plan`].
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// # use longevity::verify::Plan;
    /// let store = longevity::blocking::Longevity::<Blogging, _>::open(Mem::new())?;
    /// store.create_schema()?;
    /// let plan = store.verify().collect::<Result<Plan, _>>()?;
    /// for fixed in store.fix(plan) {
    ///     println!("{:?}", fixed?);
    /// }
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn verify(&self) -> impl Iterator<Item = Result<Verified, Error>> + use<M, B> {
        let (store, mut verification) = (self.store.clone(), self.store.verify());
        std::iter::from_fn(move || store.backend().block_on(verification.next()))
    }

    /// See [`Longevity::fix`](crate::Longevity::fix). Here it is an iterator.
    pub fn fix(&self, plan: Plan) -> impl Iterator<Item = Result<Fixed, Error>> + use<M, B> {
        let (store, mut fixing) = (self.store.clone(), self.store.fix(plan));
        std::iter::from_fn(move || store.backend().block_on(fixing.next()))
    }

    /// The repository of a persistent type: plain, poly or derived.
    pub fn repo<P>(&self) -> Repo<P, B>
    where
        P: PersistentType,
        P::Root: InModel<M>,
    {
        Repo { repo: self.store.repo() }
    }

    /// See [`Longevity::fetch`](crate::Longevity::fetch).
    pub fn fetch<K: Reference>(&self, key: &K) -> Result<Option<PState<K::Target>>, Error>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().retrieve(key)
    }

    /// See [`Longevity::fetch_all`](crate::Longevity::fetch_all).
    pub fn fetch_all<'a, K: Reference>(
        &self,
        keys: impl IntoIterator<Item = &'a K>,
    ) -> Result<HashMap<K, PState<K::Target>>, Error>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().fetch_all(keys)
    }

    /// The same store with `async`.
    pub fn asynchronous(&self) -> &store::Longevity<M, B> {
        &self.store
    }
}

impl<M, B: Backend> Clone for Longevity<M, B> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone() }
    }
}

impl<M: DomainModel, B: Backend> fmt::Debug for Longevity<M, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

/// The repository of a persistent type. It has the methods of [`repo::Repo`](crate::Repo).
pub struct Repo<P, B: Backend> {
    repo: repo::Repo<P, B>,
}

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// See [`Repo::create`](crate::Repo::create).
    pub fn create(&self, value: P) -> Result<PState<P>, Error> {
        self.repo.block_on(self.repo.create(value))
    }

    /// See [`Repo::create_many`](crate::Repo::create_many).
    pub fn create_many(&self, values: impl IntoIterator<Item = P>) -> Result<Vec<PState<P>>, Error> {
        self.repo.block_on(self.repo.create_many(values))
    }

    /// See [`Repo::retrieve`](crate::Repo::retrieve).
    pub fn retrieve<K: KeyFor<P>>(&self, key: &K) -> Result<Option<PState<P>>, Error> {
        self.repo.block_on(self.repo.retrieve_key(key))
    }

    /// See [`Repo::retrieve_one`](crate::Repo::retrieve_one).
    pub fn retrieve_one<K: KeyFor<P>>(&self, key: &K) -> Result<PState<P>, Error> {
        self.repo.block_on(self.repo.retrieve_key_of_one(key))
    }

    fn fetch_all<'a, K: Reference<Target = P>>(
        self,
        keys: impl IntoIterator<Item = &'a K>,
    ) -> Result<HashMap<K, PState<P>>, Error> {
        self.repo.block_on(self.repo.clone().fetch_all(keys))
    }

    /// See [`Repo::find_with`](crate::Repo::find_with).
    pub fn find_with<R: References<P>>(&self, query: Query<P>, references: R) -> Result<WithTargets<P, R>, Error> {
        self.repo.block_on(self.repo.find_with(query, references))
    }

    /// See [`Repo::with_targets`](crate::Repo::with_targets).
    pub fn with_targets<R: References<P>>(
        &self,
        states: impl IntoIterator<Item = PState<P>>,
        references: R,
    ) -> Result<WithTargets<P, R>, Error> {
        self.repo.block_on(self.repo.with_targets(states, references))
    }

    /// See [`Repo::find`](crate::Repo::find).
    pub fn find(&self, query: Query<P>) -> Result<Vec<PState<P>>, Error> {
        self.repo.block_on(self.repo.find(query))
    }

    /// See [`Repo::first`](crate::Repo::first).
    pub fn first(&self, query: Query<P>) -> Result<Option<PState<P>>, Error> {
        self.repo.block_on(self.repo.first(query))
    }

    /// See [`Repo::exactly_one`](crate::Repo::exactly_one).
    pub fn exactly_one(&self, query: Query<P>) -> Result<PState<P>, Error> {
        self.repo.block_on(self.repo.exactly_one(query))
    }

    /// See [`Repo::page`](crate::Repo::page).
    pub fn page(&self, query: Query<P>, at: Option<&Cursor>) -> Result<Page<P>, Error> {
        self.repo.block_on(self.repo.page(query, at))
    }

    /// See [`Repo::project`](crate::Repo::project).
    pub fn project<J: Projection<P>>(&self, query: Query<P>, of: J) -> Result<Vec<J::Output>, Error> {
        self.repo.block_on(self.repo.project(query, of))
    }

    /// See [`Repo::distinct`](crate::Repo::distinct).
    pub fn distinct<F, T>(&self, query: Query<P>, property: &Prop<F, T>) -> Result<Vec<T>, Error>
    where
        F: CoversRowsOf<P> + 'static,
        T: Storable + DeserializeOwned,
    {
        self.repo.block_on(self.repo.distinct(query, property))
    }

    /// See [`Repo::aggregate`](crate::Repo::aggregate).
    pub fn aggregate<M: Aggregate<P>>(&self, query: Query<P>, aggregates: M) -> Result<M::Output, Error> {
        self.repo.block_on(self.repo.aggregate(query, aggregates))
    }

    /// See [`Repo::group`](crate::Repo::group).
    pub fn group<J: Projection<P>, M: Aggregate<P>>(
        &self,
        query: Query<P>,
        by: J,
        aggregates: M,
    ) -> Result<Groups<P, J, M>, Error> {
        self.repo.block_on(self.repo.group(query, by, aggregates))
    }

    /// See [`Repo::count`](crate::Repo::count).
    pub fn count(&self, query: Query<P>) -> Result<u64, Error> {
        self.repo.block_on(self.repo.count(query))
    }

    /// See [`Repo::exists`](crate::Repo::exists).
    pub fn exists(&self, query: Query<P>) -> Result<bool, Error> {
        self.repo.block_on(self.repo.exists(query))
    }

    /// See [`Repo::stream`](crate::Repo::stream). Here it is an iterator.
    pub fn stream(&self, query: Query<P>) -> impl Iterator<Item = Result<PState<P>, Error>> + use<P, B> {
        let mut states = self.repo.stream(query);
        std::iter::from_fn(move || states.block_on_next())
    }

    /// See [`Repo::explain`](crate::Repo::explain).
    pub fn explain(&self, query: Query<P>) -> Result<Explanation, Error> {
        self.repo.block_on(self.repo.explain(query))
    }

    /// See [`Repo::update`](crate::Repo::update).
    pub fn update(&self, state: PState<P>) -> Result<PState<P>, WriteError<P>> {
        self.repo.block_on(self.repo.update(state))
    }

    /// See [`Repo::update_where`](crate::Repo::update_where).
    pub fn update_where<F>(&self, query: Query<P>, patch: Patch<F>) -> Result<u64, Error>
    where
        F: CoversRowsOf<P> + 'static,
    {
        self.repo.block_on(self.repo.update_where(query, patch))
    }

    /// See [`Repo::delete_where`](crate::Repo::delete_where).
    pub fn delete_where(&self, query: Query<P>) -> Result<u64, Error> {
        self.repo.block_on(self.repo.delete_where(query))
    }

    /// See [`Repo::patch`](crate::Repo::patch).
    pub fn patch<F>(&self, state: PState<P>, patch: Patch<F>) -> Result<PState<P>, WriteError<P>>
    where
        F: CoversRowsOf<P> + 'static,
    {
        self.repo.block_on(self.repo.patch(state, patch))
    }

    /// See [`Repo::patch_by`](crate::Repo::patch_by).
    pub fn patch_by<K, F>(&self, key: &K, patch: Patch<F>) -> Result<Option<PState<P>>, Error>
    where
        K: KeyFor<P>,
        F: CoversRowsOf<P> + 'static,
    {
        self.repo.block_on(self.repo.patch_by(key, patch))
    }

    /// See [`Repo::is_referenced`](crate::Repo::is_referenced).
    pub fn is_referenced(&self, state: &PState<P>) -> Result<bool, Error> {
        self.repo.block_on(self.repo.is_referenced(state))
    }

    /// See [`Repo::referrers`](crate::Repo::referrers).
    pub fn referrers(&self, state: &PState<P>) -> Result<Vec<Referrers>, Error> {
        self.repo.block_on(self.repo.referrers(state))
    }

    /// See [`Repo::find_referring`](crate::Repo::find_referring).
    pub fn find_referring<K: Reference>(&self, key: &K) -> Result<Vec<PState<P>>, Error> {
        self.repo.block_on(self.repo.find_referring(key))
    }

    /// See [`Repo::rename_key`](crate::Repo::rename_key).
    pub fn rename_key<K: KeyFor<P>>(&self, state: PState<P>, key: K) -> Result<PState<P>, WriteError<P>> {
        self.repo.block_on(self.repo.rename_key(state, key))
    }

    /// See [`Repo::repoint`](crate::Repo::repoint).
    pub fn repoint<K: KeyFor<P>>(&self, key: &K, state: PState<P>) -> Result<PState<P>, WriteError<P>> {
        self.repo.block_on(self.repo.repoint(key, state))
    }

    /// See [`Repo::delete`](crate::Repo::delete).
    pub fn delete(&self, state: PState<P>) -> Result<P, WriteError<P>> {
        self.repo.block_on(self.repo.delete(state))
    }

    /// See [`Repo::delete_and_count`](crate::Repo::delete_and_count).
    pub fn delete_and_count(&self, state: PState<P>) -> Result<Deleted<P>, WriteError<P>> {
        self.repo.block_on(self.repo.delete_and_count(state))
    }
}

impl<P, B: Backend> Clone for Repo<P, B> {
    fn clone(&self) -> Self {
        Self { repo: self.repo.clone() }
    }
}

impl<P: PersistentType, B: Backend> fmt::Debug for Repo<P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.repo.fmt(f)
    }
}
