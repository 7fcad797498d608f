//! Writes that keep the references, in the caller's transaction or in one of their own.

use std::sync::Arc;

use tracing::{Instrument, Span};

use super::Renamed;
use super::change::{Change, Followed};
use crate::backend::{AllWritten, Backend, Session, TransactionMode, Write, WriteFailure, Writes, Written};
use crate::engine::write::write_rows;
use crate::engine::{Kind, Level, Table, tried};
use crate::error::Error;
use crate::row::Row;

/// The position of the write that failed, and why it failed.
type Failed = (usize, WriteFailure);

/// The failure in a form that [`Table::in_transaction`] can return.
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
        let begin = || Level::begin(&*self.backend, &self.tables, TransactionMode::ReadWrite);
        let work = |level: Arc<Level<B>>| work(self.within(&level));
        tried(&*self.backend, &self.options, begin, work).await
    }

    /// Does the writes, all or none, and everything that the references to and from the rows ask for.
    pub(crate) async fn write_with_integrity(
        &self,
        kind: Kind,
        span: Span,
        writes: Writes<'_, B::Document>,
    ) -> Result<Kept<B::Document>, Failed> {
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
        writes: Writes<'_, B::Document>,
        renamed: Option<&Renamed>,
    ) -> Result<Kept<B::Document>, Failed> {
        let Some(level) = &self.level else {
            return Err((0, self.confused("references are kept outside of a transaction".to_owned()).into()));
        };
        // The transaction cannot be committed between the writes and what follows from them.
        let writing = level.rows_to_write(kind.name).map_err(|error| (0, error.into()))?;
        let kept = self.write_and_follow(kind, span, writes, renamed).await;
        writing.done();
        kept
    }

    async fn write_and_follow(
        &self,
        kind: Kind,
        span: Span,
        mut writes: Writes<'_, B::Document>,
        renamed: Option<&Renamed>,
    ) -> Result<Kept<B::Document>, Failed> {
        let mut after = Vec::with_capacity(writes.len());
        let mut read = Vec::with_capacity(writes.len());
        for (position, write) in writes.iter_mut().enumerate() {
            let mut before = Before::InResult;
            match write {
                // The row may be one whose metadata cannot be read. It can be deleted nevertheless.
                Write::Delete(target) if target.version.is_none() => {
                    before = match self.row(kind, target.id).await {
                        Ok(row) => Before::Read(row.map(Box::new)),
                        Err(Error::Decode { .. }) => Before::Read(None),
                        Err(error) => return Err((position, error.into())),
                    }
                }
                Write::Replace(target, _) | Write::Delete(target) => target.before = true,
                Write::Insert(_) => before = Before::Read(None),
            }
            read.push(before);
            after.push(write.content().map(|content| (content.discriminator.clone(), content.doc.clone())));
        }
        let mut written = write_rows!(self, kind, span, writes)?;
        let mut changes = Vec::with_capacity(written.len());
        for (position, ((written, read), after)) in written.iter_mut().zip(read).zip(after).enumerate() {
            let before = match (read, written) {
                (Before::Read(row), _) => row,
                (Before::InResult, Written::Replaced(_, before) | Written::Deleted(before)) if before.is_some() => {
                    before.take()
                }
                (Before::InResult, _) => {
                    let what = "a row was changed, and its old content was not returned".to_owned();
                    return Err((position, self.confused(what).into()));
                }
            };
            changes.push(Change { before, after });
        }
        let followed = self.settle(changes, renamed).await.map_err(|error| (0, error.into()))?;
        Ok(Kept { written, followed })
    }
}

/// Where the row before a write comes from.
enum Before<D> {
    /// The back end returns it.
    InResult,
    /// It was read, or there is none.
    Read(Option<Box<Row<D>>>),
}

/// What was written.
pub(crate) struct Kept<D> {
    /// The results of the writes.
    pub(crate) written: AllWritten<D>,
    /// What followed from them.
    pub(crate) followed: Followed,
}
