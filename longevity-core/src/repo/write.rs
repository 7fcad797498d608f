//! Create, update and delete.

use super::{Repo, WriteError};
use crate::backend::{Backend, WriteFailure};
use crate::engine::{Followed, Kind, Table};
use crate::error::Error;
use crate::persistent::PersistentType;
use crate::row::{RowContent, RowId};
use crate::state::{PState, RowMetadata};
use crate::value::Timestamp;

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// Stores a new persistent.
    ///
    /// Fails with [`Error::DuplicateKey`] if the value of a key, of the type or of its poly type, is taken, and with
    /// [`Error::DanglingReference`] if a reference with integrity has no target.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let ann = members.create(member("ann", 2)).await?;
    /// assert_eq!((ann.num_cats, ann.row_version()), (2, 0));
    ///
    /// let error = commenters.create(commenter("ann")).await.unwrap_err();
    /// assert_eq!(error.to_string(), r#"User with username = "ann" already exists"#);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn create(&self, value: P) -> Result<PState<P>, Error> {
        let table = &self.table;
        let content = content_of(table, &value)?;
        let written_at = content.written_at;
        match table.insert(Kind::of::<P>(), content).await {
            Ok(id) => Ok(created(table, id, written_at, value)),
            Err(failure) => Err(write_error(table, &value, None, failure)),
        }
    }

    /// Stores new persistents, all or none, in one step. The states are in the order of the values.
    ///
    /// Fails as [`create`](Self::create) does, and with [`Error::Unsupported`] on a back end without atomic batches.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let states = members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// assert_eq!(states.len(), 2);
    ///
    /// assert!(members.create_many([member("cec", 1), member("ann", 1)]).await.unwrap_err().is_duplicate_key());
    /// assert_eq!(members.count(Member::query().all()).await?, 2);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn create_many(&self, values: impl IntoIterator<Item = P>) -> Result<Vec<PState<P>>, Error> {
        let table = &self.table;
        let may = table.ensure_atomic("create_many").and_then(|()| table.ensure_writable(Kind::of::<P>()));
        may.map_err(|error| table.refused(error))?;
        let values: Vec<P> = values.into_iter().collect();
        let contents: Vec<_> = values.iter().map(|value| content_of(table, value)).collect::<Result<_, _>>()?;
        let written_at = contents.first().and_then(|content| content.written_at);
        match table.insert_many(Kind::of::<P>(), contents).await {
            Ok(ids) => {
                Ok(values.into_iter().zip(ids).map(|(value, id)| created(table, id, written_at, value)).collect())
            }
            Err((position, failure)) => match values.get(position) {
                Some(value) => Err(write_error(table, value, None, failure)),
                None => {
                    let what = format!("row {position} of {} failed: {failure:?}", values.len());
                    Err(table.refused(table.confused(what)))
                }
            },
        }
    }

    /// Writes the state's value to its row and returns the new state. Through the repository of a poly type, the value may be
    /// of another variant than the row. The row then becomes one of that variant, keys and indexes included, in one step.
    ///
    /// On failure the row is unchanged, and the error holds the state that was passed in. Fails with [`Error::WriteConflict`]
    /// if the row was changed since the state was read (unless optimistic locking is off), with [`Error::NotFound`] if the row
    /// is gone or no longer of this type, with [`Error::DuplicateKey`], with [`Error::UnstablePrimaryKey`], with
    /// [`Error::DanglingReference`], and with [`Error::Referenced`] if rows refer to a key value or a type that would change.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let ann = members.create(member("ann", 2)).await?;
    /// let stale = ann.clone();
    /// let ann = members.update(ann.modify(|ann| ann.num_cats += 1)).await?;
    /// assert_eq!(ann.row_version(), 1);
    ///
    /// let refused = members.update(stale).await.unwrap_err();
    /// assert!(refused.is_write_conflict());
    /// assert_eq!(refused.into_state().num_cats, 2);
    ///
    /// // Through the poly type's repository, ann becomes a commenter.
    /// users.update(ann.widen().set(User::Commenter(commenter("ann")))).await?;
    /// assert_eq!(members.count(Member::query().all()).await?, 0);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn update(&self, state: PState<P>) -> Result<PState<P>, WriteError<P>> {
        let locking = self.table.options.optimistic_locking;
        self.update_if(state, locking).await.map_err(|refused| self.refused(refused))
    }

    /// The same, checking the row version even without optimistic locking. A failure does not yet lose the transaction.
    pub(super) async fn update_locked(&self, state: PState<P>) -> Result<PState<P>, WriteError<P>> {
        self.update_if(state, true).await
    }

    async fn update_if(&self, state: PState<P>, locking: bool) -> Result<PState<P>, WriteError<P>> {
        match self.replace(&state, locking).await {
            Ok((version, written_at)) => {
                let PState { value, metadata } = state;
                let updated_at = written_at.or(metadata.updated_at);
                let origin = self.table.origin();
                Ok(PState { value, metadata: RowMetadata { version, updated_at, origin, ..metadata } })
            }
            Err(error) => Err(WriteError::new(error, state)),
        }
    }

    async fn replace(&self, state: &PState<P>, locking: bool) -> Result<(u64, Option<Timestamp>), Error> {
        let table = &self.table;
        let (value, metadata) = (&state.value, &state.metadata);
        ensure_stable(table, metadata, value)?;
        let content = content_of(table, value)?;
        let written_at = content.written_at;
        match table.replace(Kind::of::<P>(), metadata, locking, content).await {
            Ok(version) => Ok((version, written_at)),
            Err(failure) => {
                Err(table.write_error(Kind::of::<P>(), failure, Some(metadata), &|path| value.value_at(path)))
            }
        }
    }

    fn refused(&self, refused: WriteError<P>) -> WriteError<P> {
        let (error, state) = refused.into_parts();
        WriteError::new(self.table.refused(error), state)
    }

    /// Deletes the state's row and returns the value.
    ///
    /// On failure the row is unchanged, and the error holds the state that was passed in. Fails with [`Error::WriteConflict`]
    /// if the row was changed since the state was read (unless optimistic locking is off), with [`Error::NotFound`] if the row is
    /// gone or no longer of this type, and with [`Error::Referenced`] if rows refer to it with integrity.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let ann = members.create(member("ann", 2)).await?;
    /// let stale = ann.clone();
    /// let value: Member = members.delete(ann).await?;
    /// assert!(members.delete(stale).await.unwrap_err().is_not_found());
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn delete(&self, state: PState<P>) -> Result<P, WriteError<P>> {
        self.delete_and_count(state).await.map(|deleted| deleted.value)
    }

    /// Deletes the state's row as [`delete`](Self::delete) does, and says what happened to the rows that referred to it.
    ///
    /// ```
    #[doc = include_str!("../../doc/open_integrity.txt")]
    /// let bob = persons.retrieve_one(&name("bob")).await?;
    /// books.delete_where(Book::query().filter(Book::props().author.eq(name("bob")))).await?;
    /// let deleted = persons.delete_and_count(bob).await?;
    /// // Bob is no longer an editor of a book of Ann's.
    /// assert_eq!((deleted.cascaded, deleted.changed), (0, 1));
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn delete_and_count(&self, state: PState<P>) -> Result<Deleted<P>, WriteError<P>> {
        let table = &self.table;
        match table.delete(Kind::of::<P>(), &state.metadata).await {
            Ok(Followed { deleted, changed }) => Ok(Deleted { value: state.value, cascaded: deleted, changed }),
            Err(failure) => {
                let error = write_error(table, &state.value, Some(&state.metadata), failure);
                Err(WriteError::new(error, state))
            }
        }
    }
}

/// What a delete did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deleted<P> {
    /// The value of the row.
    pub value: P,
    /// The number of other rows that were deleted because they referred to it, or to rows that were deleted with it.
    pub cascaded: u64,
    /// The number of changes of rows that no longer refer to a deleted row.
    pub changed: u64,
}

/// The row content for a value.
pub(super) fn content_of<P: PersistentType, B: Backend>(
    table: &Table<B>,
    value: &P,
) -> Result<RowContent<B::Document>, Error> {
    let (position, value_at) = (value.variant(), |path: &[_]| value.value_at(path));
    let flat = table.ensure_flat(position, &value_at);
    let doc = flat.and_then(|()| value.encode(&*table.backend)).map_err(|error| table.refused(error))?;
    Ok(table.content(position, &value_at, doc))
}

/// Fails if the value's primary key is not that of its row.
pub(super) fn ensure_stable<P: PersistentType, B: Backend>(
    table: &Table<B>,
    metadata: &RowMetadata,
    value: &P,
) -> Result<(), Error> {
    table.ensure_stable(metadata, &|path| value.value_at(path)).map_err(|error| table.refused(error))
}

fn created<P: PersistentType, B: Backend>(
    table: &Table<B>,
    id: RowId,
    written_at: Option<Timestamp>,
    value: P,
) -> PState<P> {
    PState { metadata: table.created(id, written_at, &|path| value.value_at(path)), value }
}

/// The error for a write that the back end did not do. `stored` is the row's state, if the write concerns an existing row.
pub(super) fn write_error<P: PersistentType, B: Backend>(
    table: &Table<B>,
    value: &P,
    metadata: Option<&RowMetadata>,
    failure: WriteFailure,
) -> Error {
    table.refused(table.write_error(Kind::of::<P>(), failure, metadata, &|path| value.value_at(path)))
}
