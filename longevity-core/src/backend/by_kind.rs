//! Writes to a back end by their kinds, and all rows of a query at once, for tests that use the back end directly.

use std::future::Future;

use super::{AllWritten, Backend, Target, Write, WriteFailure, Writes, Written};
use crate::error::{Error, ErrorKind};
use crate::row::{Row, RowContent, RowId};
use crate::select::Select;

/// The result of a single write, or its failure.
type Single<T> = Result<T, WriteFailure>;

/// Shorthands for [`Session::write`](crate::backend::Session::write) and
/// [`Session::find_each`](crate::backend::Session::find_each), for tests of a back end and for back ends that wrap another one.
pub trait ByKind: Backend {
    /// Inserts a row.
    fn insert(
        &self,
        table: &Self::Table,
        content: RowContent<Self::Document>,
    ) -> impl Future<Output = Single<RowId>> + Send {
        async move {
            match alone(self, table, Write::Insert(content)).await? {
                Written::Inserted(id) => Ok(id),
                other => Err(mistaken::<Self>(other)),
            }
        }
    }

    /// Inserts several rows, all or none.
    fn insert_many(
        &self,
        table: &Self::Table,
        contents: Vec<RowContent<Self::Document>>,
    ) -> impl Future<Output = Result<Vec<RowId>, (usize, WriteFailure)>> + Send {
        async move {
            let written = self.write(table, contents.into_iter().map(Write::Insert).collect()).await?;
            let id = |written: Written<Self::Document>| match written {
                Written::Inserted(id) => Ok(id),
                other => Err((0, mistaken::<Self>(other))),
            };
            written.into_iter().map(id).collect()
        }
    }

    /// Replaces a row and returns its new version.
    fn replace(
        &self,
        table: &Self::Table,
        target: Target<'_>,
        content: RowContent<Self::Document>,
    ) -> impl Future<Output = Single<u64>> + Send {
        async move {
            match alone(self, table, Write::Replace(target, content)).await? {
                Written::Replaced(version, _) => Ok(version),
                other => Err(mistaken::<Self>(other)),
            }
        }
    }

    /// Deletes a row.
    fn delete(&self, table: &Self::Table, target: Target<'_>) -> impl Future<Output = Single<()>> + Send {
        async move {
            match alone(self, table, Write::Delete(target)).await? {
                Written::Deleted(_) => Ok(()),
                other => Err(mistaken::<Self>(other)),
            }
        }
    }

    /// Finds rows, in order.
    fn find(
        &self,
        table: &Self::Table,
        select: Select,
    ) -> impl Future<Output = Result<Vec<Row<Self::Document>>, Error>> + Send {
        async move {
            let mut found = Vec::new();
            let mut give = |row: &Row<Self::Document>| {
                found.push(row.clone());
                Ok(())
            };
            self.find_each(table, select, &mut give).await?;
            Ok(found)
        }
    }
}

impl<B: Backend> ByKind for B {}

async fn alone<B: Backend + ?Sized>(
    backend: &B,
    table: &B::Table,
    write: Write<'_, B::Document>,
) -> Single<Written<B::Document>> {
    let mut written: AllWritten<B::Document> =
        backend.write(table, Writes::from_iter([write])).await.map_err(|(_, failure)| failure)?;
    match (written.pop(), written.len()) {
        (Some(written), 0) => Ok(written),
        (None, _) => Err(failed::<B>("a write has no result".to_owned())),
        (Some(_), others) => Err(failed::<B>(format!("a write has {} results", others + 1))),
    }
}

fn mistaken<B: Backend + ?Sized>(written: Written<B::Document>) -> WriteFailure {
    failed::<B>(format!("a write has the result of {}", written.of_what()))
}

fn failed<B: Backend + ?Sized>(what: String) -> WriteFailure {
    Error::Backend { backend: B::NAME, kind: ErrorKind::Unknown, source: what.into() }.into()
}
