//! Transactions over all repositories of a store, and snapshots of it.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use tracing::Instrument;

use super::{Longevity, Shared};
use crate::backend::{Backend, TransactionMode};
#[cfg(feature = "blocking")]
use crate::engine::{After, Tries};
use crate::engine::{Level, Open, tried};
use crate::error::Error;
use crate::model::{DomainModel, InModel};
use crate::persistent::{PersistentType, Reference};
use crate::repo::{Repo, Retrieval};
use crate::state::PState;

impl<M: DomainModel, B: Backend> Longevity<M, B> {
    /// Runs the work in a transaction, all or nothing. Commits the transaction if the work succeeds, and rolls it back if the
    /// work fails or panics, or if the future is dropped.
    ///
    /// The repositories of the transaction see what it has written; no one else does before the commit. If another transaction
    /// conflicts with it, it is rolled back and the work is done again, as often and as long as
    /// [`Options`](crate::Options::transaction_tries) allow. Anything that the work does elsewhere may therefore happen more
    /// than once. The work is a closure that cannot change what it captures; it returns its results.
    ///
    /// A write that fails loses the transaction, even if the work ignores the failure. The error is then
    /// [`Error::TransactionLost`]. To continue after such a failure, do the write in a [nested
    /// transaction](Transaction::transaction).
    ///
    /// Fails with the error of the work, and with:
    ///
    /// * [`Error::TransactionConflict`] after the last try;
    /// * [`Error::TransactionLost`];
    /// * [`Error::OutcomeUnknown`] if the store failed during the commit;
    /// * [`Error::TransactionNested`] if the work has left a nested transaction open;
    /// * [`Error::Busy`], which is not tried again, if others held the store for too long, on a back end that runs one
    ///   transaction at a time;
    /// * [`Error::Unsupported`] on a back end without transactions.
    ///
    /// Operations through repositories of the store itself are not in the transaction.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    ///
    /// // A cat moves from bob to ann.
    /// let (ann, bob) = (Username("ann".into()), Username("bob".into()));
    /// let cats = store
    ///     .transaction(async |tx| {
    ///         let members = tx.repo::<Member>();
    ///         let from = members.retrieve_one(&bob).await?;
    ///         let to = members.retrieve_one(&ann).await?;
    ///         members.update(from.modify(|bob| bob.num_cats -= 1)).await?;
    ///         let to = members.update(to.modify(|ann| ann.num_cats += 1)).await?;
    ///         Ok::<_, Error>(to.num_cats)
    ///     })
    ///     .await?;
    /// assert_eq!(cats, 3);
    /// assert_eq!(members.retrieve_one(&bob).await?.num_cats, 2);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn transaction<T, E, F, W>(&self, work: W) -> Result<T, E>
    where
        E: From<Error>,
        F: Future<Output = Result<T, E>>,
        W: Fn(Transaction<M, B>) -> F,
    {
        self.run(TransactionMode::ReadWrite, |level| work(Transaction::new(self, level))).await
    }

    /// Begins a transaction for code that does not fit a closure. If it is dropped without [`OpenTransaction::commit`], it is
    /// rolled back. It is not tried again: if another transaction conflicts with it, an operation in it or its commit fails
    /// with [`Error::TransactionConflict`]. Fails with [`Error::Busy`] if others held the store for too long, on a back end
    /// that runs one transaction at a time, and with [`Error::Unsupported`] on a back end without transactions.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let tx = store.begin().await?;
    /// tx.repo::<Member>().create(member("ann", 2)).await?;
    /// assert_eq!(members.count(Member::query().all()).await?, 0); // no one else sees it yet
    /// tx.commit().await?;
    /// assert_eq!(members.count(Member::query().all()).await?, 1);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn begin(&self) -> Result<OpenTransaction<M, B>, Error> {
        let open = self.open_level(TransactionMode::ReadWrite).await?;
        let level = Arc::clone(&open.level);
        Ok(OpenTransaction { open, handle: Transaction::new(self, level) })
    }

    /// Runs the work on a snapshot of the store, whose reads are all from one moment. Writers neither wait for a snapshot nor
    /// make it wait; a write in the snapshot is an [`Error::ReadOnly`]. Rows that are overwritten or deleted in the meantime
    /// are kept until the snapshot ends. On a SQLite database in memory, which has one connection, the snapshot is a copy of
    /// the database and waits for an open transaction.
    ///
    /// Fails with the error of the work, with [`Error::TransactionLost`] if the work continued after a write, with
    /// [`Error::Busy`] if it waited for too long, and with [`Error::Unsupported`] on a back end without transactions.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create(member("ann", 2)).await?;
    /// let (before, after) = store
    ///     .snapshot(async |at| {
    ///         let before = at.repo::<User>().count(User::query().all()).await?;
    ///         commenters.create(commenter("cec")).await?; // by another writer, in the meantime
    ///         let after = at.repo::<User>().count(User::query().all()).await?;
    ///         Ok::<_, Error>((before, after))
    ///     })
    ///     .await?;
    /// assert_eq!((before, after), (1, 1));
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn snapshot<T, E, F, W>(&self, work: W) -> Result<T, E>
    where
        E: From<Error>,
        F: Future<Output = Result<T, E>>,
        W: Fn(Snapshot<M, B>) -> F,
    {
        self.run(TransactionMode::ReadOnly, |level| work(Snapshot::new(self, level))).await
    }

    async fn run<T, E, F>(&self, mode: TransactionMode, work: impl Fn(Arc<Level<B>>) -> F) -> Result<T, E>
    where
        E: From<Error>,
        F: Future<Output = Result<T, E>>,
    {
        let Shared { backend, options, .. } = &*self.shared;
        tried(&**backend, options, || self.open_level(mode), work).await
    }

    /// The same, on the calling thread.
    #[cfg(feature = "blocking")]
    pub(crate) fn run_blocking<T, E>(
        &self,
        mode: TransactionMode,
        work: impl Fn(Arc<Level<B>>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Error>,
    {
        let backend = &*self.shared.backend;
        let mut tries = Tries::new(&self.shared.options);
        loop {
            tries.count += 1;
            let after = match backend.block_on(self.open_level(mode)) {
                Ok(open) => {
                    let level = Arc::clone(&open.level);
                    let result = work(Arc::clone(&level));
                    let ended = backend.block_on(open.end(result.is_ok()));
                    tries.after(&level, result, ended)
                }
                Err(error) => tries.after_begin(error),
            };
            match after {
                After::Over(result) => return result,
                After::Again => backend.block_on(backend.back_off(tries.count)),
            }
        }
    }

    async fn open_level(&self, mode: TransactionMode) -> Result<Open<B>, Error> {
        let backend = &*self.shared.backend;
        let span = tracing::debug_span!("transaction", model = M::NAME, backend = backend.name());
        Level::begin(backend, &self.shared.tables, mode).instrument(span).await
    }
}

/// A transaction, as its work sees it. Its repositories come from here. Cheap to clone. Once the transaction has ended, each
/// use of it is an [`Error::TransactionEnded`].
pub struct Transaction<M, B: Backend> {
    store: Longevity<M, B>,
    level: Arc<Level<B>>,
}

impl<M: DomainModel, B: Backend> Transaction<M, B> {
    pub(crate) fn new(store: &Longevity<M, B>, level: Arc<Level<B>>) -> Self {
        Self { store: store.clone(), level }
    }

    #[cfg(feature = "blocking")]
    pub(crate) fn store(&self) -> &Longevity<M, B> {
        &self.store
    }

    /// The repository of a persistent type. All its operations are in the transaction.
    ///
    /// # Panics
    ///
    /// As [`Longevity::repo`] does.
    pub fn repo<P>(&self) -> Repo<P, B>
    where
        P: PersistentType,
        P::Root: InModel<M>,
    {
        self.store.repo_in(Some(Arc::clone(&self.level)))
    }

    /// The persistent that the key value refers to, as the transaction sees it; see [`Longevity::fetch`].
    pub fn fetch<'a, K: Reference>(&self, key: &'a K) -> Retrieval<'a, Option<PState<K::Target>>>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().into_fetch(key)
    }

    /// The persistents that the key values refer to, as the transaction sees it; see [`Longevity::fetch_all`].
    pub async fn fetch_all<'a, K: Reference>(
        &self,
        keys: impl IntoIterator<Item = &'a K>,
    ) -> Result<HashMap<K, PState<K::Target>>, Error>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().fetch_all(keys).await
    }

    /// Runs the work in a transaction that is nested in this one: a savepoint. If the work fails, panics or is dropped, its
    /// writes are undone, and this transaction continues. Until the nested transaction ends, only that one can be used: a read
    /// through this one is an [`Error::TransactionNested`], and a write loses it. The nested transaction is not tried again on
    /// its own: if another transaction conflicts with it, this whole transaction is lost.
    ///
    /// Fails with the error of the work, with [`Error::TransactionLost`] if a write in it failed and the work continued, with
    /// [`Error::TransactionNested`] if another transaction is nested in this one, with [`Error::TransactionEnded`], and with
    /// [`Error::Unsupported`] on a back end that does not declare [savepoints](crate::backend::Capabilities::savepoints).
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create(member("ann", 2)).await?;
    /// store
    ///     .transaction(async |tx| {
    ///         tx.repo::<Commenter>().create(commenter("cec")).await?;
    ///         let second = tx.transaction(async |tx| tx.repo::<Commenter>().create(commenter("ann")).await).await;
    ///         assert!(second.unwrap_err().is_duplicate_key());
    ///         Ok::<_, Error>(())
    ///     })
    ///     .await?;
    /// assert_eq!(users.count(User::query().all()).await?, 2); // ann and cec
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn transaction<T, E, F, W>(&self, work: W) -> Result<T, E>
    where
        E: From<Error>,
        F: Future<Output = Result<T, E>>,
        W: FnOnce(Transaction<M, B>) -> F,
    {
        let open = self.nest()?;
        let result = work(Self::new(&self.store, Arc::clone(&open.level))).await;
        let ended = open.end(result.is_ok()).await;
        result.and_then(|value| ended.map(|()| value).map_err(E::from))
    }

    pub(crate) fn nest(&self) -> Result<Open<B>, Error> {
        self.level.nest(self.store.backend())
    }
}

impl<M, B: Backend> Clone for Transaction<M, B> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), level: Arc::clone(&self.level) }
    }
}

impl<M: DomainModel, B: Backend> fmt::Debug for Transaction<M, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("store", &self.store).finish_non_exhaustive()
    }
}

/// A transaction that was [begun](Longevity::begin). It is rolled back when it is dropped. It dereferences to the
/// [`Transaction`] through which it is used.
#[must_use = "a transaction that is dropped is rolled back"]
pub struct OpenTransaction<M, B: Backend> {
    open: Open<B>,
    handle: Transaction<M, B>,
}

impl<M: DomainModel, B: Backend> OpenTransaction<M, B> {
    /// Commits the transaction: all its writes become visible and durable at once.
    ///
    /// Fails without effect with [`Error::TransactionConflict`] if another transaction conflicted with it, with
    /// [`Error::TransactionLost`] if a write in it had failed, and with [`Error::TransactionNested`] if a nested transaction is
    /// still open. Fails with [`Error::OutcomeUnknown`] if the store failed during the commit. If the future is dropped,
    /// everything was done or nothing.
    pub async fn commit(self) -> Result<(), Error> {
        self.open.commit().await
    }

    /// Undoes everything that was done in the transaction, and waits until that is done. Dropping the transaction undoes it
    /// too.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let tx = store.begin().await?;
    /// let members = tx.repo::<Member>();
    /// members.create(member("ann", 2)).await?;
    /// tx.rollback().await;
    /// assert_eq!(users.count(User::query().all()).await?, 0);
    /// let late = members.create(member("bob", 3)).await.unwrap_err();
    /// assert!(matches!(late, Error::TransactionEnded { .. }));
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn rollback(self) {
        self.open.rollback().await;
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
        f.debug_struct("OpenTransaction").field("store", &self.handle.store).finish_non_exhaustive()
    }
}

/// The store as it was at one moment. Its repositories only read. Cheap to clone.
pub struct Snapshot<M, B: Backend> {
    store: Longevity<M, B>,
    level: Arc<Level<B>>,
}

impl<M: DomainModel, B: Backend> Snapshot<M, B> {
    pub(crate) fn new(store: &Longevity<M, B>, level: Arc<Level<B>>) -> Self {
        Self { store: store.clone(), level }
    }

    /// The repository of a persistent type, as of the snapshot's moment. A write is an [`Error::ReadOnly`].
    ///
    /// # Panics
    ///
    /// As [`Longevity::repo`] does.
    pub fn repo<P>(&self) -> Repo<P, B>
    where
        P: PersistentType,
        P::Root: InModel<M>,
    {
        self.store.repo_in(Some(Arc::clone(&self.level)))
    }

    /// The persistent that the key value refers to, as of the snapshot's moment; see [`Longevity::fetch`].
    pub fn fetch<'a, K: Reference>(&self, key: &'a K) -> Retrieval<'a, Option<PState<K::Target>>>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().into_fetch(key)
    }

    /// The persistents that the key values refer to, as of the snapshot's moment; see [`Longevity::fetch_all`].
    pub async fn fetch_all<'a, K: Reference>(
        &self,
        keys: impl IntoIterator<Item = &'a K>,
    ) -> Result<HashMap<K, PState<K::Target>>, Error>
    where
        <K::Target as PersistentType>::Root: InModel<M>,
    {
        self.repo().fetch_all(keys).await
    }
}

impl<M, B: Backend> Clone for Snapshot<M, B> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), level: Arc::clone(&self.level) }
    }
}

impl<M: DomainModel, B: Backend> fmt::Debug for Snapshot<M, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("store", &self.store).finish_non_exhaustive()
    }
}
