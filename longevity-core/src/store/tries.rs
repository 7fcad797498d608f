//! How often a transaction is tried, and what its last try says.

use std::time::Instant;

use crate::backend::Backend;
use crate::engine::Level;
use crate::error::Error;
use crate::options::Options;

/// The tries of one transaction.
pub(crate) struct Tries<'a> {
    options: &'a Options,
    began: Instant,
    pub(crate) count: usize,
}

/// What comes after a try.
pub(crate) enum After<T> {
    /// The transaction is over.
    Over(T),
    /// Another one was in the way.
    Again,
}

impl<'a> Tries<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        Self { options, began: Instant::now(), count: 0 }
    }

    /// After a transaction could not be begun.
    pub(crate) fn after_begin<T, E: From<Error>>(&self, error: Error) -> After<Result<T, E>> {
        match error {
            Error::TransactionConflict { source, .. } => self.after_conflict(source.to_string()),
            error => After::Over(Err(error.into())),
        }
    }

    /// After its work, and after it was committed or rolled back.
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
            // What the work made of a conflict does not matter: it is done again, or was tried often enough.
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
