//! A transaction as the engine knows it: whether it may still be used, and whether it may be committed.
//!
//! A nested transaction is a level of its own over the same transaction of the back end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::backend::{Backend, Transaction, TransactionMode};
use crate::error::Error;
use crate::state::Origin;

/// A transaction, or one that is nested in another.
pub(crate) struct Level<B: Backend> {
    transaction: Arc<B::Transaction>,
    mode: TransactionMode,
    outer: Option<Arc<Level<B>>>,
    /// In how many others it is nested.
    depth: usize,
    /// The stage in the lowest bits, and above them how often it has changed.
    stage: AtomicU64,
    loss: OnceLock<Loss>,
    /// Where the states say that they come from.
    origin: Arc<Origin>,
}

/// Why it cannot be committed.
enum Loss {
    /// Another transaction was in the way, so that it may be tried again. What the back end said of it.
    Conflict(String),
    /// An operation failed, with this error.
    Failure(String),
}

/// It may be used.
const OPEN: u64 = 0;
/// Another one is nested in it.
const NESTED: u64 = 1;
const COMMITTED: u64 = 2;
const ROLLED_BACK: u64 = 3;
/// Its commit failed, and nobody knows whether it was done.
const UNKNOWN: u64 = 4;

const STAGES: u64 = 8;

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
        self.ensure_open()?;
        if !self.to(&[OPEN], NESTED) {
            return Err(self.refusal());
        }
        if let Err(error) = self.transaction.savepoint() {
            self.to(&[NESTED], OPEN);
            self.lose(&error);
            return Err(error);
        }
        Ok(Open::new(Self::over(Arc::clone(&self.transaction), self.mode, Some(Arc::clone(self)))))
    }

    fn over(transaction: Arc<B::Transaction>, mode: TransactionMode, outer: Option<Arc<Self>>) -> Self {
        let depth = outer.as_ref().map_or(0, |outer| outer.depth + 1);
        let origin = Arc::new(Origin::new(outer.as_ref().map(|outer| Arc::clone(&outer.origin))));
        Self { transaction, mode, outer, depth, stage: AtomicU64::new(OPEN), loss: OnceLock::new(), origin }
    }

    fn stage(&self) -> u64 {
        self.stage.load(Ordering::Acquire) % STAGES
    }

    /// Changes the stage if it is one of these.
    fn to(&self, from: &[u64], to: u64) -> bool {
        let change = |stage: u64| from.contains(&(stage % STAGES)).then(|| (stage / STAGES + 1) * STAGES + to);
        self.stage.fetch_update(Ordering::AcqRel, Ordering::Acquire, change).is_ok()
    }

    /// Whether all that it is nested in is still there, and waits for it.
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

    /// Fails if nothing of a type may be written.
    pub(crate) fn ensure_writable(&self, type_name: &'static str) -> Result<(), Error> {
        match self.mode {
            TransactionMode::ReadWrite => self.ensure_open(),
            TransactionMode::ReadOnly => Err(Error::ReadOnly { type_name }),
        }
    }

    #[cold]
    fn refusal(&self) -> Error {
        match self.stage() {
            NESTED => Error::TransactionNested,
            COMMITTED => Error::TransactionEnded { how: "committed" },
            UNKNOWN => Error::TransactionEnded { how: "committed or rolled back, which of the two is not known," },
            _ => Error::TransactionEnded { how: "rolled back" },
        }
    }

    /// The rows, if it may be used.
    pub(crate) fn rows(&self) -> Result<&B::Transaction, Error> {
        self.ensure_open()?;
        Ok(&self.transaction)
    }

    /// The rows, if it may be used to write those of a type. What it gives has to be told that the write was done.
    pub(crate) fn rows_to_write(&self, type_name: &'static str) -> Result<Writing<'_, B>, Error> {
        let stage = self.stage.load(Ordering::Acquire);
        self.ensure_writable(type_name)?;
        Ok(Writing { level: self, stage, is_done: false })
    }

    /// Where the states come from that are read or written in it.
    pub(crate) fn origin(&self) -> Arc<Origin> {
        Arc::clone(&self.origin)
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
        let loss = || match error {
            Error::TransactionConflict { source, .. } => Loss::Conflict(source.to_string()),
            error => Loss::Failure(error.to_string()),
        };
        let mut level = Some(self);
        while let Some(lost) = level {
            // The first is the cause of the others.
            lost.loss.get_or_init(loss);
            level = lost.outer.as_deref().filter(|_| breaks(error));
        }
    }

    /// The same for it and all that it is nested in, because of something that is no error of the store.
    #[cold]
    fn lose_all(&self, because: &str) {
        let mut level = Some(self);
        while let Some(lost) = level {
            lost.loss.get_or_init(|| Loss::Failure(because.to_owned()));
            level = lost.outer.as_deref();
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

    /// Ends the nested one, unless what it is nested in has ended before.
    fn end_nested(&self, outer: &Level<B>, kept: bool) -> Result<(), Error> {
        if !self.is_nested_still() {
            return Err(Error::TransactionEnded { how: "rolled back" });
        }
        let released = match kept {
            true => self.transaction.release(self.depth),
            false => {
                self.transaction.undo(self.depth);
                Ok(())
            }
        };
        outer.to(&[NESTED], OPEN);
        released
    }
}

/// A write on its way in a transaction.
pub(crate) struct Writing<'a, B: Backend> {
    level: &'a Level<B>,
    stage: u64,
    is_done: bool,
}

impl<'a, B: Backend> Writing<'a, B> {
    pub(crate) fn rows(&self) -> &'a B::Transaction {
        &self.level.transaction
    }

    /// The write has a result.
    pub(crate) fn done(mut self) {
        self.is_done = true;
        if self.level.stage.load(Ordering::Acquire) != self.stage {
            // Nobody knows whether it was done within what was nested, or within what it is nested in.
            self.level.lose_all("a nested transaction began or ended while a write was on its way");
        }
    }
}

/// Half of a write that was dropped may be done.
impl<B: Backend> Drop for Writing<'_, B> {
    fn drop(&mut self) {
        if !self.is_done {
            self.level.lose_all("the future of a write was dropped before the write was done");
        }
    }
}

/// Whether the store has lost the transaction in which an operation failed so, whatever the operation was.
fn breaks(error: &Error) -> bool {
    matches!(
        error,
        Error::TransactionConflict { .. } | Error::Connection(_) | Error::Backend { .. } | Error::OutcomeUnknown { .. }
    )
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

    /// Commits it, unless an operation in it failed: then it is rolled back.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let level = &self.level;
        if let Some(loss) = level.loss() {
            self.rollback().await;
            return Err(loss);
        }
        if !level.to(&[OPEN], COMMITTED) {
            return Err(level.refusal());
        }
        let committed = match &level.outer {
            None => level.transaction.commit().await,
            Some(outer) => level.end_nested(outer, true),
        };
        match &committed {
            Ok(()) => self.ended = true,
            Err(Error::OutcomeUnknown { .. }) => drop(level.to(&[COMMITTED], UNKNOWN)),
            Err(error) => {
                level.lose(error);
                level.to(&[COMMITTED], ROLLED_BACK);
            }
        }
        committed
    }

    /// Rolls it back. That this fails changes nothing: it cannot be committed any more.
    pub(crate) async fn rollback(mut self) {
        let level = &self.level;
        if level.outer.is_none() && level.to(&[OPEN], ROLLED_BACK) {
            level.origin.undo();
            self.ended = level.transaction.rollback().await.is_ok();
        }
    }
}

impl<B: Backend> Drop for Open<B> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let level = &*self.level;
        // Whatever is nested in it goes with it.
        level.to(&[OPEN, NESTED], ROLLED_BACK);
        if level.stage() != UNKNOWN {
            level.origin.undo();
        }
        match &level.outer {
            None => level.transaction.abandon(),
            // If it was not nested any more, it was undone with what it was nested in.
            Some(outer) => drop(level.end_nested(outer, false)),
        }
    }
}
