//! The keys of a type, as function pointers, so that a case need not name their types.

use std::any::TypeId;

use longevity_core::backend::Backend;
use longevity_core::blocking::Repo;
use longevity_core::query::Patch;
use longevity_core::{Error, KeyFor, PState, PersistentType};

use crate::contract::{KeyVisitor, SpecDerived, SpecKeys};

type Retrieved<T> = Result<Option<PState<T>>, Error>;

/// One key of `T`, its own or that of its poly type.
pub(crate) struct Key<T: 'static, B: Backend> {
    pub(crate) property: &'static str,
    pub(crate) key_val: TypeId,
    copy: fn(&T, &mut T),
    retrieve: fn(&Repo<T, B>, &T) -> Retrieved<T>,
    retrieve_one: fn(&Repo<T, B>, &T) -> Result<PState<T>, Error>,
    patch: fn(&Repo<T, B>, &T, Patch<T>) -> Retrieved<T>,
}

impl<T: PersistentType, B: Backend> Key<T, B> {
    fn of<K: KeyFor<T>>(property: &'static str) -> Self {
        Self {
            property,
            key_val: TypeId::of::<K>(),
            copy: |from, to| K::of(from).clone().put(to),
            retrieve: |repo, value| repo.retrieve(K::of(value)),
            retrieve_one: |repo, value| repo.retrieve_one(K::of(value)),
            patch: |repo, value, patch| repo.patch_by(K::of(value), patch),
        }
    }

    /// `value` with the key value of `owner`.
    pub(crate) fn copied(&self, owner: &T, mut value: T) -> T {
        (self.copy)(owner, &mut value);
        value
    }

    /// Retrieves by the key value of `value`.
    pub(crate) fn retrieve(&self, repo: &Repo<T, B>, value: &T) -> Retrieved<T> {
        (self.retrieve)(repo, value)
    }

    /// Retrieves by the key value of `value`. The row must exist.
    pub(crate) fn retrieve_one(&self, repo: &Repo<T, B>, value: &T) -> Result<PState<T>, Error> {
        (self.retrieve_one)(repo, value)
    }

    /// Patches the row with the key value of `value`.
    pub(crate) fn patch(&self, repo: &Repo<T, B>, value: &T, patch: Patch<T>) -> Retrieved<T> {
        (self.patch)(repo, value, patch)
    }
}

/// The keys that the type itself declares.
pub(crate) fn own_keys<T: SpecKeys, B: Backend>() -> Vec<Key<T, B>> {
    let mut keys = Keys(Vec::new());
    T::visit_keys(&mut keys);
    keys.0
}

/// The keys of a derived type, then those of its poly type.
pub(crate) fn all_keys<P: SpecDerived<D>, D: SpecKeys, B: Backend>() -> Vec<Key<D, B>> {
    let mut keys = Keys(own_keys());
    P::visit_shared_keys(&mut keys);
    keys.0
}

struct Keys<T: 'static, B: Backend>(Vec<Key<T, B>>);

impl<T: PersistentType, B: Backend> KeyVisitor<T> for Keys<T, B> {
    fn key<K: KeyFor<T>>(&mut self, property: &'static str) {
        self.0.push(Key::of::<K>(property));
    }
}
