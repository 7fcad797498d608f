//! The tables of a model on one back end, for a history.

use std::any::Any;

use longevity_core::backend::Backend;
use longevity_core::blocking::Longevity;
use longevity_core::{DomainModel, Error, HasVariant, InModel, Options, PState, PersistentType};

use super::side::{Side, TableSide};
use super::view::{AnyView, View};
use crate::cases::{all_keys, own_keys};
use crate::contract::{SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::fixture::Fixture;

/// A back end that a history runs on.
pub(super) struct Opened {
    /// A `Box<dyn Side<P>>` for each table, in the order of the model.
    pub(super) sides: Vec<Box<dyn Any>>,
    pub(super) atomic_batches: bool,
    // Goes last: the stores need it.
    _guard: Box<dyn Any>,
}

/// A new store, with its schema.
pub(super) fn open<M: SpecModel, F: Fixture>(fixture: &F, options: Options) -> Result<Opened, String> {
    let (backend, guard) = fixture.set_up().map_err(|error| format!("the fixture failed: {error}"))?;
    let created = |backend| -> Result<Longevity<M, F::Backend>, Error> {
        let store = Longevity::open_with(backend, options)?;
        store.create_schema()?;
        Ok(store)
    };
    let store = created(backend).map_err(|error| format!("cannot open the store: {error}"))?;
    let mut sides = Sides { store: &store, sides: Vec::new() };
    M::visit(&mut sides);
    let sides = sides.sides;
    let atomic_batches = store.asynchronous().backend().capabilities().atomic_batches;
    Ok(Opened { sides, atomic_batches, _guard: Box::new(guard) })
}

struct Sides<'a, M, B: Backend> {
    store: &'a Longevity<M, B>,
    sides: Vec<Box<dyn Any>>,
}

impl<M: DomainModel, B: Backend> Sides<'_, M, B> {
    fn add<P: SpecRoot + InModel<M>>(&mut self) {
        let repo = self.store.repo();
        let own = View { repo, keys: own_keys::<P, B>(), extract: Ok::<P, P>, narrow: Ok, widen: |state| state };
        let Some(mut side) = TableSide::new(self.store, own) else { return };
        let mut derived = Derived { store: self.store, views: Vec::new() };
        P::visit(&mut derived);
        for view in derived.views {
            if let Ok(view) = view.downcast::<Box<dyn AnyView<P>>>() {
                side.add(*view);
            }
        }
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

/// Collects the repositories of derived types, of whose poly type the visitor does not know which it is.
struct Derived<'a, M, B: Backend> {
    store: &'a Longevity<M, B>,
    views: Vec<Box<dyn Any>>,
}

impl<M: DomainModel, B: Backend> SpecVisitor<M> for Derived<'_, M, B> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {}

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {}

    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
        let view: Box<dyn AnyView<P>> = Box::new(View {
            repo: self.store.repo::<D>(),
            keys: all_keys::<P, D, B>(),
            extract: <P as HasVariant<D>>::extract,
            narrow: PState::<P>::narrow::<D>,
            widen: PState::<D>::widen,
        });
        self.views.push(Box::new(view));
    }
}
