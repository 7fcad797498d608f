//! The stream of a query's rows.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use longevity_core::{Error, Row};

use crate::encode::document::MemDocument;
use crate::query::selection::Selection;

/// The greatest number of rows that are fetched at once. It starts with one, for callers that want only the first row.
const FETCH: usize = 64;

/// The rows of a query, from the snapshot that was taken when the stream was made. The stream is never pending.
///
/// Rows are fetched when they are asked for, unless they have to be sorted. Dropping the stream releases the snapshot.
pub struct Rows {
    source: Result<Selection, Option<Error>>,
    fetched: std::vec::IntoIter<Row<MemDocument>>,
    fetch: usize,
}

impl Rows {
    pub(crate) fn new(selection: Result<Selection, Error>) -> Self {
        Self { source: selection.map_err(Some), fetched: Vec::new().into_iter(), fetch: 1 }
    }
}

impl Stream for Rows {
    type Item = Result<Row<MemDocument>, Error>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { source, fetched, fetch } = self.get_mut();
        let selection = match source {
            Ok(selection) => selection,
            Err(error) => return Poll::Ready(error.take().map(Err)),
        };
        let row = fetched.next().or_else(|| {
            *fetched = selection.take(*fetch).into_iter();
            *fetch = (*fetch * 2).min(FETCH);
            fetched.next()
        });
        Poll::Ready(row.map(Ok))
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}
