//! The path of every write. Here it gets its span, its scope and its error.

use std::borrow::Cow;

use tracing::{Instrument, Span};

use super::integrity::{Followed, Kept};
use super::{Kind, Table, ValueAt, index_values, primary_key};
use crate::backend::{Backend, InPlace, Lookup, Session, Target, Write, WriteFailure, Writes, Written};
use crate::encoding::{levels_of, too_deep};
use crate::error::{Error, ErrorKind};
use crate::limits::DOCUMENT_LEVELS;
use crate::row::{Row, RowContent, RowId};
use crate::state::RowMetadata;
use crate::table::{Column, Index, shown};
use crate::value::{Timestamp, Value, ValueRef};

/// Runs the writes of all repositories and operations. It is not an `async fn`, because that would copy the writes once more.
macro_rules! write_rows {
    ($table:expr, $kind:expr, $span:expr, $writes:expr) => {
        match &$table.level {
            None => $table.backend.write(&$table.handle, $writes).instrument($span).await,
            Some(level) => match level.rows_to_write($kind.name) {
                Ok(writing) => {
                    let written = Box::pin(writing.rows().write(&$table.handle, $writes).instrument($span)).await;
                    writing.done();
                    written
                }
                Err(error) => Err((0, error.into())),
            },
        }
    };
}

/// The same, keeping the references. The result includes what followed from the writes.
macro_rules! write_and_keep_references {
    ($table:expr, $kind:expr, $span:expr, $writes:expr) => {{
        let writes = $writes;
        if $table.integrity.as_ref().is_some_and(|integrity| integrity.concerns(&writes)) {
            // Boxed, so that the futures of other types stay small.
            Box::pin($table.write_with_integrity($kind, $span, writes)).await
        } else {
            write_rows!($table, $kind, $span, writes).map(|written| Kept { written, followed: Followed::default() })
        }
    }};
}

pub(super) use write_rows;

impl<B: Backend> Table<B> {
    /// Fails if the value, whose variant is at this position, is nested deeper than a document may be.
    pub(crate) fn ensure_flat(&self, position: usize, value_at: &ValueAt<'_>) -> Result<(), Error> {
        if !self.backend.profile().limits_levels
            && let Some(variant) = self.definition.variants.get(position)
            && self.nests.get(position) == Some(&true)
            && levels_of(variant.shape, &value_at(&[]).to_value()) > DOCUMENT_LEVELS
        {
            return Err(too_deep(variant.type_name));
        }
        Ok(())
    }

    /// The row content for a value whose variant is at this position: its discriminator, its values in the table's columns, and
    /// its document.
    pub(crate) fn content(&self, position: usize, value_at: &ValueAt<'_>, doc: B::Document) -> RowContent<B::Document> {
        let definition = &*self.definition;
        let discriminators = definition.variants.get(position).and_then(|variant| variant.discriminators);
        let value_in = |column: &Column| match column.variant {
            Some(other) if other != position => Value::NONE,
            _ => value_at(column.path.steps()).to_value(),
        };
        let wanted = self.backend.profile().columns;
        let columns = if wanted { definition.columns.iter().map(value_in).collect() } else { Vec::new() };
        RowContent {
            discriminator: discriminators.and_then(|names| names.first().copied()).map(Cow::Borrowed),
            doc,
            columns,
            written_at: self.options.timestamps.then(Timestamp::now),
        }
    }

    /// Does several writes.
    async fn write_many(
        &self,
        kind: Kind,
        span: Span,
        writes: Writes<'_, B::Document>,
    ) -> Result<Kept<B::Document>, (usize, WriteFailure)> {
        let wanted = writes.len();
        let kept = write_and_keep_references!(self, kind, span, writes)?;
        if kept.written.len() == wanted {
            return Ok(kept);
        }
        Err((0, self.confused(format!("{wanted} writes have {} results", kept.written.len())).into()))
    }

    /// Does a single write.
    async fn write_one(
        &self,
        kind: Kind,
        span: Span,
        write: Write<'_, B::Document>,
    ) -> Result<Written<B::Document>, WriteFailure> {
        self.write_one_and_follow(kind, span, write).await.map(|(written, _)| written)
    }

    /// Does a single write, and returns what followed from it too.
    async fn write_one_and_follow(
        &self,
        kind: Kind,
        span: Span,
        write: Write<'_, B::Document>,
    ) -> Result<(Written<B::Document>, Followed), WriteFailure> {
        let kept = write_and_keep_references!(self, kind, span, Writes::<B::Document>::from_buf([write]));
        let Kept { mut written, followed } = kept.map_err(|(_, failure)| failure)?;
        match (written.pop(), written.len()) {
            (Some(written), 0) => Ok((written, followed)),
            (None, _) => Err(self.confused("a write has no result".to_owned()).into()),
            (Some(_), others) => Err(self.confused(format!("a write has {} results", others + 1)).into()),
        }
    }

    pub(crate) async fn insert(&self, kind: Kind, content: RowContent<B::Document>) -> Result<RowId, WriteFailure> {
        let span = tracing::debug_span!("create", "type" = kind.name, backend = self.backend.name());
        match self.write_one(kind, span, Write::Insert(content)).await? {
            Written::Inserted(id) => Ok(id),
            other => Err(self.another_result(other).into()),
        }
    }

    pub(crate) async fn insert_many(
        &self,
        kind: Kind,
        contents: Vec<RowContent<B::Document>>,
    ) -> Result<Vec<RowId>, (usize, WriteFailure)> {
        let rows = contents.len();
        if rows == 0 {
            return Ok(Vec::new());
        }
        let span = tracing::debug_span!("create_many", "type" = kind.name, backend = self.backend.name(), rows);
        let written = self.write_many(kind, span, contents.into_iter().map(Write::Insert).collect()).await?.written;
        let id = |(position, written)| match written {
            Written::Inserted(id) => Ok(id),
            other => Err((position, self.another_result(other).into())),
        };
        written.into_iter().enumerate().map(id).collect()
    }

    /// The row that a state belongs to.
    pub(crate) fn target<'a>(&self, kind: Kind, metadata: &'a RowMetadata, locking: bool) -> Target<'a> {
        let is_good = metadata.is_good_in(self.level.as_ref().map(|level| level.origin()));
        Target {
            id: metadata.id,
            // No row has the greatest version, so such a write is always refused.
            version: if is_good { locking.then_some(metadata.version) } else { Some(u64::MAX) },
            scope: kind.scope,
            primary_key: metadata.primary_key.as_deref(),
            before: false,
        }
    }

    pub(crate) async fn replace(
        &self,
        kind: Kind,
        metadata: &RowMetadata,
        locking: bool,
        content: RowContent<B::Document>,
    ) -> Result<u64, WriteFailure> {
        let span = tracing::debug_span!("update", "type" = kind.name, backend = self.backend.name());
        match self.write_one(kind, span, Write::Replace(self.target(kind, metadata, locking), content)).await? {
            Written::Replaced(version, _) => Ok(version),
            other => Err(self.another_result(other).into()),
        }
    }

    pub(crate) async fn delete(&self, kind: Kind, metadata: &RowMetadata) -> Result<Followed, WriteFailure> {
        let span = tracing::debug_span!("delete", "type" = kind.name, backend = self.backend.name());
        let target = self.target(kind, metadata, self.options.optimistic_locking);
        match self.write_one_and_follow(kind, span, Write::Delete(target)).await? {
            (Written::Deleted(_), followed) => Ok(followed),
            (other, _) => Err(self.another_result(other).into()),
        }
    }

    /// Has the back end change the row with this key in place. `None` if it did not, for whatever reason.
    pub(crate) async fn patch(
        &self,
        kind: Kind,
        index: usize,
        values: &[ValueRef<'_>],
        changes: &[InPlace],
    ) -> Result<Option<Row<B::Document>>, Error> {
        // The row is read and replaced if the patch may change a reference.
        if self.integrity.as_ref().is_some_and(|integrity| integrity.is_touched(changes)) {
            return Ok(None);
        }
        let lookup = Lookup { index, values, scope: kind.scope };
        let written_at = self.options.timestamps.then(Timestamp::now);
        let span = tracing::debug_span!("patch", "type" = kind.name, backend = self.backend.name());
        match &self.level {
            None => self.backend.patch(&self.handle, lookup, changes, written_at).instrument(span).await,
            Some(level) => {
                let writing = level.rows_to_write(kind.name)?;
                let patched = writing.rows().patch(&self.handle, lookup, changes, written_at).instrument(span);
                let patched = Box::pin(patched).await;
                writing.done();
                patched
            }
        }
    }

    /// Does the writes, all or none, and returns their number and that of the rows that are deleted with them; `None` if a row
    /// has changed since it was read. `error` translates the failure of the write at a position to the caller's error, if there is one.
    pub(crate) async fn write_all(
        &self,
        kind: Kind,
        operation: &'static str,
        writes: Writes<'_, B::Document>,
        error: &(dyn Fn(usize, WriteFailure) -> Option<Error> + Sync),
    ) -> Result<Option<u64>, Error> {
        self.ensure_atomic(operation)?;
        let rows = writes.len();
        if rows == 0 {
            self.ensure_writable(kind)?;
            return Ok(Some(0));
        }
        let span = tracing::debug_span!("write_many", "type" = kind.name, backend = self.backend.name(), rows);
        match self.write_many(kind, span, writes).await {
            Ok(kept) => Ok(Some(rows as u64 + kept.followed.deleted)),
            Err((_, WriteFailure::Stale { .. } | WriteFailure::Missing)) => Ok(None),
            Err((_, WriteFailure::Other(error))) => Err(error),
            Err((position, failure)) => {
                let what = format!("write {position} of {rows} failed: {failure:?}");
                Err(error(position, failure).unwrap_or_else(|| self.confused(what)))
            }
        }
    }

    /// Fails if the back end cannot write several rows, all or none.
    pub(crate) fn ensure_atomic(&self, operation: &'static str) -> Result<(), Error> {
        if self.backend.capabilities().atomic_batches {
            Ok(())
        } else {
            Err(Error::Unsupported { backend: self.backend.name(), operation })
        }
    }

    /// Fails if the value's primary key is not that of its row.
    pub(crate) fn ensure_stable(&self, metadata: &RowMetadata, value_at: &ValueAt<'_>) -> Result<(), Error> {
        let Some(from) = &metadata.primary_key else { return Ok(()) };
        let definition = &*self.definition;
        let to = primary_key(definition, value_at).unwrap_or_default();
        if *from == to {
            return Ok(());
        }
        Err(self.unstable(from, &to))
    }

    #[cold]
    pub(super) fn unstable(&self, from: &[Value], to: &[Value]) -> Error {
        let definition = &*self.definition;
        let index = definition.primary_key.as_ref().map(|key| &definition.indexes[key.index]);
        Error::UnstablePrimaryKey {
            type_name: definition.type_name,
            key: index.map_or_else(String::new, Index::property),
            from: shown(from),
            to: shown(to),
        }
    }

    /// What is known about a row that was just created.
    pub(crate) fn created(&self, id: RowId, written_at: Option<Timestamp>, value_at: &ValueAt<'_>) -> RowMetadata {
        let primary_key = primary_key(&self.definition, value_at);
        let origin = self.origin();
        RowMetadata { id, version: 0, created_at: written_at, updated_at: written_at, primary_key, origin }
    }

    /// The error for a write that the back end did not do. `stored` is the row's state, if the write concerns an existing row.
    #[cold]
    pub(crate) fn write_error(
        &self,
        kind: Kind,
        failure: WriteFailure,
        metadata: Option<&RowMetadata>,
        value_at: &ValueAt<'_>,
    ) -> Error {
        let definition = &*self.definition;
        match (failure, metadata) {
            (WriteFailure::Duplicate(position), _) => match definition.indexes.get(position) {
                Some(index) => index.duplicate_key(&index_values(definition, index, value_at)),
                None => self.confused(format!("duplicate in index {position}, which does not exist")),
            },
            (WriteFailure::Stale { found }, Some(metadata)) => {
                Error::WriteConflict { type_name: kind.name, id: metadata.id, expected: metadata.version, found }
            }
            (WriteFailure::Missing, Some(metadata)) => {
                Error::NotFound { type_name: kind.name, what: format!("has the id {}: it is gone", metadata.id) }
            }
            (WriteFailure::Other(error), _) => error,
            (failure, None) => self.confused(format!("an insert failed as an update would: {failure:?}")),
        }
    }

    #[cold]
    fn another_result(&self, written: Written<B::Document>) -> Error {
        self.confused(format!("a write has the result of {}", written.of_what()))
    }

    /// The error for a back end that broke its contract.
    #[cold]
    pub(crate) fn confused(&self, what: String) -> Error {
        Error::Backend { backend: self.backend.name(), kind: ErrorKind::Unknown, source: what.into() }
    }
}
