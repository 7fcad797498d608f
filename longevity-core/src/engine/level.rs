//! A transaction as the engine knows it: whether it may still be used, and whether it may be committed.
//!
//! A nested transaction is a level of its own over the same transaction of the back end.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use crate::backend::{Backend, Transaction, TransactionMode};
use crate::error::Error;

/// A transaction, or one that is nested in another.
pub(crate) struct Level<B: Backend> {
    transaction: Arc<B::Transaction>,
    mode: TransactionMode,
    outer: Option<Arc<Level<B>>>,
    stage: AtomicU8,
    loss: OnceLock<Loss>,
}

/// Why it cannot be committed.
enum Loss {
    /// Another transaction was in the way, so that it may be tried again. What the back end said of it.
    Conflict(String),
    /// A write failed, with this error.
    Failure(String),
}

/// It may be used.
const OPEN: u8 = 0;
/// Another one is nested in it.
const NESTED: u8 = 1;
const COMMITTED: u8 = 2;
const ROLLED_BACK: u8 = 3;

impl<B: Backend> Level<B> {
    pub(crate) async fn begin(backend: &B, mode: TransactionMode) -> Result<Open<B>, Error> {
        if !backend.capabilities().transactions {
            return Err(Error::Unsupported { backend: backend.name(), operation: "transactions" });
        }
        let transaction = Arc::new(backend.begin(mode).await?);
        Ok(Open::new(Self::over(transaction, mode, None)))
    }

    /// Begins one that is nested in this one.
    pub(crate) fn nest(self: &Arc<Self>, backend: &B) -> Result<Open<B>, Error> {
        if !backend.capabilities().savepoints {
            return Err(Error::Unsupported { backend: backend.name(), operation: "nested transactions" });
        }
        if let Err(stage) = self.stage.compare_exchange(OPEN, NESTED, Ordering::AcqRel, Ordering::Acquire) {
            return Err(of_stage(stage));
        }
        if let Err(error) = self.transaction.savepoint() {
            self.to(NESTED, OPEN);
            self.lose(&error);
            return Err(error);
        }
        Ok(Open::new(Self::over(Arc::clone(&self.transaction), self.mode, Some(Arc::clone(self)))))
    }

    fn over(transaction: Arc<B::Transaction>, mode: TransactionMode, outer: Option<Arc<Self>>) -> Self {
        Self { transaction, mode, outer, stage: AtomicU8::new(OPEN), loss: OnceLock::new() }
    }

    pub(crate) fn ensure_open(&self) -> Result<(), Error> {
        self.rows().map(|_| ())
    }

    /// The rows, if it may be used.
    pub(crate) fn rows(&self) -> Result<&B::Transaction, Error> {
        match self.stage.load(Ordering::Acquire) {
            OPEN => Ok(&self.transaction),
            stage => Err(of_stage(stage)),
        }
    }

    /// The rows, if it may be used to write those of a type.
    pub(crate) fn rows_to_write(&self, type_name: &'static str) -> Result<&B::Transaction, Error> {
        match self.mode {
            TransactionMode::ReadWrite => self.rows(),
            TransactionMode::ReadOnly => Err(Error::ReadOnly { type_name }),
        }
    }

    /// The result of a read, which may have lost the transaction.
    pub(crate) fn noted<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result
            && breaks(error)
        {
            self.lose(error);
        }
        result
    }

    /// From here on it cannot be committed; nor can those that it is nested in, if the store has lost it.
    #[cold]
    pub(crate) fn lose(&self, error: &Error) {
        // The first is the cause of the others.
        _ = self.loss.set(match error {
            Error::TransactionConflict { source, .. } => Loss::Conflict(source.to_string()),
            error => Loss::Failure(error.to_string()),
        });
        if let Some(outer) = self.outer.as_ref().filter(|_| breaks(error)) {
            outer.lose(error);
        }
    }

    /// Why it cannot be committed.
    fn loss(&self) -> Option<Error> {
        Some(match self.loss.get()? {
            Loss::Conflict(what) => Error::TransactionConflict { tries: 1, source: what.clone().into() },
            Loss::Failure(because) => Error::TransactionLost { because: because.clone() },
        })
    }

    /// What the back end said if another transaction was in the way.
    pub(crate) fn conflict(&self) -> Option<&str> {
        match self.loss.get()? {
            Loss::Conflict(what) => Some(what),
            Loss::Failure(_) => None,
        }
    }

    fn to(&self, from: u8, to: u8) -> bool {
        self.stage.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// Whether the store has lost the transaction in which an operation failed so, whatever the operation was.
fn breaks(error: &Error) -> bool {
    matches!(
        error,
        Error::TransactionConflict { .. }
            | Error::Connection(_)
            | Error::Backend { .. }
            | Error::OutcomeUnknown { .. }
            | Error::QueryTooLarge { .. }
    )
}

#[cold]
fn of_stage(stage: u8) -> Error {
    match stage {
        NESTED => Error::TransactionNested,
        COMMITTED => Error::TransactionEnded { how: "committed" },
        _ => Error::TransactionEnded { how: "rolled back" },
    }
}

/// A transaction that is rolled back when this is dropped.
pub(crate) struct Open<B: Backend> {
    pub(crate) level: Arc<Level<B>>,
    /// Whether it was seen to its end.
    ended: bool,
}

impl<B: Backend> Open<B> {
    fn new(level: Level<B>) -> Self {
        Self { level: Arc::new(level), ended: false }
    }

    /// Commits it if its work succeeded; rolls it back otherwise.
    pub(crate) async fn end(self, succeeded: bool) -> Result<(), Error> {
        if succeeded {
            return self.commit().await;
        }
        self.rollback().await;
        Ok(())
    }

    /// Commits it, unless a write in it failed: then it is rolled back.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let level = &self.level;
        if let Some(loss) = level.loss() {
            self.rollback().await;
            return Err(loss);
        }
        if let Err(stage) = level.stage.compare_exchange(OPEN, COMMITTED, Ordering::AcqRel, Ordering::Acquire) {
            return Err(of_stage(stage));
        }
        let committed = match &level.outer {
            None => level.transaction.commit().await,
            Some(outer) => {
                let released = level.transaction.release();
                outer.to(NESTED, OPEN);
                released
            }
        };
        if let Err(error) = &committed {
            level.lose(error);
            level.to(COMMITTED, ROLLED_BACK);
        }
        self.ended = true;
        committed
    }

    /// Rolls it back. That this fails changes nothing: it cannot be committed any more.
    pub(crate) async fn rollback(mut self) {
        let level = &self.level;
        if level.to(OPEN, ROLLED_BACK) && level.outer.is_none() {
            _ = level.transaction.rollback().await;
            self.ended = true;
        }
    }
}

impl<B: Backend> Drop for Open<B> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let level = &*self.level;
        // Whatever is nested in it goes with it, and the back end refuses it from here on.
        for stage in [OPEN, NESTED] {
            level.to(stage, ROLLED_BACK);
        }
        match &level.outer {
            None => level.transaction.abandon(),
            Some(outer) => {
                level.transaction.undo();
                outer.to(NESTED, OPEN);
            }
        }
    }
}
