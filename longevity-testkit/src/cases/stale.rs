//! Optimistic locking: a write from a stale state does nothing, and the error says why.

use std::fmt;

use longevity_core::backend::Backend;
use longevity_core::blocking::Repo;
use longevity_core::{DomainModel, Error, PState, PersistentType};

use super::context::{CaseContext, Tested};
use super::rows::{ObservedRow, all_rows};
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop, ensure_eq};

/// A write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Update,
    Delete,
}

/// The origin of the state of both writes.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    Created,
    Retrieved,
    Updated,
}

pub(crate) const WRITES: [Write; 2] = [Write::Update, Write::Delete];
pub(crate) const ORIGINS: [Origin; 3] = [Origin::Created, Origin::Retrieved, Origin::Updated];

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Update => "update",
            Self::Delete => "delete",
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Retrieved => "retrieved",
            Self::Updated => "updated",
        })
    }
}

/// A second write from the same state is refused with the right error.
pub(crate) fn refuse<M: DomainModel, T: Tested<M>, F: Fixture>(
    context: &CaseContext<T, M, F>,
    first: Write,
    second: Write,
    origin: Origin,
) -> Outcome {
    let store = context.open()?;
    let repo = store.repo::<T>();
    let (sample, other) = context.pair()?;
    let other = context.next_of(&sample, &other)?;
    let state = originating(&repo, origin, &sample, &other)?;
    let stale = state.clone();
    match first {
        Write::Update => drop(repo.update(state.set(other))?),
        Write::Delete => drop(repo.delete(state)?),
    }
    let before = all_rows::<T, _, _>(&store)?;
    let handed_in = stale.set(sample);
    let expected = ObservedRow::of(&handed_in);
    let result = match second {
        Write::Update => repo.update(handed_in).map(drop),
        Write::Delete => repo.delete(handed_in).map(drop),
    };
    let Err(refused) = result else {
        return Err(Stop::failed(format!("the {second} of a stale state succeeded")));
    };
    let (error, handed_back) = refused.into_parts();
    match (first, &error) {
        (Write::Update, Error::WriteConflict { type_name, id, expected: had, found }) => {
            ensure_eq!((*type_name, *id), (T::NAME, expected.id), "type and id of the conflict");
            ensure_eq!((*had, *found), (expected.version, expected.version + 1), "the versions of the conflict");
        }
        (Write::Delete, Error::NotFound { type_name, .. }) => {
            ensure_eq!(*type_name, T::NAME, "the type of the missing row")
        }
        (Write::Update, other) => return Err(Stop::failed(format!("expected a write conflict, not: {other}"))),
        (Write::Delete, other) => return Err(Stop::failed(format!("expected not found, not: {other}"))),
    }
    ensure_eq!(ObservedRow::of(&handed_back), expected, "the state that a refused {second} hands back");
    ensure_eq!(all_rows::<T, _, _>(&store)?, before, "the rows after a refused {second}");
    Ok(())
}

fn originating<T: PersistentType, B: Backend>(
    repo: &Repo<T, B>,
    origin: Origin,
    sample: &T,
    other: &T,
) -> Outcome<PState<T>> {
    let created = repo.create(sample.clone())?;
    Ok(match origin {
        Origin::Created => created,
        Origin::Retrieved => {
            repo.find(T::query())?.pop().ok_or_else(|| Stop::failed("the created row is not found"))?
        }
        Origin::Updated => repo.update(created.set(other.clone()))?,
    })
}
