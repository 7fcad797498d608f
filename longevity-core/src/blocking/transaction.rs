//! Transactions and snapshots without `async`.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{Longevity, Repo};
use crate::backend::{Backend, TransactionMode};
use crate::error::Error;
use crate::model::{DomainModel, InModel};
use crate::persistent::PersistentType;
use crate::persistent::Reference;
use crate::state::PState;
use crate::store;

impl<M: DomainModel, B: Backend> Longevity<M, B> {
    /// See [`Longevity::transaction`](crate::Longevity::transaction).
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let store = longevity::blocking::Longevity::<Blogging, _>::open(Mem::new())?;
    /// store.create_schema()?;
    /// store.transaction(|tx| {
    ///     tx.repo::<Member>().create(member("ann", 2))?;
    ///     tx.repo::<Commenter>().create(commenter("cec"))
    /// })?;
    /// assert_eq!(store.repo::<User>().count(User::query().all())?, 2);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub fn transaction<T, E>(&self, work: impl Fn(Transaction<M, B>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        let store = &self.store;
        store.run_blocking(TransactionMode::ReadWrite, |level| {
            work(Transaction { transaction: store::Transaction::new(store, level) })
        })
    }

    /// See [`Longevity::begin`](crate::Longevity::begin).
    pub fn begin(&self) -> Result<OpenTransaction<M, B>, Error> {
        let open = self.store.backend().block_on(self.store.begin())?;
        let handle = Transaction { transaction: open.clone() };
        Ok(OpenTransaction { open, handle })
    }

    /// See [`Longevity::snapshot`](crate::Longevity::snapshot).
    pub fn snapshot<T, E>(&self, work: impl Fn(Snapshot<M, B>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        let store = &self.store;
        store.run_blocking(TransactionMode::ReadOnly, |level| {
            work(Snapshot { snapshot: store::Snapshot::new(store, level) })
        })
    }
}

/// A transaction, as its work sees it; see [`Transaction`](crate::Transaction).
pub struct Transaction<M, B: Backend> {
    transaction: store::Transaction<M, B>,
}

impl<M: DomainModel, B: Backend> Transaction<M, B> {
    /// See [`Transaction::repo`](crate::Transaction::repo).
    pub fn repo<P>(&self) -> Repo<P, B>
    where
        P: PersistentType,
        P::Root: InModel<M>,
    {
        Repo { repo: self.transaction.repo() }
    }

    /// See [`Transaction::fetch`](crate::Transaction::fetch).
    pub fn fetch<K: Reference>(&self, key: &K) -> Result<Option<PState<K::Target>>, Error>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().retrieve(key)
    }

    /// See [`Transaction::fetch_all`](crate::Transaction::fetch_all).
    pub fn fetch_all<'a, K: Reference>(
        &self,
        keys: impl IntoIterator<Item = &'a K>,
    ) -> Result<HashMap<K, PState<K::Target>>, Error>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().fetch_all(keys)
    }

    /// See [`Transaction::transaction`](crate::Transaction::transaction).
    pub fn transaction<T, E>(&self, work: impl FnOnce(Self) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        let store = self.transaction.store();
        let open = self.transaction.nest()?;
        let result = work(Self { transaction: store::Transaction::new(store, Arc::clone(&open.level)) });
        let ended = store.backend().block_on(open.end(result.is_ok()));
        result.and_then(|value| ended.map(|()| value).map_err(E::from))
    }
}

impl<M, B: Backend> Clone for Transaction<M, B> {
    fn clone(&self) -> Self {
        Self { transaction: self.transaction.clone() }
    }
}

impl<M: DomainModel, B: Backend> fmt::Debug for Transaction<M, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.transaction.fmt(f)
    }
}

/// A transaction that was begun; see [`OpenTransaction`](crate::OpenTransaction).
#[must_use = "a transaction that is dropped is rolled back"]
pub struct OpenTransaction<M, B: Backend> {
    open: store::OpenTransaction<M, B>,
    handle: Transaction<M, B>,
}

impl<M: DomainModel, B: Backend> OpenTransaction<M, B> {
    /// See [`OpenTransaction::commit`](crate::OpenTransaction::commit).
    pub fn commit(self) -> Result<(), Error> {
        self.handle.transaction.store().backend().block_on(self.open.commit())
    }

    /// See [`OpenTransaction::rollback`](crate::OpenTransaction::rollback).
    pub fn rollback(self) {
        self.handle.transaction.store().backend().block_on(self.open.rollback());
    }
}

impl<M, B: Backend> Deref for OpenTransaction<M, B> {
    type Target = Transaction<M, B>;

    fn deref(&self) -> &Transaction<M, B> {
        &self.handle
    }
}

impl<M: DomainModel, B: Backend> fmt::Debug for OpenTransaction<M, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.open.fmt(f)
    }
}

/// The store as it was at one moment; see [`Snapshot`](crate::Snapshot).
pub struct Snapshot<M, B: Backend> {
    snapshot: store::Snapshot<M, B>,
}

impl<M: DomainModel, B: Backend> Snapshot<M, B> {
    /// See [`Snapshot::repo`](crate::Snapshot::repo).
    pub fn repo<P>(&self) -> Repo<P, B>
    where
        P: PersistentType,
        P::Root: InModel<M>,
    {
        Repo { repo: self.snapshot.repo() }
    }

    /// See [`Snapshot::fetch`](crate::Snapshot::fetch).
    pub fn fetch<K: Reference>(&self, key: &K) -> Result<Option<PState<K::Target>>, Error>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().retrieve(key)
    }

    /// See [`Snapshot::fetch_all`](crate::Snapshot::fetch_all).
    pub fn fetch_all<'a, K: Reference>(
        &self,
        keys: impl IntoIterator<Item = &'a K>,
    ) -> Result<HashMap<K, PState<K::Target>>, Error>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().fetch_all(keys)
    }
}

impl<M, B: Backend> Clone for Snapshot<M, B> {
    fn clone(&self) -> Self {
        Self { snapshot: self.snapshot.clone() }
    }
}

impl<M: DomainModel, B: Backend> fmt::Debug for Snapshot<M, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot.fmt(f)
    }
}
