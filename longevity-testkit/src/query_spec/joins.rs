//! `find_with` for each kind of reference of a type, as function pointers. A reference is described by untyped values, but
//! `find_with` takes a property with its type: so the pointers are made where the type of the key value is known.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use longevity_core::backend::{Backend, Select};
use longevity_core::blocking::{Repo, Transaction};
use longevity_core::query::{Prop, Query};
use longevity_core::{
    DomainModel, Error, InModel, KeyFor, PState, Path, PersistentType, Reference, Root, RootType, RowId, Value,
    is_referred_to,
};

use crate::contract::{KeyValVisitor, SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::values::whole;

/// A row to which a reference leads.
#[derive(Clone, Debug)]
pub(super) struct FoundTarget {
    /// The key of the map's entry, if the reference is in a map.
    entry: Option<String>,
    id: RowId,
    version: u64,
    value: Value,
}

impl PartialEq for FoundTarget {
    fn eq(&self, other: &Self) -> bool {
        (&self.entry, self.id, self.version) == (&other.entry, other.id, other.version)
            && self.value.is_identical(&other.value)
    }
}

impl FoundTarget {
    fn of<T: PersistentType>(entry: Option<String>, state: &PState<T>) -> Self {
        Self { entry, id: state.id(), version: state.row_version(), value: whole(state.get()) }
    }

    /// The row as the target of a map's entry.
    pub(super) fn in_entry(self, entry: &str) -> Self {
        Self { entry: Some(entry.to_owned()), ..self }
    }
}

/// What is around the key value of a reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Around {
    Nothing,
    Option,
    /// A list or a set.
    List,
    /// A map with strings as keys.
    Map,
}

/// The rows of a query, each with what a reference of it leads to.
pub(super) type Joined = Vec<(RowId, Vec<FoundTarget>)>;

/// Runs a query with the targets of the reference at a path.
type FindWith<T, B> = fn(&Repo<T, B>, Select, &Path) -> Result<Joined, Error>;

/// `find_with` of rows of `T`, for references by one type of key value.
pub(super) struct Join<M, T: 'static, B: Backend> {
    pub(super) key_val: TypeId,
    single: FindWith<T, B>,
    option: FindWith<T, B>,
    list: FindWith<T, B>,
    map: FindWith<T, B>,
    /// All rows that have such a key value, with it.
    targets: fn(&Transaction<M, B>) -> Result<Vec<(Value, FoundTarget)>, Error>,
}

impl<M, T: 'static, B: Backend> Clone for Join<M, T, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T: 'static, B: Backend> Copy for Join<M, T, B> {}

impl<M, T: PersistentType, B: Backend> Join<M, T, B> {
    fn by<R, K>() -> Self
    where
        M: DomainModel,
        R: PersistentType<Root: InModel<M>>,
        K: KeyFor<R> + Reference + DeserializeOwned,
    {
        Self {
            key_val: TypeId::of::<K>(),
            single: |repo, select, path| {
                let found = repo.find_with(Query::from_select(select), Prop::<T, K>::at(path.clone()))?;
                Ok(joined(found, |target| target.iter().map(|state| FoundTarget::of(None, state)).collect()))
            },
            option: |repo, select, path| {
                let found = repo.find_with(Query::from_select(select), Prop::<T, Option<K>>::at(path.clone()))?;
                Ok(joined(found, |target| target.iter().map(|state| FoundTarget::of(None, state)).collect()))
            },
            list: |repo, select, path| {
                let found = repo.find_with(Query::from_select(select), Prop::<T, Vec<K>>::at(path.clone()))?;
                Ok(joined(found, |targets| targets.iter().map(|state| FoundTarget::of(None, state)).collect()))
            },
            map: |repo, select, path| {
                let map = Prop::<T, BTreeMap<String, K>>::at(path.clone());
                let found = repo.find_with(Query::from_select(select), map)?;
                Ok(joined(found, |targets| {
                    targets.iter().map(|(entry, state)| FoundTarget::of(Some(entry.clone()), state)).collect()
                }))
            },
            targets: |transaction| {
                let states = transaction.repo::<R>().find(Query::new())?;
                let key = |state: &PState<R>| K::of(state.get()).value_at(&[]).to_value();
                Ok(states.iter().map(|state| (key(state), FoundTarget::of(None, state))).collect())
            },
        }
    }

    /// The rows of the query, each with what the reference at the path leads to.
    pub(super) fn find_with(
        &self,
        repo: &Repo<T, B>,
        select: Select,
        path: &Path,
        around: Around,
    ) -> Result<Joined, Error> {
        let find_with = match around {
            Around::Nothing => self.single,
            Around::Option => self.option,
            Around::List => self.list,
            Around::Map => self.map,
        };
        find_with(repo, select, path)
    }

    /// All rows that have such a key value, with it.
    pub(super) fn targets(&self, transaction: &Transaction<M, B>) -> Result<Vec<(Value, FoundTarget)>, Error> {
        (self.targets)(transaction)
    }
}

fn joined<T: PersistentType, S>(found: Vec<(PState<T>, S)>, targets: fn(&S) -> Vec<FoundTarget>) -> Joined {
    found.iter().map(|(state, found)| (state.id(), targets(found))).collect()
}

/// The joins of rows of `T` by each type of key value to which its table may refer.
pub(super) fn joins_of<M, T, B>() -> Vec<Join<M, T, B>>
where
    M: SpecModel,
    T: PersistentType<Root: InModel<M>>,
    B: Backend,
{
    let mut joins = Joins(Vec::new());
    M::visit(&mut joins);
    joins.0
}

struct Joins<M, T: 'static, B: Backend>(Vec<Join<M, T, B>>);

impl<M: DomainModel, T: PersistentType, B: Backend> Joins<M, T, B> {
    /// Adds the key values of the keys that the type itself declares.
    fn add<P: RootType, R: SpecKeys + PersistentType<Root: InModel<M>>>(&mut self) {
        // The branch is not compiled for types to which the rows never refer.
        if const { is_referred_to(&[Root::of::<T::Root>()], P::TABLE) } {
            R::visit_key_vals(&mut KeyValsOf(self, PhantomData::<fn() -> R>));
        }
    }
}

impl<M: DomainModel, T: PersistentType, B: Backend> SpecVisitor<M> for Joins<M, T, B> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P, P>();
    }

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P, P>();
    }

    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
        self.add::<P, D>();
    }
}

/// The key values of `R`.
struct KeyValsOf<'a, M, T: 'static, B: Backend, R>(&'a mut Joins<M, T, B>, PhantomData<fn() -> R>);

impl<M, T, B, R> KeyValVisitor<R> for KeyValsOf<'_, M, T, B, R>
where
    M: DomainModel,
    T: PersistentType,
    B: Backend,
    R: PersistentType<Root: InModel<M>>,
{
    fn key_val<K: KeyFor<R> + Reference + DeserializeOwned>(&mut self) {
        self.0.0.push(Join::by::<R, K>());
    }
}
