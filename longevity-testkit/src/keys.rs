//! The keys of a type, as function pointers, so that a case need not name their types.

use std::any::TypeId;
use std::sync::OnceLock;

use longevity_core::backend::Backend;
use longevity_core::blocking::Repo;
use longevity_core::query::Patch;
use longevity_core::table::TableDefinition;
use longevity_core::{Error, KeyFor, PState, PersistentType, RootType, Value, WriteError};

use crate::contract::{KeyVisitor, SpecDerived, SpecKeys};
use crate::references::{UntypedRow, follow_own_key};
use crate::values::whole;

type Retrieved<T> = Result<Option<PState<T>>, Error>;

/// One key of `T`, its own or that of its poly type.
pub(crate) struct Key<T: 'static, B: Backend> {
    pub(crate) property: &'static str,
    pub(crate) key_val: TypeId,
    copy: fn(&T, &mut T),
    value: fn(&T) -> Value,
    /// The definition of the table, if its rows may refer to themselves by this key.
    to_itself: OnceLock<Option<TableDefinition>>,
    retrieve: fn(&Repo<T, B>, &T) -> Retrieved<T>,
    retrieve_one: fn(&Repo<T, B>, &T) -> Result<PState<T>, Error>,
    patch: fn(&Repo<T, B>, &T, Patch<T>) -> Retrieved<T>,
    rename: fn(&Repo<T, B>, PState<T>, &T) -> Result<PState<T>, WriteError<T>>,
}

impl<T: PersistentType, B: Backend> Key<T, B> {
    fn of<K: KeyFor<T>>(property: &'static str) -> Self {
        Self {
            property,
            key_val: TypeId::of::<K>(),
            copy: |from, to| K::of(from).clone().put(to),
            value: |value| K::of(value).value_at(&[]).to_value(),
            to_itself: OnceLock::new(),
            retrieve: |repo, value| repo.retrieve(K::of(value)),
            retrieve_one: |repo, value| repo.retrieve_one(K::of(value)),
            patch: |repo, value, patch| repo.patch_by(K::of(value), patch),
            rename: |repo, state, owner| repo.rename_key(state, K::of(owner).clone()),
        }
    }

    /// `value` with the key value of `owner`. If `value` refers to itself, it still does.
    pub(crate) fn copied(&self, owner: &T, mut value: T) -> T {
        let old = self.to_itself().map(|_| (self.value)(&value));
        (self.copy)(owner, &mut value);
        let (Some(definition), Some(old)) = (self.to_itself(), old) else { return value };
        let mut row = UntypedRow { variant: value.variant(), value: whole(&value) };
        let keys = (&old, &(self.value)(owner));
        if !follow_own_key(definition, TypeId::of::<T::Root>(), self.key_val, &mut row, keys) {
            return value;
        }
        T::of_value::<B>(row.variant, row.value).unwrap_or(value)
    }

    fn to_itself(&self) -> Option<&TableDefinition> {
        let find = || {
            let definition = <T::Root as RootType>::definition().table().ok()?;
            let mut references = definition.references.iter().map(|reference| &reference.target);
            let root = TypeId::of::<T::Root>();
            let any = references.any(|target| target.root == root && target.key_val == self.key_val);
            any.then_some(definition)
        };
        self.to_itself.get_or_init(find).as_ref()
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

    /// Gives the state the key value of `owner`, and all references to it too.
    pub(crate) fn rename(&self, repo: &Repo<T, B>, state: PState<T>, owner: &T) -> Result<PState<T>, WriteError<T>> {
        (self.rename)(repo, state, owner)
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

/// Gives a state's row the key value of a value, in exchange with the row that has it.
///
/// This is no part of [`Key`], because the conformance suite of operations does not need it and would compile it for each key.
pub(crate) type Repoint<T, B> = fn(&Repo<T, B>, &T, PState<T>) -> Result<PState<T>, WriteError<T>>;

/// `repoint` by each key that the type itself declares, in the order of [`own_keys`].
pub(crate) fn own_repoints<T: SpecKeys, B: Backend>() -> Vec<Repoint<T, B>> {
    let mut repoints = Repoints(Vec::new());
    T::visit_keys(&mut repoints);
    repoints.0
}

/// `repoint` by each key of a derived type, in the order of [`all_keys`].
pub(crate) fn all_repoints<P: SpecDerived<D>, D: SpecKeys, B: Backend>() -> Vec<Repoint<D, B>> {
    let mut repoints = Repoints(own_repoints());
    P::visit_shared_keys(&mut repoints);
    repoints.0
}

struct Repoints<T: 'static, B: Backend>(Vec<Repoint<T, B>>);

impl<T: PersistentType, B: Backend> KeyVisitor<T> for Repoints<T, B> {
    fn key<K: KeyFor<T>>(&mut self, _: &'static str) {
        self.0.push(|repo, value, state| repo.repoint(K::of(value), state));
    }
}
