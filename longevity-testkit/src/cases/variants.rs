//! The derived types of a poly type, as function pointers, so that a case need not name the types.

use std::any::Any;
use std::marker::PhantomData;

use longevity_core::backend::Backend;
use longevity_core::blocking::Longevity;
use longevity_core::{DomainModel, HasVariant, InModel, PersistentType};

use super::rows::{ObservedRow, rows_of};
use crate::contract::{SpecDerived, SpecKeys, SpecRoot, SpecVisitor};
use crate::keys::all_keys;
use crate::outcome::Outcome;

type Store<M, B> = Longevity<M, B>;
/// The row that each key of the derived type finds, with the key's property.
pub(crate) type FoundByKeys = Vec<(&'static str, Option<ObservedRow>)>;

/// A derived type.
pub(crate) struct Variant<M, B: Backend> {
    pub(crate) index: usize,
    pub(crate) name: &'static str,
    rows: fn(&Store<M, B>) -> Outcome<Vec<ObservedRow>>,
    count: fn(&Store<M, B>) -> Outcome<u64>,
    by_keys: fn(&Store<M, B>, Box<dyn Any>) -> Outcome<FoundByKeys>,
}

impl<M: DomainModel, B: Backend> Variant<M, B> {
    /// The rows that its repository sees.
    pub(crate) fn rows(&self, store: &Store<M, B>) -> Outcome<Vec<ObservedRow>> {
        (self.rows)(store)
    }

    /// The number of rows that its repository counts.
    pub(crate) fn count(&self, store: &Store<M, B>) -> Outcome<u64> {
        (self.count)(store)
    }

    /// The rows that its repository retrieves by each key of a poly value of this variant.
    pub(crate) fn by_keys<P: PersistentType>(&self, store: &Store<M, B>, value: &P) -> Outcome<FoundByKeys> {
        (self.by_keys)(store, Box::new(value.clone()))
    }
}

/// The derived types of `P`, in the order of its variants.
pub(crate) fn variants<M: DomainModel, P: SpecRoot + InModel<M>, B: Backend>() -> Vec<Variant<M, B>> {
    let mut variants = Variants(Vec::new(), PhantomData);
    P::visit(&mut variants);
    variants.0.sort_by_key(|variant| variant.index);
    variants.0
}

struct Variants<M, B: Backend>(Vec<Variant<M, B>>, PhantomData<fn() -> M>);

impl<M: DomainModel, B: Backend> SpecVisitor<M> for Variants<M, B> {
    fn plain<P: SpecRoot + InModel<M>>(&mut self) {}

    fn poly<P: SpecRoot + InModel<M>>(&mut self) {}

    fn derived<P, D>(&mut self)
    where
        P: SpecRoot + InModel<M> + SpecDerived<D>,
        D: SpecKeys + PersistentType<Root = P>,
    {
        self.0.push(Variant {
            index: <P as HasVariant<D>>::SCOPE.variant,
            name: D::NAME,
            rows: |store| rows_of(&store.repo::<D>()),
            count: |store| Ok(store.repo::<D>().count(D::query())?),
            by_keys: |store, value| {
                // The visitor is shown the derived types of one poly type only.
                let Ok(value) = value.downcast::<P>() else { return Ok(Vec::new()) };
                let Ok(value) = value.extract() else { return Ok(Vec::new()) };
                let repo = store.repo::<D>();
                let mut found = Vec::new();
                for key in all_keys::<P, D, B>() {
                    found.push((key.property, key.retrieve(&repo, &value)?.map(|state| ObservedRow::of(&state))));
                }
                Ok(found)
            },
        });
    }
}
