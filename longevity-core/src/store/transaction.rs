//! Transactions over all repositories of a store, and snapshots of it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use tracing::Instrument;

use super::Longevity;
use super::tries::{After, Tries};
use crate::backend::{Backend, TransactionMode};
use crate::engine::{Level, Open};
use crate::error::Error;
use crate::model::{DomainModel, InModel};
use crate::persistent::PersistentType;
use crate::repo::Repo;

impl<M: DomainModel, B: Backend> Longevity<M, B> {
    /// Does the work in a transaction, all or nothing: commits it if the work succeeds, and rolls it back if it fails, if it panics, or
    /// if the future is dropped.
    ///
    /// The repositories of the transaction see what it has written; nobody else does before it is committed. If another
    /// transaction is in its way, it is rolled back and the work is done again, as often and as long as
    /// [`Options`](crate::Options::transaction_tries) say: what the work does elsewhere may be done more than once. The work is a
    /// closure that cannot change what it captures; what it finds, it returns.
    ///
    /// A write that fails loses the transaction, even if the work goes on as if nothing were wrong: then the error is
    /// [`Error::TransactionLost`]. To go on after such a failure, do the write in a [nested one](Transaction::transaction).
    ///
    /// Fails with what the work fails with, with [`Error::TransactionConflict`] after the last try, with [`Error::TransactionLost`], with
    /// [`Error::OutcomeUnknown`] if the store broke while it committed, with [`Error::TransactionNested`] if the work has left a nested
    /// one running, with [`Error::Busy`], which is not tried again, if others had the store for too long, where transactions come one
    /// after the other, and with [`Error::Unsupported`] on a back end without transactions. What is done through repositories of the
    /// store itself is not in the transaction.
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

    /// Begins a transaction for code that is no closure. Dropped without [`OpenTransaction::commit`], it is rolled back. Nothing is done
    /// again: if another transaction is in its way, an operation in it fails, or its commit does, with
    /// [`Error::TransactionConflict`]. Fails with [`Error::Busy`] if others had the store for too long, where transactions come one after
    /// the other, and with [`Error::Unsupported`] on a back end without transactions.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let tx = store.begin().await?;
    /// tx.repo::<Member>().create(member("ann", 2)).await?;
    /// assert_eq!(members.count(Member::query().all()).await?, 0); // nobody else sees it yet
    /// tx.commit().await?;
    /// assert_eq!(members.count(Member::query().all()).await?, 1);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn begin(&self) -> Result<OpenTransaction<M, B>, Error> {
        let open = self.open_level(TransactionMode::ReadWrite).await?;
        let level = Arc::clone(&open.level);
        Ok(OpenTransaction { open, handle: Transaction::new(self, level) })
    }

    /// Reads many things of one moment. Writers are not held up, and hold up nobody; a write in the snapshot is [`Error::ReadOnly`]. What
    /// is overwritten or deleted meanwhile is kept until the snapshot ends. On a SQLite database in memory, which has one connection, it
    /// is a copy of the database, which waits for an open transaction.
    ///
    /// Fails with what the work fails with, with [`Error::TransactionLost`] if the work went on after a write, with [`Error::Busy`] if it
    /// waited for too long, and with [`Error::Unsupported`] on a back end without transactions.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create(member("ann", 2)).await?;
    /// let (before, after) = store
    ///     .snapshot(async |at| {
    ///         let before = at.repo::<User>().count(User::query().all()).await?;
    ///         commenters.create(commenter("cec")).await?; // by somebody else, meanwhile
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
        let mut tries = Tries::new(&self.shared.options);
        loop {
            tries.count += 1;
            let after = match self.open_level(mode).await {
                Ok(open) => {
                    let level = Arc::clone(&open.level);
                    let result = work(Arc::clone(&level)).await;
                    let ended = open.end(result.is_ok()).await;
                    tries.after(&level, result, ended)
                }
                Err(error) => tries.after_begin(error),
            };
            match after {
                After::Over(result) => return result,
                After::Again => self.shared.backend.back_off(tries.count).await,
            }
        }
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
        Level::begin(backend, mode).instrument(span).await
    }
}

/// A transaction, as its work sees it: where its repositories come from. Cheap to clone; once the transaction is over, each use of it
/// is [`Error::TransactionEnded`].
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

    /// The repository of a persistent type: all that it does is in the transaction.
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

    /// Does the work in a transaction that is nested in this one: a savepoint. If it fails, panics or is dropped, what was written in
    /// it is undone, and this one goes on. Until it ends, only the nested one can be used: a read through this one is
    /// [`Error::TransactionNested`], and a write loses it. The nested one is not tried again by itself: if another transaction was
    /// in the way, all of this one is lost.
    ///
    /// Fails with what the work fails with, with [`Error::TransactionLost`] if a write in it failed and the work went on, with
    /// [`Error::TransactionNested`] if another one is nested in this one, with [`Error::TransactionEnded`], and with
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
    /// assert_eq!(users.count(User::query().all()).await?, 2); // ann, and cec
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

/// A transaction that was [begun](Longevity::begin), and that is rolled back when it is dropped. It is used as the [`Transaction`] that
/// it holds.
#[must_use = "dropped, it is rolled back"]
pub struct OpenTransaction<M, B: Backend> {
    open: Open<B>,
    handle: Transaction<M, B>,
}

impl<M: DomainModel, B: Backend> OpenTransaction<M, B> {
    /// Commits it: all that was done in it becomes visible and durable, as one.
    ///
    /// Fails, and has done nothing, with [`Error::TransactionConflict`] if another transaction was in the way, with
    /// [`Error::TransactionLost`] if a write in it had failed, and with [`Error::TransactionNested`] if one is nested in it. Fails with
    /// [`Error::OutcomeUnknown`] if the store broke meanwhile. If the future is dropped, all was done or nothing.
    pub async fn commit(self) -> Result<(), Error> {
        self.open.commit().await
    }

    /// Undoes all that was done in it, and waits for that. Dropping it undoes it too.
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

/// The store as it was at one moment: where repositories come from that only read. Cheap to clone.
pub struct Snapshot<M, B: Backend> {
    store: Longevity<M, B>,
    level: Arc<Level<B>>,
}

impl<M: DomainModel, B: Backend> Snapshot<M, B> {
    pub(crate) fn new(store: &Longevity<M, B>, level: Arc<Level<B>>) -> Self {
        Self { store: store.clone(), level }
    }

    /// The repository of a persistent type, as it was at the moment. A write is [`Error::ReadOnly`].
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
