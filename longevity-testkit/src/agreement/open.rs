//! Opens the tables of a model on one back end, for a history.

use std::any::Any;

use longevity_core::backend::{Backend, Capabilities};
use longevity_core::blocking::Longevity;
use longevity_core::{DomainModel, Error, InModel, Options, PersistentType};

use super::side::{Side, TableSide};
use crate::contract::{SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::fixture::Fixture;

/// A back end that a history runs on.
pub(super) struct Opened {
    /// The back end's own name. A back end that is one of several has the name of the chosen one.
    pub(super) name: &'static str,
    /// A `Box<dyn Side<P>>` for each table, in the order of the model.
    pub(super) sides: Vec<Box<dyn Any>>,
    pub(super) capabilities: Capabilities,
    // The last field, so that it is dropped after the stores.
    _guard: Box<dyn Any>,
}

/// An empty store, with its schema.
pub(super) fn open<M: SpecModel, F: Fixture>(fixture: &F, options: Options) -> Result<Opened, String> {
    let (backend, guard) = fixture.set_up_for_schema().map_err(|error| format!("the fixture failed: {error}"))?;
    let created = |backend| -> Result<Longevity<M, F::Backend>, Error> {
        let store = Longevity::open_with(backend, options)?;
        store.create_schema()?;
        Ok(store)
    };
    let store = created(backend).map_err(|error| format!("cannot open the store: {error}"))?;
    let mut sides = Sides { store: &store, sides: Vec::new() };
    M::visit(&mut sides);
    let sides = sides.sides;
    let backend = store.asynchronous().backend();
    let (name, capabilities) = (backend.name(), backend.capabilities());
    Ok(Opened { name, sides, capabilities, _guard: Box::new(guard) })
}

struct Sides<'a, M, B: Backend> {
    store: &'a Longevity<M, B>,
    sides: Vec<Box<dyn Any>>,
}

impl<M: DomainModel, B: Backend> Sides<'_, M, B> {
    fn add<P: SpecRoot + InModel<M>>(&mut self) {
        let Some(side) = TableSide::new(self.store) else { return };
        let side: Box<dyn Side<P>> = Box::new(side);
        self.sides.push(Box::new(side));
    }
}

impl<M: DomainModel, B: Backend> SpecVisitor<M> for Sides<'_, M, B> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P>();
    }

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P>();
    }

    // Added with its poly type.
    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
    }
}
