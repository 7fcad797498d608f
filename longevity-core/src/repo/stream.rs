//! The stream of a query's results.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tracing::Span;

use super::state_of;
use crate::backend::Backend;
use crate::engine::{Kind, Table};
use crate::error::Error;
use crate::persistent::PersistentType;
use crate::query::Query;
use crate::select::Select;
use crate::state::PState;

/// The states that a query finds, one by one. Dropping it stops the query.
pub struct PStates<P, B: Backend> {
    source: Source<B>,
    span: Span,
    of: std::marker::PhantomData<fn() -> P>,
}

enum Source<B: Backend> {
    /// In a store that requires indexes, the query does not begin before it is known that an index serves it.
    Strict {
        table: Table<B>,
        select: Select,
        check: Check,
    },
    Rows {
        table: Table<B>,
        rows: B::Rows,
    },
    Failed(Option<Error>),
}

type Check = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

impl<B: Backend> Source<B> {
    fn new(kind: Kind, table: Table<B>, select: Select) -> Self {
        let select = match table.selected(kind, select) {
            Ok(select) => select,
            Err(error) => return Self::Failed(Some(error)),
        };
        if !table.options.require_indexes {
            return Self::begun(table, select);
        }
        let (checked, asked) = (table.clone(), select.clone());
        let check = async move { checked.ensure_served(kind, &asked).await };
        Self::Strict { table, select, check: Box::pin(check) }
    }

    fn begun(table: Table<B>, select: Select) -> Self {
        match table.stream(select) {
            Ok(rows) => Self::Rows { table, rows },
            Err(error) => Self::Failed(Some(error)),
        }
    }

    /// Ends the stream with an error if its transaction is over.
    fn ensure_open(&mut self) {
        if let Self::Rows { table, .. } = self
            && let Some(Err(error)) = table.level.as_ref().map(|level| level.ensure_open())
        {
            *self = Self::Failed(Some(error));
        }
    }

    /// Begins the query of a store that requires indexes, once it is known whether an index serves it.
    fn poll_begun(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Self::Strict { table, select, check } = self else { return Poll::Ready(()) };
        *self = match ready!(check.as_mut().poll(context)) {
            Ok(()) => Self::begun(table.clone(), select.clone()),
            Err(error) => Self::Failed(Some(error)),
        };
        Poll::Ready(())
    }
}

impl<P: PersistentType, B: Backend> PStates<P, B> {
    pub(super) fn new(table: Table<B>, query: Query<P>) -> Self {
        let span = tracing::debug_span!("stream", "type" = P::NAME, backend = table.backend.name());
        let source = Source::new(Kind::of::<P>(), table, query.into_select());
        Self { source, span, of: std::marker::PhantomData }
    }

    /// The next state, or the error of the next row; `None` at the end. Does what `StreamExt::next` does, for callers that do
    /// not depend on `futures`.
    pub async fn next(&mut self) -> Option<Result<PState<P>, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The same, but waits on the calling thread, by [`Backend::block_on`].
    #[cfg(feature = "blocking")]
    pub(crate) fn block_on_next(&mut self) -> Option<Result<PState<P>, Error>> {
        if let Source::Strict { table, .. } = &self.source {
            let table = table.clone();
            table.backend.block_on(std::future::poll_fn(|context| self.source.poll_begun(context)));
        }
        self.source.ensure_open();
        match &mut self.source {
            // The query has begun by now.
            Source::Strict { .. } => None,
            Source::Rows { table, rows } => {
                let next = std::future::poll_fn(|context| poll_state(&self.span, table, rows, context));
                table.backend.block_on(next)
            }
            Source::Failed(error) => error.take().map(Err),
        }
    }
}

fn poll_state<P: PersistentType, B: Backend>(
    span: &Span,
    table: &Table<B>,
    rows: &mut B::Rows,
    context: &mut Context<'_>,
) -> Poll<Option<Result<PState<P>, Error>>> {
    let _entered = span.enter();
    let row = ready!(Pin::new(rows).poll_next(context));
    Poll::Ready(row.map(|row| table.noted(row).and_then(|row| state_of(table, &row))))
}

impl<P: PersistentType, B: Backend> Stream for PStates<P, B> {
    type Item = Result<PState<P>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        ready!(this.source.poll_begun(context));
        this.source.ensure_open();
        match &mut this.source {
            // The query has begun by now.
            Source::Strict { .. } => Poll::Ready(None),
            Source::Rows { table, rows } => poll_state(&this.span, table, rows, context),
            Source::Failed(error) => Poll::Ready(error.take().map(Err)),
        }
    }
}

impl<P: PersistentType, B: Backend> Unpin for PStates<P, B> {}

impl<P: PersistentType, B: Backend> fmt::Debug for PStates<P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PStates").field("type", &P::NAME).field("backend", &B::NAME).finish_non_exhaustive()
    }
}
