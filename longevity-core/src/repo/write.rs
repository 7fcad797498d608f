//! Create, update and delete.

use std::borrow::Cow;

use tracing::Instrument;

use super::{Repo, index_values, primary_key};
use crate::backend::{Backend, Target, WriteFailure};
use crate::encoding::{levels_of, too_deep};
use crate::error::{Error, WriteError};
use crate::limits::DOCUMENT_LEVELS;
use crate::persistent::PersistentType;
use crate::row::{RowContent, RowId};
use crate::state::{PState, Stored};
use crate::store::Table;
use crate::table::{Column, Index, shown};
use crate::value::{Timestamp, Value};

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// Stores a new persistent.
    ///
    /// Fails with [`Error::DuplicateKey`] if a key value of the type, or of its poly type, is taken.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let ann = members.create(member("ann", 2)).await?;
    /// assert_eq!((ann.num_cats, ann.row_version()), (2, 0));
    ///
    /// let error = commenters.create(commenter("ann")).await.unwrap_err();
    /// assert_eq!(error.to_string(), r#"User with username = "ann" exists already"#);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn create(&self, value: P) -> Result<PState<P>, Error> {
        let table = self.table()?;
        let content = content_of(table, &value)?;
        let written_at = content.written_at;
        let span = tracing::debug_span!("create", "type" = P::NAME, backend = B::NAME);
        match table.backend.insert(&table.handle, content).instrument(span).await {
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
        let table = self.table()?;
        if !table.backend.capabilities().atomic_batches {
            return Err(Error::Unsupported { backend: B::NAME, operation: "create_many" });
        }
        let values: Vec<P> = values.into_iter().collect();
        let contents: Vec<_> = values.iter().map(|value| content_of(table, value)).collect::<Result<_, _>>()?;
        let written_at = contents.first().and_then(|content| content.written_at);
        let span = tracing::debug_span!("create_many", "type" = P::NAME, backend = B::NAME, rows = values.len());
        match table.backend.insert_many(&table.handle, contents).instrument(span).await {
            Ok(ids) => {
                Ok(values.into_iter().zip(ids).map(|(value, id)| created(table, id, written_at, value)).collect())
            }
            Err((position, failure)) => match values.get(position) {
                Some(value) => Err(write_error(table, value, None, failure)),
                None => Err(Error::Backend {
                    backend: B::NAME,
                    source: format!("row {position} of {} failed: {failure:?}", values.len()).into(),
                }),
            },
        }
    }

    /// Writes the state's value to its row and gives the row's new state. Through a poly repository the value may be of
    /// another variant than the row: the row then becomes one of that, keys and indexes included, in one step.
    ///
    /// On failure the row is as it was, and the error holds the state as it was handed in. Fails with
    /// [`Error::WriteConflict`] if the row was changed since the state was read (unless the store is without optimistic
    /// locking), with [`Error::NotFound`] if it is gone or no longer of this type, with [`Error::DuplicateKey`], and with
    /// [`Error::UnstablePrimaryKey`].
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
    /// // Through the poly repository, ann becomes a commenter.
    /// users.update(ann.widen().set(User::Commenter(commenter("ann")))).await?;
    /// assert_eq!(members.count(Member::query().all()).await?, 0);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn update(&self, state: PState<P>) -> Result<PState<P>, WriteError<P>> {
        let locking = self.table.as_ref().is_none_or(|table| table.options.optimistic_locking);
        self.update_if(state, locking).await
    }

    /// The same, under the lock whether the store has one or not.
    pub(super) async fn update_locked(&self, state: PState<P>) -> Result<PState<P>, WriteError<P>> {
        self.update_if(state, true).await
    }

    async fn update_if(&self, state: PState<P>, locking: bool) -> Result<PState<P>, WriteError<P>> {
        match self.replace(&state, locking).await {
            Ok((version, written_at)) => {
                let PState { value, stored } = state;
                let updated_at = written_at.or(stored.updated_at);
                Ok(PState { value, stored: Stored { version, updated_at, ..stored } })
            }
            Err(error) => Err(WriteError::new(error, state)),
        }
    }

    /// Fails if the value has another primary key than its row.
    pub(super) fn ensure_stable(&self, stored: &Stored, value: &P) -> Result<(), Error> {
        let table = self.table()?;
        if let Some(from) = &stored.primary_key {
            let to = primary_key(&table.definition, value).unwrap_or_default();
            if *from != to {
                return Err(unstable_primary_key(table, from, &to));
            }
        }
        Ok(())
    }

    async fn replace(&self, state: &PState<P>, locking: bool) -> Result<(u64, Option<Timestamp>), Error> {
        let table = self.table()?;
        let (value, stored) = (&state.value, &state.stored);
        self.ensure_stable(stored, value)?;
        let content = content_of(table, value)?;
        let written_at = content.written_at;
        let target = Target { version: locking.then_some(stored.version), ..target::<P, B>(table, stored) };
        let span = tracing::debug_span!("update", "type" = P::NAME, backend = B::NAME);
        match table.backend.replace(&table.handle, target, content).instrument(span).await {
            Ok(version) => Ok((version, written_at)),
            Err(failure) => Err(write_error(table, value, Some(stored), failure)),
        }
    }

    /// Deletes the state's row and gives the value back.
    ///
    /// On failure the row is as it was, and the error holds the state as it was handed in. Fails with
    /// [`Error::WriteConflict`] if the row was changed since the state was read (unless the store is without optimistic
    /// locking), and with [`Error::NotFound`] if it is gone or no longer of this type.
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
        let result = match self.table() {
            Ok(table) => {
                let target = target::<P, B>(table, &state.stored);
                let span = tracing::debug_span!("delete", "type" = P::NAME, backend = B::NAME);
                let deleted = table.backend.delete(&table.handle, target).instrument(span).await;
                deleted.map_err(|failure| write_error(table, &state.value, Some(&state.stored), failure))
            }
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => Ok(state.value),
            Err(error) => Err(WriteError::new(error, state)),
        }
    }
}

/// What is written of a value: its variant's discriminator, and its values in the table's columns.
pub(super) fn content_of<P: PersistentType, B: Backend>(
    table: &Table<B>,
    value: &P,
) -> Result<RowContent<B::Doc>, Error> {
    let definition = &*table.definition;
    let position = value.variant();
    let discriminators = definition.variants.get(position).and_then(|variant| variant.discriminators);
    let value_in = |column: &Column| match column.variant {
        Some(other) if other != position => Value::None(0),
        _ => value.value_at(column.path.steps()).to_value(),
    };
    if !B::LIMITS_LEVELS
        && let Some(variant) = definition.variants.get(position)
        && table.nests.get(position) == Some(&true)
        && levels_of(variant.shape, &value.value_at(&[]).to_value()) > DOCUMENT_LEVELS
    {
        return Err(too_deep(variant.type_name));
    }
    let columns = if B::WANTS_COLUMNS { definition.columns.iter().map(value_in).collect() } else { Vec::new() };
    Ok(RowContent {
        discriminator: discriminators.and_then(|names| names.first().copied()).map(Cow::Borrowed),
        doc: value.encode(&*table.backend)?,
        columns,
        written_at: table.options.timestamps.then(Timestamp::now),
    })
}

fn target<'a, P: PersistentType, B: Backend>(table: &Table<B>, stored: &'a Stored) -> Target<'a> {
    let version = table.options.optimistic_locking.then_some(stored.version);
    Target { id: stored.id, version, scope: P::DISCRIMINATORS, primary_key: stored.primary_key.as_deref() }
}

fn created<P: PersistentType, B: Backend>(
    table: &Table<B>,
    id: RowId,
    written_at: Option<Timestamp>,
    value: P,
) -> PState<P> {
    let primary_key = primary_key(&table.definition, &value);
    PState { stored: Stored { id, version: 0, created_at: written_at, updated_at: written_at, primary_key }, value }
}

/// The error for a write that the back end did not do. `stored` is the row's state if the write was about one.
pub(super) fn write_error<P: PersistentType, B: Backend>(
    table: &Table<B>,
    value: &P,
    stored: Option<&Stored>,
    failure: WriteFailure,
) -> Error {
    let definition = &*table.definition;
    match (failure, stored) {
        (WriteFailure::Duplicate(position), _) => match definition.indexes.get(position) {
            Some(index) => {
                let values: Vec<_> = index_values(definition, index, value).collect();
                index.duplicate_key(&values)
            }
            None => confused(B::NAME, format!("duplicate in index {position}, which does not exist")),
        },
        (WriteFailure::Stale { found }, Some(stored)) => {
            Error::WriteConflict { type_name: P::NAME, id: stored.id, expected: stored.version, found }
        }
        (WriteFailure::Missing, Some(stored)) => {
            Error::NotFound { type_name: P::NAME, what: format!("has the id {}: it is gone", stored.id) }
        }
        (WriteFailure::Other(error), _) => error,
        (failure, None) => confused(B::NAME, format!("an insert failed as an update would: {failure:?}")),
    }
}

/// A back end broke its contract.
pub(super) fn confused(backend: &'static str, what: String) -> Error {
    Error::Backend { backend, source: what.into() }
}

fn unstable_primary_key<B: Backend>(table: &Table<B>, from: &[Value], to: &[Value]) -> Error {
    let definition = &*table.definition;
    let index = definition.primary_key.as_ref().map(|key| &definition.indexes[key.index]);
    Error::UnstablePrimaryKey {
        type_name: definition.type_name,
        key: index.map_or_else(String::new, Index::property),
        from: shown(from),
        to: shown(to),
    }
}
