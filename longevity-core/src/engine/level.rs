//! The engine's view of a transaction: whether it may still be used, and whether it may be committed.
//!
//! A nested transaction is a level of its own over the same transaction of the back end.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::integrity::ToCheck;
use super::{Table, Tables};
use crate::backend::{Backend, Transaction, TransactionMode};
use crate::error::Error;
use crate::state::Origin;

/// A transaction, or one that is nested in another.
pub(crate) struct Level<B: Backend> {
    shared: Arc<Shared<B>>,
    outer: Option<Arc<Level<B>>>,
    /// The number of transactions that it is nested in.
    depth: usize,
    stage: AtomicU8,
    loss: OnceLock<Loss>,
    /// The origin of the states that are read or written here.
    origin: Arc<Origin>,
}

/// The state that a transaction shares with the transactions nested in it.
struct Shared<B: Backend> {
    transaction: B::Transaction,
    mode: TransactionMode,
    /// The number of writes that are not done yet.
    writes: AtomicUsize,
    tables: Arc<Tables<B>>,
    /// What has to be checked before the commit.
    to_check: Mutex<Vec<ToCheck>>,
}

/// Why the transaction cannot be committed.
enum Loss {
    /// Another transaction conflicted with it, so it may be tried again. Holds the text of the back end's error.
    Conflict(String),
    /// An operation failed. Holds the text of its error.
    Failure(String),
}

/// The transaction may be used.
const OPEN: u8 = 0;
/// A transaction that is nested in this one is open.
const NESTED: u8 = 1;
const COMMITTED: u8 = 2;
const ROLLED_BACK: u8 = 3;
/// The commit has begun, and whether it was done is not known yet, and perhaps never will be.
const UNKNOWN: u8 = 4;

impl<B: Backend> Level<B> {
    pub(crate) async fn begin(backend: &B, tables: &Arc<Tables<B>>, mode: TransactionMode) -> Result<Open<B>, Error> {
        if !backend.capabilities().transactions {
            return Err(Error::Unsupported { backend: backend.name(), operation: "transactions" });
        }
        let transaction = backend.begin(mode).await?;
        let (tables, to_check) = (Arc::clone(tables), Mutex::default());
        let shared = Shared { transaction, mode, writes: AtomicUsize::new(0), tables, to_check };
        Ok(Open::new(Self::over(Arc::new(shared), None)))
    }

    /// Begins a transaction that is nested in this one.
    pub(crate) fn nest(self: &Arc<Self>, backend: &B) -> Result<Open<B>, Error> {
        self.ensure_open()?;
        if !backend.capabilities().savepoints {
            return Err(Error::Unsupported { backend: backend.name(), operation: "nested transactions" });
        }
        if !self.to(&[OPEN], NESTED) {
            return Err(self.refusal());
        }
        self.ensure_quiet();
        if let Err(error) = self.shared.transaction.savepoint() {
            self.to(&[NESTED], OPEN);
            self.lose(&error);
            return Err(error);
        }
        Ok(Open::new(Self::over(Arc::clone(&self.shared), Some(Arc::clone(self)))))
    }

    fn over(shared: Arc<Shared<B>>, outer: Option<Arc<Self>>) -> Self {
        let depth = outer.as_ref().map_or(0, |outer| outer.depth + 1);
        let origin = Arc::new(Origin::new(outer.as_ref().map(|outer| Arc::clone(&outer.origin))));
        Self { shared, outer, depth, stage: AtomicU8::new(OPEN), loss: OnceLock::new(), origin }
    }

    fn stage(&self) -> u8 {
        self.stage.load(Ordering::SeqCst)
    }

    /// Changes the stage if it is one of `from`.
    fn to(&self, from: &[u8], to: u8) -> bool {
        let change = |stage: u8| from.contains(&stage).then_some(to);
        self.stage.fetch_update(Ordering::SeqCst, Ordering::SeqCst, change).is_ok()
    }

    /// Loses the transaction if a write is not done yet. Has to be called after each change of the stage. A write is counted
    /// before it reads the stage, so either it sees the new stage, or it is counted here.
    fn ensure_quiet(&self) {
        if self.shared.writes.load(Ordering::SeqCst) > 0 {
            // It is not known whether the write is done in the nested transaction or in the outer one.
            self.lose_all("it was committed, or a nested transaction began or ended, during a write");
        }
    }

    /// Whether all outer transactions are still there and wait for this one.
    fn is_nested_still(&self) -> bool {
        let mut level = self;
        while let Some(outer) = &level.outer {
            if outer.stage() != NESTED {
                return false;
            }
            level = outer;
        }
        true
    }

    pub(crate) fn ensure_open(&self) -> Result<(), Error> {
        if self.stage() == OPEN && self.is_nested_still() { Ok(()) } else { Err(self.refusal()) }
    }

    /// Whether it is a transaction that writes, and not a snapshot.
    pub(crate) fn may_write(&self) -> bool {
        matches!(self.shared.mode, TransactionMode::ReadWrite)
    }

    /// Fails if the transaction may not write rows of the type.
    pub(crate) fn ensure_writable(&self, type_name: &'static str) -> Result<(), Error> {
        match self.shared.mode {
            TransactionMode::ReadWrite => self.ensure_open(),
            TransactionMode::ReadOnly => Err(Error::ReadOnly { type_name }),
        }
    }

    #[cold]
    fn refusal(&self) -> Error {
        let how = match self.stage() {
            COMMITTED => "it was committed",
            UNKNOWN => "it is not known whether it was committed",
            NESTED if self.is_nested_still() => return Error::TransactionNested,
            _ => "it was rolled back",
        };
        Error::TransactionEnded { how }
    }

    /// The rows, if the transaction may be used.
    pub(crate) fn rows(&self) -> Result<&B::Transaction, Error> {
        self.ensure_open()?;
        Ok(&self.shared.transaction)
    }

    /// The rows, if the transaction may write rows of the type. Call [`done`](Writing::done) when the write has a result.
    pub(crate) fn rows_to_write(&self, type_name: &'static str) -> Result<Writing<'_, B>, Error> {
        self.shared.writes.fetch_add(1, Ordering::SeqCst);
        let mut writing = Writing { level: self, is_done: true };
        self.ensure_writable(type_name)?;
        writing.is_done = false;
        Ok(writing)
    }

    /// Checks these references before the commit of the outermost transaction.
    pub(crate) fn check_at_commit(&self, references: impl IntoIterator<Item = ToCheck>) {
        self.shared.to_check.lock().unwrap_or_else(PoisonError::into_inner).extend(references);
    }

    /// Checks the references that are to be checked before the commit.
    async fn check(self: &Arc<Self>) -> Result<(), Error> {
        loop {
            let to_check = self.take_to_check();
            if to_check.is_empty() {
                return Ok(());
            }
            Table::check(&self.shared.tables, self, to_check).await?;
        }
    }

    fn take_to_check(&self) -> Vec<ToCheck> {
        std::mem::take(&mut *self.shared.to_check.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The origin of the states that are read or written in the transaction.
    pub(crate) fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// Passes on the result of a read, which may have lost the transaction.
    pub(crate) fn noted<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result
            && breaks(error)
        {
            self.lose(error);
        }
        result
    }

    /// Prevents the transaction from being committed, and the outer ones too if the store has lost the transaction.
    #[cold]
    pub(crate) fn lose(&self, error: &Error) {
        let loss = || match error {
            Error::TransactionConflict { source, .. } => Loss::Conflict(source.to_string()),
            error => Loss::Failure(error.to_string()),
        };
        let mut level = Some(self);
        while let Some(lost) = level {
            // The first failure is the cause of the others.
            lost.loss.get_or_init(loss);
            level = lost.outer.as_deref().filter(|_| breaks(error));
        }
    }

    /// The same for the transaction and all outer ones, for a reason that is not an error of the store.
    #[cold]
    fn lose_all(&self, because: &str) {
        let mut level = Some(self);
        while let Some(lost) = level {
            lost.loss.get_or_init(|| Loss::Failure(because.to_owned()));
            level = lost.outer.as_deref();
        }
    }

    /// Why the transaction cannot be committed.
    fn loss(&self) -> Option<Error> {
        Some(match self.loss.get()? {
            Loss::Conflict(what) => Error::TransactionConflict { tries: 1, source: what.clone().into() },
            Loss::Failure(because) => Error::TransactionLost { because: because.clone() },
        })
    }

    /// The text of the back end's error, if another transaction conflicted with this one.
    pub(crate) fn conflict(&self) -> Option<&str> {
        match self.loss.get()? {
            Loss::Conflict(what) => Some(what),
            Loss::Failure(_) => None,
        }
    }

    /// Ends this nested transaction, unless its outer one has already ended.
    fn end_nested(&self, outer: &Level<B>, kept: bool) -> Result<(), Error> {
        if !self.is_nested_still() {
            return Err(Error::TransactionEnded { how: "it was rolled back" });
        }
        let released = if kept { self.shared.transaction.release(self.depth) } else { Ok(()) };
        if let Err(error) = &released {
            // It is not known how much of the nested transaction is left.
            outer.lose(error);
            outer.lose_all("a nested transaction could not be ended");
        }
        if !kept || released.is_err() {
            self.shared.transaction.undo(self.depth);
        }
        outer.to(&[NESTED], OPEN);
        outer.ensure_quiet();
        released
    }
}

/// A write in a transaction that is not done yet.
pub(crate) struct Writing<'a, B: Backend> {
    level: &'a Level<B>,
    is_done: bool,
}

impl<'a, B: Backend> Writing<'a, B> {
    pub(crate) fn rows(&self) -> &'a B::Transaction {
        &self.level.shared.transaction
    }

    /// The write has a result.
    pub(crate) fn done(mut self) {
        self.is_done = true;
    }
}

impl<B: Backend> Drop for Writing<'_, B> {
    fn drop(&mut self) {
        if !self.is_done {
            // Half of the write may be done.
            let because = || Loss::Failure("the future of a write was dropped before the write was done".to_owned());
            self.level.loss.get_or_init(because);
        }
        self.level.shared.writes.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether the store has lost a transaction in which any operation failed with this error.
fn breaks(error: &Error) -> bool {
    matches!(
        error,
        Error::TransactionConflict { .. }
            | Error::Connection { .. }
            | Error::Backend { .. }
            | Error::OutcomeUnknown { .. }
    )
}

/// A transaction that is rolled back when this is dropped.
pub(crate) struct Open<B: Backend> {
    pub(crate) level: Arc<Level<B>>,
    /// Whether the end has been reached.
    ended: bool,
}

impl<B: Backend> Open<B> {
    fn new(level: Level<B>) -> Self {
        Self { level: Arc::new(level), ended: false }
    }

    /// Commits the transaction if its work succeeded, and rolls it back otherwise.
    pub(crate) async fn end(self, succeeded: bool) -> Result<(), Error> {
        if succeeded {
            return self.commit().await;
        }
        self.rollback().await;
        Ok(())
    }

    /// Commits the transaction, or rolls it back if an operation in it failed.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let level = &self.level;
        if level.outer.is_none()
            && level.loss.get().is_none()
            && level.ensure_open().is_ok()
            && let Err(error) = level.check().await
        {
            level.lose(&error);
            self.rollback().await;
            return Err(error);
        }
        // If the future is dropped, the stage stays like this.
        if !level.to(&[OPEN], UNKNOWN) {
            return Err(level.refusal());
        }
        level.ensure_quiet();
        if level.outer.is_none() && !level.take_to_check().is_empty() {
            level.lose_all("it was committed during a write");
        }
        if let Some(loss) = level.loss() {
            level.to(&[UNKNOWN], OPEN);
            self.rollback().await;
            return Err(loss);
        }
        let committed = match &level.outer {
            None => level.shared.transaction.commit().await,
            Some(outer) => level.end_nested(outer, true),
        };
        match &committed {
            Ok(()) => {
                level.origin.commit();
                level.to(&[UNKNOWN], COMMITTED);
                self.ended = true;
            }
            Err(Error::OutcomeUnknown { .. }) => {}
            Err(error) => {
                level.lose(error);
                level.to(&[UNKNOWN], ROLLED_BACK);
            }
        }
        committed
    }

    /// Rolls the transaction back. A failure makes no difference, because the transaction can no longer be committed.
    pub(crate) async fn rollback(mut self) {
        let level = &self.level;
        if level.outer.is_none() && level.to(&[OPEN], ROLLED_BACK) {
            level.origin.undo();
            self.ended = level.shared.transaction.rollback().await.is_ok();
        }
    }
}

impl<B: Backend> Drop for Open<B> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let level = &*self.level;
        // Nested transactions end with it.
        level.to(&[OPEN, NESTED], ROLLED_BACK);
        level.origin.undo();
        match &level.outer {
            None => level.shared.transaction.abandon(),
            // If the transaction is no longer nested, it was undone with its outer one.
            Some(outer) => drop(level.end_nested(outer, false)),
        }
    }
}
