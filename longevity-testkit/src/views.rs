//! The repositories of a table, as repositories of the type that owns the table: that of its plain or poly type, then those of
//! its derived types.

use std::any::Any;
use std::marker::PhantomData;

use longevity_core::backend::Backend;
use longevity_core::backend::Select;
use longevity_core::blocking::{Longevity, Repo, Transaction};
use longevity_core::query::{Query, by_type};
use longevity_core::{DomainModel, Error, HasVariant, InModel, PState, PersistentType, Value};

use crate::contract::{SpecDerived, SpecKeys, SpecRoot, SpecVisitor};
use crate::keys::{Key, Repoint, all_keys, all_repoints, own_keys, own_repoints};
use crate::queries::Change;
use crate::untyped::{AllAggregates, Group, ReadProperty, Untyped};

/// A source of repositories: a store or a transaction.
pub(crate) trait Repos<M, B: Backend> {
    fn repo<P>(&self) -> Repo<P, B>
    where
        P: PersistentType,
        P::Root: InModel<M>;
}

impl<M: DomainModel, B: Backend> Repos<M, B> for Longevity<M, B> {
    fn repo<P>(&self) -> Repo<P, B>
    where
        P: PersistentType,
        P::Root: InModel<M>,
    {
        self.repo()
    }
}

impl<M: DomainModel, B: Backend> Repos<M, B> for Transaction<M, B> {
    fn repo<P>(&self) -> Repo<P, B>
    where
        P: PersistentType,
        P::Root: InModel<M>,
    {
        self.repo()
    }
}

/// The repositories of `P`'s table, its own first.
pub(crate) fn views_of<M, P, B, R>(repos: &R) -> Vec<Box<dyn AnyView<P>>>
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    B: Backend,
    R: Repos<M, B>,
{
    let (repo, keys, repoints) = (repos.repo(), own_keys::<P, B>(), own_repoints::<P, B>());
    let own = View { repo, keys, repoints, variant: None, extract: Ok::<P, P>, narrow: Ok, widen: |state| state };
    let mut derived = Derived { repos, views: Vec::new(), of: PhantomData::<fn() -> (M, B)> };
    P::visit(&mut derived);
    let mut views: Vec<Box<dyn AnyView<P>>> = vec![Box::new(own)];
    views.extend(derived.views.into_iter().filter_map(|view| view.downcast().ok()).map(|view| *view));
    views
}

/// Collects the repositories of derived types. They are untyped, because the visitor does not know that their poly type is `P`.
struct Derived<'a, M, B, R> {
    repos: &'a R,
    views: Vec<Box<dyn Any>>,
    of: PhantomData<fn() -> (M, B)>,
}

impl<M: DomainModel, B: Backend, R: Repos<M, B>> SpecVisitor<M> for Derived<'_, M, B, R> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {}

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {}

    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
        let view: Box<dyn AnyView<P>> = Box::new(View {
            repo: self.repos.repo::<D>(),
            keys: all_keys::<P, D, B>(),
            repoints: all_repoints::<P, D, B>(),
            variant: Some(<P as HasVariant<D>>::SCOPE.variant),
            extract: <P as HasVariant<D>>::extract,
            narrow: PState::<P>::narrow::<D>,
            widen: PState::<D>::widen,
        });
        self.views.push(Box::new(view));
    }
}

/// The repository of `T`, as a repository of the type `P` that owns the table.
struct View<P, T: 'static, B: Backend> {
    repo: Repo<T, B>,
    keys: Vec<Key<T, B>>,
    /// `Repo::repoint` by each of the keys.
    repoints: Vec<Repoint<T, B>>,
    variant: Option<usize>,
    extract: fn(P) -> Result<T, P>,
    narrow: fn(PState<P>) -> Result<PState<T>, PState<P>>,
    widen: fn(PState<T>) -> PState<P>,
}

/// A repository of any type of the table. Callers pass values and states of that type only.
pub(crate) trait AnyView<P>: Send + Sync {
    /// The variant whose rows it sees; `None` if it sees all.
    fn variant(&self) -> Option<usize>;
    /// The properties of its keys.
    fn keys(&self) -> Vec<&'static str>;
    fn create(&self, value: P) -> Result<PState<P>, Error>;
    fn create_many(&self, values: Vec<P>) -> Result<Vec<PState<P>>, Error>;
    fn update(&self, state: PState<P>) -> Result<PState<P>, Error>;
    fn delete(&self, state: PState<P>) -> Result<P, Error>;
    fn retrieve(&self, key: usize, value: &P) -> Result<Option<PState<P>>, Error>;
    fn find(&self, select: Select, stream: bool) -> Result<Vec<PState<P>>, Error>;
    fn count(&self, select: Select) -> Result<u64, Error>;
    fn exists(&self, select: Select) -> Result<bool, Error>;
    /// The rows on pages of `size` rows: some pages forwards from the first one, then back.
    fn pages(&self, select: Select, size: u64) -> Result<Vec<PState<P>>, Error>;
    /// The values of some properties.
    fn values(&self, select: Select, of: &[ReadProperty]) -> Result<Vec<Vec<Value>>, Error>;
    /// All aggregates over all properties, grouped by the derived type and the value of the first property.
    fn aggregates(&self, select: Select, of: &[ReadProperty]) -> Result<Vec<Group>, Error>;
    /// Patches the row that has this value's key value.
    fn patch(&self, key: usize, value: &P, change: &Change) -> Result<Option<PState<P>>, Error>;
    /// Gives the state's row this value's key value, and all references to its old one too.
    fn rename_key(&self, key: usize, value: &P, state: PState<P>) -> Result<PState<P>, Error>;
    /// Gives the state's row this value's key value, in exchange with the row that has it.
    fn repoint(&self, key: usize, value: &P, state: PState<P>) -> Result<PState<P>, Error>;
    fn update_where(&self, select: Select, change: &Change) -> Result<u64, Error>;
    fn delete_where(&self, select: Select) -> Result<u64, Error>;
}

/// The number of pages that are read from the first one on.
pub(crate) const PAGES: usize = 12;

impl<P: PersistentType, T: PersistentType, B: Backend> View<P, T, B> {
    fn own(&self, value: P) -> T {
        match (self.extract)(value) {
            Ok(value) => value,
            Err(value) => panic!("the repository of {} got a value of another type: {value:?}", T::NAME),
        }
    }

    fn own_state(&self, state: PState<P>) -> PState<T> {
        match (self.narrow)(state) {
            Ok(state) => state,
            Err(state) => panic!("the repository of {} got a state of another type: {:?}", T::NAME, state.get()),
        }
    }
}

impl<P: PersistentType, T: PersistentType, B: Backend> AnyView<P> for View<P, T, B> {
    fn variant(&self) -> Option<usize> {
        self.variant
    }

    fn keys(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.property).collect()
    }

    fn create(&self, value: P) -> Result<PState<P>, Error> {
        self.repo.create(self.own(value)).map(self.widen)
    }

    fn create_many(&self, values: Vec<P>) -> Result<Vec<PState<P>>, Error> {
        let states = self.repo.create_many(values.into_iter().map(|value| self.own(value)))?;
        Ok(states.into_iter().map(self.widen).collect())
    }

    fn update(&self, state: PState<P>) -> Result<PState<P>, Error> {
        Ok((self.widen)(self.repo.update(self.own_state(state))?))
    }

    fn delete(&self, state: PState<P>) -> Result<P, Error> {
        // A repository returns the value as it was passed in.
        let value = state.get().clone();
        self.repo.delete(self.own_state(state))?;
        Ok(value)
    }

    fn retrieve(&self, key: usize, value: &P) -> Result<Option<PState<P>>, Error> {
        let found = self.keys[key].retrieve(&self.repo, &self.own(value.clone()))?;
        Ok(found.map(self.widen))
    }

    fn find(&self, select: Select, stream: bool) -> Result<Vec<PState<P>>, Error> {
        let query = Query::from_select(select);
        if stream {
            return self.repo.stream(query).map(|state| state.map(self.widen)).collect();
        }
        Ok(self.repo.find(query)?.into_iter().map(self.widen).collect())
    }

    fn count(&self, select: Select) -> Result<u64, Error> {
        self.repo.count(Query::from_select(select))
    }

    fn exists(&self, select: Select) -> Result<bool, Error> {
        self.repo.exists(Query::from_select(select))
    }

    fn pages(&self, select: Select, size: u64) -> Result<Vec<PState<P>>, Error> {
        let query = || Query::from_select(Select { offset: 0, limit: Some(size), ..select.clone() });
        let mut found = Vec::new();
        let mut page = self.repo.page(query(), None)?;
        for _ in 1..PAGES {
            let Some(next) = &page.next else { break };
            let after = self.repo.page(query(), Some(next))?;
            found.extend(std::mem::replace(&mut page, after).states);
        }
        for _ in 1..PAGES {
            let Some(previous) = &page.previous else { break };
            let before = self.repo.page(query(), Some(previous))?;
            found.extend(std::mem::replace(&mut page, before).states);
        }
        found.extend(page.states);
        Ok(found.into_iter().map(self.widen).collect())
    }

    fn values(&self, select: Select, of: &[ReadProperty]) -> Result<Vec<Vec<Value>>, Error> {
        self.repo.project(Query::from_select(select), Untyped(of))
    }

    fn aggregates(&self, select: Select, of: &[ReadProperty]) -> Result<Vec<Group>, Error> {
        let by = (by_type(), Untyped(of.get(..1).unwrap_or_default()));
        self.repo.group(Query::from_select(select), by, AllAggregates(of))
    }

    fn patch(&self, key: usize, value: &P, change: &Change) -> Result<Option<PState<P>>, Error> {
        let patched = self.keys[key].patch(&self.repo, &self.own(value.clone()), change.patch())?;
        Ok(patched.map(self.widen))
    }

    fn rename_key(&self, key: usize, value: &P, state: PState<P>) -> Result<PState<P>, Error> {
        let renamed = self.keys[key].rename(&self.repo, self.own_state(state), &self.own(value.clone()))?;
        Ok((self.widen)(renamed))
    }

    fn repoint(&self, key: usize, value: &P, state: PState<P>) -> Result<PState<P>, Error> {
        let repointed = (self.repoints[key])(&self.repo, &self.own(value.clone()), self.own_state(state))?;
        Ok((self.widen)(repointed))
    }

    fn update_where(&self, select: Select, change: &Change) -> Result<u64, Error> {
        self.repo.update_where(Query::from_select(select), change.patch::<T>())
    }

    fn delete_where(&self, select: Select) -> Result<u64, Error> {
        self.repo.delete_where(Query::from_select(select))
    }
}
