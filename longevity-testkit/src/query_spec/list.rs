//! The list of a model's cases: those of the written queries of each type, and one for its random queries.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use longevity_core::backend::Backend;
use longevity_core::{InModel, PState, PersistentType, refers};

use super::check::{OTHERS, QueriedTable, Slot};
use super::written::{QueryOfRows, WrittenQuery};
use crate::case::Case;
use crate::contract::{SpecDerived, SpecKeys, SpecModel, SpecRoot, SpecVisitor};
use crate::facade::Facade;
use crate::fixture::Fixture;
use crate::naming::case_name;
use crate::references::tables_of;
use crate::settings::Settings;

/// A [`Slot`] of each table, by its type.
pub(super) type Slots = HashMap<TypeId, Box<dyn Any>>;

/// All cases of the model `M`.
pub(super) fn cases_of_model<M: SpecModel, F: Fixture>(
    settings: &Settings,
    queries: &[WrittenQuery],
    generated: usize,
    fixture: Arc<F>,
    facade: Facade,
    slots: &mut Slots,
) -> Vec<Case> {
    let mut list = CaseList {
        settings,
        queries,
        generated,
        fixture,
        facade,
        slots,
        cases: Vec::new(),
        of: PhantomData::<fn() -> M>,
    };
    M::visit(&mut list);
    list.cases
}

struct CaseList<'a, M, F: Fixture> {
    settings: &'a Settings,
    queries: &'a [WrittenQuery],
    generated: usize,
    fixture: Arc<F>,
    facade: Facade,
    slots: &'a mut Slots,
    cases: Vec<Case>,
    of: PhantomData<fn() -> M>,
}

impl<M: SpecModel, F: Fixture> CaseList<'_, M, F> {
    fn add<P, T>(&mut self, narrow: fn(PState<P>) -> Result<PState<T>, PState<P>>)
    where
        P: SpecRoot + InModel<M>,
        T: PersistentType<Root = P>,
    {
        let Self { settings, queries, generated, .. } = *self;
        let store = settings.store.as_deref().unwrap_or(F::Backend::NAME);
        let name = |operation: &str| case_name(M::NAME, T::NAME, operation, store, self.facade);
        let slot = self.slots.entry(TypeId::of::<P>()).or_insert_with(|| Box::new(Slot::<P>::default()));
        let slot = slot.downcast_ref::<Slot<P>>().cloned().unwrap_or_default();
        let table = QueriedTable::<M, P, T, F>::new(
            Arc::clone(&self.fixture),
            settings.clone(),
            slot,
            narrow,
            tables_of::<M, F::Backend>,
        );
        for written in queries {
            // The query is about another type.
            let Ok(query) = Arc::clone(&written.query).downcast::<QueryOfRows<T>>() else { continue };
            let table = table.clone();
            self.cases.push(Case::new(name(&written.name), settings.seed, move || table.check_written(&query)));
        }
        if generated > 0 {
            let (queries, random) = (generated, table.clone());
            let case = name(&format!("{queries} random queries"));
            self.cases.push(Case::new(case, settings.seed, move || random.check_random(queries)));
            // The branch is not compiled for types that refer to nothing.
            if const { refers::<P>() } {
                for (reference, join) in table.joined_references() {
                    let (table, queries) = (table.clone(), queries.div_ceil(OTHERS));
                    let case = name(&format!("{queries} random queries with the targets of {}", reference.name));
                    let check = move || table.check_joined(queries, &reference, join);
                    self.cases.push(Case::new(case, settings.seed, check));
                }
            }
        }
    }
}

impl<M: SpecModel, F: Fixture> SpecVisitor<M> for CaseList<'_, M, F> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P, P>(Ok);
    }

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {
        self.add::<P, P>(Ok);
    }

    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
        self.add::<P, D>(PState::narrow::<D>);
    }
}
