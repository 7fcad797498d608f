//! Updates and deletes of all rows that a query finds.

use super::write::{content_of, write_error};
use super::{Repo, WriteError, state_of};
use crate::backend::{Backend, Write, Writes};
use crate::engine::Kind;
use crate::error::Error;
use crate::persistent::{KeyFor, PersistentType};
use crate::query::{CoversRowsOf, Patch, Query};
use crate::state::PState;

/// How often a change is repeated because another writer was faster.
const TRIES: usize = 100;

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// Applies a patch to all rows that the query finds, all or none, and returns their number. Row versions go up and keys and
    /// indexes follow. No write of others is lost: a row that changed in the meantime is read again.
    ///
    /// The rows are held in memory. On MongoDB they are changed in one transaction, which lives for 60 seconds. If they are too
    /// many for that, the error says so: change them by ranges of a key, each range all or none. Fails as
    /// [`update`](Self::update) does, with [`Error::InvalidPatch`], and with [`Error::Unsupported`] on a back end without
    /// atomic batches.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// let m = Member::props();
    /// assert_eq!(members.update_where(Member::query().all(), m.num_cats.increment(1)).await?, 2);
    /// assert_eq!(members.aggregate(Member::query().all(), m.num_cats.sum()).await?, 7);
    ///
    /// // A derived type's repository takes patches of the poly type's properties too.
    /// let bob = m.num_cats.eq(4);
    /// let renamed = User::props().username.set(Username("rob".into()));
    /// assert_eq!(members.update_where(Member::query().filter(bob), renamed).await?, 1);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn update_where<F>(&self, query: Query<P>, patch: Patch<F>) -> Result<u64, Error>
    where
        F: CoversRowsOf<P> + 'static,
    {
        let patched = self.patch_found(query, &patch.of::<P>()).await;
        patched.map_err(|error| self.table.refused(error))
    }

    async fn patch_found(&self, query: Query<P>, patch: &Patch<P>) -> Result<u64, Error> {
        patch.ensure_within(self.backend_name())?;
        for _ in 0..TRIES {
            let states = self.find(query.clone()).await?;
            let changed =
                states.iter().map(|state| patched::<P, B>(patch, &state.value)).collect::<Result<Vec<_>, _>>()?;
            let table = &self.table;
            let mut writes = Writes::with_capacity(states.len());
            for (PState { metadata, .. }, value) in states.iter().zip(&changed) {
                table.ensure_stable(metadata, &|path| value.value_at(path))?;
                // The version is checked even without optimistic locking, because the patch was computed from the row as it was
                // read.
                writes.push(Write::Replace(table.target(Kind::of::<P>(), metadata, true), content_of(table, value)?));
            }
            let error = |position: usize, failure| {
                let (state, value) = (states.get(position)?, changed.get(position)?);
                Some(write_error(table, value, Some(&state.metadata), failure))
            };
            if let Some(rows) = table.write_all(Kind::of::<P>(), "update_where", writes, &error).await? {
                return Ok(rows);
            }
        }
        Err(Error::Contended { type_name: P::NAME, tries: TRIES })
    }

    /// Deletes all rows that the query finds, all or none, and returns their number. A row that others change in the meantime
    /// is read again. Rows are not decoded, so rows that no longer decode, or whose version or timestamps are unreadable, are
    /// deleted too. A row of a type that this model does not know stays, and is [an error](Error::UnknownDiscriminator). Rows that
    /// refer to deleted rows with `on_delete = cascade` are deleted too, and count; if a reference restricts the delete, the error
    /// is [`Error::Referenced`].
    ///
    /// The ids of the rows are held in memory. On MongoDB they are deleted in one transaction, which lives for 60 seconds. Fails
    /// with [`Error::Unsupported`] on a back end without atomic batches.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// commenters.create(commenter("cec")).await?;
    /// assert_eq!(members.delete_where(Member::query().filter(Member::props().num_cats.gt(2))).await?, 1);
    /// assert_eq!(members.delete_where(Member::query().all()).await?, 1);
    /// assert_eq!(users.count(User::query().all()).await?, 1); // no members are left
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn delete_where(&self, query: Query<P>) -> Result<u64, Error> {
        self.delete_found(query).await.map_err(|error| self.table.refused(error))
    }

    async fn delete_found(&self, query: Query<P>) -> Result<u64, Error> {
        for _ in 0..TRIES {
            let doomed = self.doomed(query.clone()).await?;
            let writes = doomed.iter().map(|row| Write::Delete(row.target::<P>())).collect();
            let table = &self.table;
            if let Some(rows) = table.write_all(Kind::of::<P>(), "delete_where", writes, &|_, _| None).await? {
                return Ok(rows);
            }
        }
        Err(Error::Contended { type_name: P::NAME, tries: TRIES })
    }

    /// Applies a patch to a state and writes it in one operation, checked by the state's row version. The same as
    /// [`update`](Self::update) with the patched value.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// let ann = members.create(member("ann", 2)).await?;
    /// let stale = ann.clone();
    /// let ann = members.patch(ann, Member::props().num_cats.increment(1)).await?;
    /// assert_eq!((ann.num_cats, ann.row_version()), (3, 1));
    ///
    /// let refused = members.patch(stale, Member::props().num_cats.set(9)).await.unwrap_err();
    /// assert!(refused.is_write_conflict());
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn patch<F>(&self, state: PState<P>, patch: Patch<F>) -> Result<PState<P>, WriteError<P>>
    where
        F: CoversRowsOf<P> + 'static,
    {
        let patch = patch.of::<P>();
        match patch.ensure_within(self.backend_name()).and_then(|()| patched::<P, B>(&patch, &state.value)) {
            Ok(value) => {
                let updated = self.update(PState { value, metadata: state.metadata.clone() }).await;
                // The caller gets back the state that it passed in.
                updated.map_err(|refused| WriteError::new(refused.into_error(), state))
            }
            Err(error) => Err(WriteError::new(self.table.refused(error), state)),
        }
    }

    /// Applies a patch to the persistent with this key value, whatever others change. `None` if there is no such persistent.
    ///
    /// A back end that can change a row in place, as MongoDB can, needs one command for this, if the patch sets a value,
    /// increments an integer (except `u64`, `usize` and `isize`) or pushes to a list, and if the property is not in an option,
    /// a variant, a map, or a struct that is `deserialized_by_hand`, as its derive says. Any other patch, a patch of the primary
    /// key, and in a transaction a patch of any key, is done by reading the row, changing it, and starting again if another
    /// writer changed it in the meantime. Fails as [`update`](Self::update) does, and with [`Error::InvalidPatch`].
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create(member("ann", 2)).await?;
    /// let ann = members.patch_by(&Username("ann".into()), Member::props().num_cats.increment(1)).await?;
    /// assert_eq!(ann.unwrap().num_cats, 3);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn patch_by<K, F>(&self, key: &K, patch: Patch<F>) -> Result<Option<PState<P>>, Error>
    where
        K: KeyFor<P>,
        F: CoversRowsOf<P> + 'static,
    {
        let patched = self.patch_key(key, &patch.of::<P>()).await;
        patched.map_err(|error| self.table.refused(error))
    }

    async fn patch_key<K: KeyFor<P>>(&self, key: &K, patch: &Patch<P>) -> Result<Option<PState<P>>, Error> {
        patch.ensure_within(self.backend_name())?;
        self.table.ensure_writable(Kind::of::<P>())?;
        if let Some(state) = self.patch_in_place(key, patch).await? {
            return Ok(Some(state));
        }
        for _ in 0..TRIES {
            let Some(state) = self.retrieve_key(key).await? else { return Ok(None) };
            let value = patched::<P, B>(patch, &state.value)?;
            match self.update_locked(state.set(value)).await {
                Ok(state) => return Ok(Some(state)),
                Err(refused) if refused.is_write_conflict() || refused.is_not_found() => {}
                Err(refused) => return Err(refused.into()),
            }
        }
        Err(Error::Contended { type_name: P::NAME, tries: TRIES })
    }

    /// Has the back end patch the row in place, if it can.
    async fn patch_in_place<K: KeyFor<P>>(&self, key: &K, patch: &Patch<P>) -> Result<Option<PState<P>>, Error> {
        let table = &self.table;
        let in_place = table.backend.profile().patches_in_place;
        let changes = if in_place { patch.in_place(&table.definition, P::SCOPE) } else { None };
        let Some(changes) = changes else { return Ok(None) };
        let (index, values) = self.key_of(key)?;
        let row = table.patch(Kind::of::<P>(), index, &values, &changes).await?;
        row.map(|row| state_of(table, &row).map_err(with_advice)).transpose()
    }
}

/// Adds what may be wrong if a row that was patched in place does not decode.
#[cold]
fn with_advice(error: Error) -> Error {
    match error {
        Error::Decode { type_name, id, path, source } => {
            let advice = "the store made the patch without calling `Deserialize`: if you wrote it by hand, add \
                          `deserialized_by_hand` to the type's attribute";
            Error::Decode { type_name, id, path, source: format!("{source}; {advice}").into() }
        }
        error => error,
    }
}

/// The persistent with all changes of a patch applied.
fn patched<P: PersistentType, B: Backend>(patch: &Patch<P>, persistent: &P) -> Result<P, Error> {
    let value = patch.apply(P::NAME, persistent.value_at(&[]).to_value())?;
    P::of_value::<B>(persistent.variant(), value).map_err(|failure| patch.undecodable(P::NAME, &failure))
}
