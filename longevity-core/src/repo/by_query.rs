//! Updates and deletes of all that a query finds.

use tracing::Instrument;

use super::Repo;
use super::write::{content_of, write_error};
use crate::backend::{Backend, Target, Write, WriteFailure};
use crate::error::{Error, WriteError};
use crate::persistent::{KeyFor, PersistentType};
use crate::query::{OfEveryRowOf, Patch, Query};
use crate::state::PState;

/// How often a change is made anew because somebody else was faster.
const TRIES: usize = 100;

impl<P: PersistentType, B: Backend> Repo<P, B> {
    /// Applies a patch to all that the query finds, all or none, and says how many that were. Row versions go up, keys and
    /// indexes follow, and nothing that others write meanwhile is lost: what was changed under way is looked at anew.
    ///
    /// The rows that are found are held in memory. Fails as [`update`](Self::update) does, with [`Error::InvalidPatch`], and
    /// with [`Error::Unsupported`] on a back end without atomic batches.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// let m = Member::props();
    /// assert_eq!(members.update_where(Member::query().all(), m.num_cats.increment(1)).await?, 2);
    /// assert_eq!(members.aggregate(Member::query().all(), m.num_cats.sum()).await?, 7);
    ///
    /// // A derived repository's patch may be of its poly type's properties.
    /// let bob = m.num_cats.eq(4);
    /// let renamed = User::props().username.set(Username("rob".into()));
    /// assert_eq!(members.update_where(Member::query().filter(bob), renamed).await?, 1);
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn update_where<F>(&self, query: Query<P>, patch: Patch<F>) -> Result<u64, Error>
    where
        F: OfEveryRowOf<P> + 'static,
    {
        let patch = patch.of::<P>();
        for _ in 0..TRIES {
            let states = self.find(query.clone()).await?;
            let changed = states.iter().map(|state| patch.apply(&state.value)).collect::<Result<Vec<_>, _>>()?;
            if let Some(rows) = self.write_all(&states, Some(&changed)).await? {
                return Ok(rows);
            }
        }
        Err(Error::Contended { type_name: P::NAME, tries: TRIES })
    }

    /// Deletes all that the query finds, all or none, and says how many that were. What somebody else changes meanwhile is
    /// looked at anew.
    ///
    /// The rows that are found are held in memory. Fails with [`Error::Unsupported`] on a back end without atomic batches.
    ///
    /// ```
    #[doc = include_str!("../../doc/open.txt")]
    /// members.create_many([member("ann", 2), member("bob", 3)]).await?;
    /// commenters.create(commenter("cec")).await?;
    /// assert_eq!(members.delete_where(Member::query().filter(Member::props().num_cats.gt(2))).await?, 1);
    /// assert_eq!(members.delete_where(Member::query().all()).await?, 1);
    /// assert_eq!(users.count(User::query().all()).await?, 1); // no member
    #[doc = include_str!("../../doc/close.txt")]
    /// ```
    pub async fn delete_where(&self, query: Query<P>) -> Result<u64, Error> {
        for _ in 0..TRIES {
            let states = self.find(query.clone()).await?;
            if let Some(rows) = self.write_all(&states, None).await? {
                return Ok(rows);
            }
        }
        Err(Error::Contended { type_name: P::NAME, tries: TRIES })
    }

    /// Applies a patch to a state and writes it: one operation, under the lock that the state's row version is. As
    /// [`update`](Self::update) of the patched value.
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
        F: OfEveryRowOf<P> + 'static,
    {
        match patch.of::<P>().apply(&state.value) {
            // The state comes back as it was handed in.
            Ok(value) => {
                self.update(state.clone().set(value)).await.map_err(|e| WriteError::new(e.into_error(), state))
            }
            Err(error) => Err(WriteError::new(error, state)),
        }
    }

    /// Applies a patch to the persistent with this key value, whoever else changes it: what was changed under way is looked
    /// at anew. `None` if there is no such persistent.
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
        F: OfEveryRowOf<P> + 'static,
    {
        let patch = patch.of::<P>();
        for _ in 0..TRIES {
            let Some(state) = self.retrieve_key(key).await? else { return Ok(None) };
            let value = patch.apply(&state.value)?;
            match self.update_locked(state.set(value)).await {
                Ok(state) => return Ok(Some(state)),
                Err(refused) if refused.is_write_conflict() || refused.is_not_found() => {}
                Err(refused) => return Err(refused.into()),
            }
        }
        Err(Error::Contended { type_name: P::NAME, tries: TRIES })
    }

    /// Replaces the rows of the states, or deletes them, if they are as they were; `None`, and nothing is done, if they
    /// are not.
    async fn write_all(&self, states: &[PState<P>], changed: Option<&[P]>) -> Result<Option<u64>, Error> {
        let table = self.table()?;
        if !table.backend.capabilities().atomic_batches {
            let operation = if changed.is_some() { "update_where" } else { "delete_where" };
            return Err(Error::Unsupported { backend: B::NAME, operation });
        }
        if states.is_empty() {
            return Ok(Some(0));
        }
        let mut writes = Vec::with_capacity(states.len());
        for (position, state) in states.iter().enumerate() {
            let stored = &state.stored;
            // By their versions, whether the store has optimistic locking or not: a patch is of what was seen.
            let target = Target {
                id: stored.id,
                version: Some(stored.version),
                scope: P::DISCRIMINATORS,
                primary_key: stored.primary_key.as_deref(),
            };
            writes.push(match changed.and_then(|changed| changed.get(position)) {
                None => Write::Delete(target),
                Some(value) => {
                    self.ensure_stable(&state.stored, value)?;
                    Write::Replace(target, content_of(table, value)?)
                }
            });
        }
        let span = tracing::debug_span!("write_many", "type" = P::NAME, backend = B::NAME, rows = writes.len());
        match table.backend.write_many(&table.handle, writes).instrument(span).await {
            Ok(()) => Ok(Some(states.len() as u64)),
            Err((_, WriteFailure::Stale { .. } | WriteFailure::Missing)) => Ok(None),
            Err((position, failure)) => {
                let state = states.get(position);
                let value = changed.and_then(|changed| changed.get(position)).or(state.map(|state| &state.value));
                Err(match (value, state) {
                    (Some(value), Some(state)) => write_error(table, value, Some(&state.stored), failure),
                    _ => Error::Backend {
                        backend: B::NAME,
                        source: format!("write {position} of {} failed: {failure:?}", states.len()).into(),
                    },
                })
            }
        }
    }
}
