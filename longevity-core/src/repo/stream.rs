//! The stream of a query's results.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tracing::Span;

use super::{scoped_select, state_of};
use crate::backend::Backend;
use crate::error::Error;
use crate::persistent::PersistentType;
use crate::query::Query;
use crate::state::PState;
use crate::store::Table;

/// The states that a query finds, one by one. Dropping it stops the query.
pub struct PStates<P, B: Backend> {
    source: Source<B>,
    span: Span,
    of: std::marker::PhantomData<fn() -> P>,
}

enum Source<B: Backend> {
    Rows { table: Arc<Table<B>>, rows: B::Rows },
    Failed(Option<Error>),
}

impl<P: PersistentType, B: Backend> PStates<P, B> {
    pub(super) fn new(table: Result<Arc<Table<B>>, Error>, query: Query<P>) -> Self {
        let span = tracing::debug_span!("stream", "type" = P::NAME, backend = B::NAME);
        let source = match table {
            Ok(table) => {
                let rows = table.backend.stream(&table.handle, scoped_select::<P>(query.into_select()));
                Source::Rows { table, rows }
            }
            Err(error) => Source::Failed(Some(error)),
        };
        Self { source, span, of: std::marker::PhantomData }
    }

    /// The next state, or the error in its place; `None` at the end. What `StreamExt::next` does, for those who have no
    /// other use of that.
    pub async fn next(&mut self) -> Option<Result<PState<P>, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The same, as the back end waits.
    #[cfg(feature = "blocking")]
    pub(crate) fn block_on_next(&mut self) -> Option<Result<PState<P>, Error>> {
        match &mut self.source {
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
    Poll::Ready(row.map(|row| row.and_then(|row| state_of(table, &row))))
}

impl<P: PersistentType, B: Backend> Stream for PStates<P, B> {
    type Item = Result<PState<P>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        match &mut this.source {
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
