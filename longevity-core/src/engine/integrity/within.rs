//! Writes that keep the references, in the caller's transaction or in one of their own.

use tracing::{Instrument, Span};

use super::Renamed;
use super::change::Change;
use crate::backend::{AllWritten, Backend, Session, TransactionMode, Write, WriteFailure, Writes, Written};
use crate::engine::write::write_rows;
use crate::engine::{After, Kind, Level, Table, Tries};
use crate::error::Error;

/// The position of the write that failed, and why it failed.
type Failed = (usize, WriteFailure);

/// The same as an error that a transaction can have.
struct Refused(Failed);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self((0, error.into()))
    }
}

impl<B: Backend> Table<B> {
    /// Does the work in the table's transaction or, if there is none, in one of its own. The work reports its errors by
    /// [`refused`](Self::refused).
    pub(crate) async fn in_transaction<T, E, F>(&self, work: impl Fn(Self) -> F) -> Result<T, E>
    where
        E: From<Error>,
        F: Future<Output = Result<T, E>>,
    {
        if self.level.is_some() {
            return work(self.clone()).await;
        }
        let mut tries = Tries::new(&self.options);
        loop {
            tries.count += 1;
            let after = match Level::begin(&*self.backend, &self.tables, TransactionMode::ReadWrite).await {
                Ok(open) => {
                    let level = open.level.clone();
                    let result = work(self.within(&level)).await;
                    let ended = open.end(result.is_ok()).await;
                    tries.after(&level, result, ended)
                }
                Err(error) => tries.after_begin(error),
            };
            match after {
                After::Over(result) => return result,
                After::Again => self.backend.back_off(tries.count).await,
            }
        }
    }

    /// Does the writes, all or none, and everything that the references to and from the rows ask for.
    pub(crate) async fn write_with_integrity(
        &self,
        kind: Kind,
        span: Span,
        writes: Writes<'_, B::Document>,
    ) -> Result<AllWritten<B::Document>, Failed> {
        let work = |table: Self| {
            let (span, writes) = (span.clone(), writes.clone());
            async move {
                let written = table.write_and_settle(kind, span, writes, None).await;
                written.map_err(|failed| {
                    if let (_, WriteFailure::Other(error)) = &failed
                        && let Some(level) = &table.level
                    {
                        level.lose(error);
                    }
                    Refused(failed)
                })
            }
        };
        self.in_transaction(work).await.map_err(|Refused(failed)| failed)
    }

    /// The same in the table's transaction. References to a key that is renamed follow it.
    pub(crate) async fn write_and_settle(
        &self,
        kind: Kind,
        span: Span,
        mut writes: Writes<'_, B::Document>,
        renamed: Option<&Renamed>,
    ) -> Result<AllWritten<B::Document>, Failed> {
        let mut after = Vec::with_capacity(writes.len());
        for write in &mut writes {
            if let Write::Replace(target, _) | Write::Delete(target) = write {
                target.before = true;
            }
            after.push(write.content().map(|content| (content.discriminator.clone(), content.doc.clone())));
        }
        let mut written = write_rows!(self, kind, span, writes)?;
        let changes = written.iter_mut().zip(after).map(|(written, after)| {
            let before = match written {
                Written::Inserted(_) => None,
                Written::Replaced(_, before) | Written::Deleted(before) => before.take(),
            };
            Change { before, after }
        });
        self.settle(changes.collect(), renamed).await.map_err(|error| (0, error.into()))?;
        Ok(written)
    }
}
