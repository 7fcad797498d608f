//! How often a transaction is tried, and what the caller gets after the last try.

use std::sync::Arc;
use std::time::Instant;

use super::{Level, Open};
use crate::backend::Backend;
use crate::error::Error;
use crate::options::Options;

/// The tries of one transaction.
pub(crate) struct Tries<'a> {
    options: &'a Options,
    began: Instant,
    pub(crate) count: usize,
}

/// What to do after a try.
pub(crate) enum After<T> {
    /// Return this result.
    Over(T),
    /// Try again, because another transaction conflicted.
    Again,
}

/// Does the work in a transaction, and again while other transactions conflict with it.
pub(crate) async fn tried<B, T, E, F, G>(
    backend: &B,
    options: &Options,
    begin: impl Fn() -> G,
    work: impl Fn(Arc<Level<B>>) -> F,
) -> Result<T, E>
where
    B: Backend,
    E: From<Error>,
    F: Future<Output = Result<T, E>>,
    G: Future<Output = Result<Open<B>, Error>>,
{
    let mut tries = Tries::new(options);
    loop {
        tries.count += 1;
        let after = match begin().await {
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
            After::Again => backend.back_off(tries.count).await,
        }
    }
}

impl<'a> Tries<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        Self { options, began: Instant::now(), count: 0 }
    }

    /// Decides after a transaction could not be begun.
    pub(crate) fn after_begin<T, E: From<Error>>(&self, error: Error) -> After<Result<T, E>> {
        match error {
            Error::TransactionConflict { source, .. } => self.after_conflict(source.to_string()),
            error => After::Over(Err(error.into())),
        }
    }

    /// Decides after the work was done and the transaction was committed or rolled back.
    pub(crate) fn after<T, E: From<Error>, B: Backend>(
        &self,
        level: &Level<B>,
        result: Result<T, E>,
        ended: Result<(), Error>,
    ) -> After<Result<T, E>> {
        match (result, ended) {
            (Ok(value), Ok(())) => After::Over(Ok(value)),
            (Ok(_), Err(Error::TransactionConflict { source, .. })) => self.after_conflict(source.to_string()),
            (Ok(_), Err(error)) => After::Over(Err(error.into())),
            // It does not matter what the work made of a conflict: the work is done again, or has been tried often enough.
            (Err(error), _) => match level.conflict() {
                Some(conflict) => self.after_conflict(conflict.to_owned()),
                None => After::Over(Err(error)),
            },
        }
    }

    fn after_conflict<T, E: From<Error>>(&self, conflict: String) -> After<Result<T, E>> {
        if self.count < self.options.transaction_tries && self.began.elapsed() < self.options.transaction_time {
            return After::Again;
        }
        After::Over(Err(Error::TransactionConflict { tries: self.count, source: conflict.into() }.into()))
    }
}
