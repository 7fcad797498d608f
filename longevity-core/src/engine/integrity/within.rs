//! Writes that keep the references, in the caller's transaction or in one of their own.

use std::sync::Arc;

use tracing::{Instrument, Span};

use super::Renamed;
use super::change::{Change, Followed, keys_in};
use super::settle::key_values;
use crate::backend::{AllWritten, Backend, Lookup, Session, TransactionMode, Write, WriteFailure, Writes, Written};
use crate::engine::write::write_rows;
use crate::engine::{Kind, Level, Table, tried};
use crate::error::Error;
use crate::row::{Row, RowContent};
use crate::scope::Scope;
use crate::value::Value;

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
        if let Some(written) = self.inserted_at_once(&span, &writes).await? {
            return Ok(Kept { written, followed: Followed::default() });
        }
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

    /// Inserts a row with its references in one operation, if the back end can, and if all targets are there.
    async fn inserted_at_once(
        &self,
        span: &Span,
        writes: &Writes<'_, B::Document>,
    ) -> Result<Option<AllWritten<B::Document>>, Failed> {
        let (None, [Write::Insert(content)]) = (&self.level, writes.as_slice()) else { return Ok(None) };
        if !self.backend.profile().inserts_with_targets {
            return Ok(None);
        }
        let Some(needed) = self.targets_of(content) else { return Ok(None) };
        let values: Vec<Vec<_>> =
            needed.iter().map(|target| target.values.iter().map(Value::as_value_ref).collect()).collect();
        let mut targets = Vec::with_capacity(needed.len());
        for (Needed { table, index, scope, .. }, values) in needed.iter().zip(&values) {
            targets.push((&table.handle, Lookup { index: *index, values, scope: *scope }));
        }
        let inserted = self.backend.insert_with_targets(&self.handle, content.clone(), &targets);
        match inserted.instrument(span.clone()).await {
            Ok(id) => Ok(id.map(|id| AllWritten::from_buf([Written::Inserted(id)]))),
            Err(failure) => Err((0, failure)),
        }
    }

    /// The rows that a new row needs; `None` if they are too many for one question.
    fn targets_of(&self, content: &RowContent<B::Document>) -> Option<Vec<Needed<B>>> {
        let mut needed = Vec::new();
        for end in self.integrity.iter().flat_map(|integrity| &integrity.outgoing) {
            for key in keys_in(self, end, (content.discriminator.as_deref(), &content.doc)) {
                if needed.len() == TARGETS_AT_ONCE {
                    return None;
                }
                let table = self.end_of(&end.link).ok()?;
                let values = key_values(&table.definition, &end.link, &key);
                needed.push(Needed { table, index: end.link.key, values, scope: end.link.reference.target.scope });
            }
        }
        Some(needed)
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

/// How many rows are asked for in one question.
const TARGETS_AT_ONCE: usize = 16;

/// A row that a new row needs.
struct Needed<B: Backend> {
    table: Table<B>,
    /// The position of its key.
    index: usize,
    values: Vec<Value>,
    scope: Option<Scope>,
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
