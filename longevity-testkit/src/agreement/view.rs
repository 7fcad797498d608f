//! A repository of a plain, poly or derived type, in terms of the type that owns its table.

use longevity_core::backend::Backend;
use longevity_core::blocking::Repo;
use longevity_core::query::{Query, Select};
use longevity_core::{Error, PState, PersistentType};

use crate::cases::Key;

/// The repository of `T`, in terms of the type `P` that owns its table.
pub(super) struct View<P, T, B: Backend> {
    pub(super) repo: Repo<T, B>,
    pub(super) keys: Vec<Key<T, B>>,
    pub(super) extract: fn(P) -> Result<T, P>,
    pub(super) narrow: fn(PState<P>) -> Result<PState<T>, PState<P>>,
    pub(super) widen: fn(PState<T>) -> PState<P>,
}

/// A repository of any type of the table.
pub(super) trait AnyView<P> {
    fn create(&self, value: P) -> Result<PState<P>, Error>;
    fn create_many(&self, values: Vec<P>) -> Result<Vec<PState<P>>, Error>;
    fn update(&self, state: PState<P>) -> Result<PState<P>, Error>;
    fn delete(&self, state: PState<P>) -> Result<P, Error>;
    fn retrieve(&self, key: usize, value: &P) -> Result<Option<PState<P>>, Error>;
    fn find(&self, select: Select, stream: bool) -> Result<Vec<PState<P>>, Error>;
    fn count(&self, select: Select) -> Result<u64, Error>;
    fn exists(&self, select: Select) -> Result<bool, Error>;
}

impl<P: PersistentType, T: PersistentType, B: Backend> View<P, T, B> {
    fn own(&self, value: P) -> T {
        match (self.extract)(value) {
            Ok(value) => value,
            Err(value) => panic!("the history gives {} a {value:?}", T::NAME),
        }
    }

    fn own_state(&self, state: PState<P>) -> PState<T> {
        match (self.narrow)(state) {
            Ok(state) => state,
            Err(state) => panic!("the history gives {} a {:?}", T::NAME, state.get()),
        }
    }
}

impl<P: PersistentType, T: PersistentType, B: Backend> AnyView<P> for View<P, T, B> {
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
        // The value comes back as it was handed in.
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
}
