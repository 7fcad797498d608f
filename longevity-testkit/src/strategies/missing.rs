//! The strategy of a field whose type may have none. If the type has one, the compiler selects it; otherwise the user's is looked
//! up at run time.
//!
//! Cargo unifies features, so a type may be compiled with this crate although its author does not test it. A missing strategy
//! must not break that build.

use std::fmt::Debug;
use std::marker::PhantomData;

use proptest::strategy::BoxedStrategy;

use longevity_core::{InModel, PersistentType};

use super::{Generate, Generators};
use crate::contract::{SpecDerived, SpecKeys, SpecRoot, SpecVisitor};

/// A field's type, to choose between [`FromType`] and [`FromOverride`] by method resolution.
#[derive(Debug)]
pub struct Field<T>(PhantomData<fn() -> T>);

impl<T> Field<T> {
    /// The field's type.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for Field<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The type has a strategy. Method resolution finds this first, because it is implemented for the type itself.
pub trait FromType<T> {
    /// The user's strategy, or else the type's own.
    fn strategy_of_field(&self, generators: &Generators) -> BoxedStrategy<T>;
}

impl<T: Generate> FromType<T> for Field<T> {
    fn strategy_of_field(&self, generators: &Generators) -> BoxedStrategy<T> {
        generators.of::<T>()
    }
}

/// The type has no strategy. Method resolution finds this second, because it is implemented for a reference to the type.
pub trait FromOverride<T> {
    /// The user's strategy, or else a panic that says how to give one.
    fn strategy_of_field(&self, generators: &Generators) -> BoxedStrategy<T>;
}

impl<T: Debug + 'static> FromOverride<T> for &Field<T> {
    #[track_caller]
    fn strategy_of_field(&self, generators: &Generators) -> BoxedStrategy<T> {
        generators.given::<T>().unwrap_or_else(|| {
            panic!(
                "{name} has no strategy: derive `Component` or `KeyVal` for it, implement \
                 `longevity::testkit::Generate`, or give one to the suite with `spec.strategy::<{name}>(|| ..)`",
                name = std::any::type_name::<T>()
            )
        })
    }
}

/// The suite can run over the type. Method resolution finds this first.
pub trait RootOfSuite<M> {
    /// Shows the type, then each derived type.
    fn show_root<V: SpecVisitor<M>>(&self, visitor: &mut V);
}

impl<M, T: SpecRoot + InModel<M>> RootOfSuite<M> for Field<T> {
    fn show_root<V: SpecVisitor<M>>(&self, visitor: &mut V) {
        T::visit::<M, V>(visitor);
    }
}

/// The suite can run over the derived type and its poly type. Method resolution finds this first.
pub trait DerivedOfSuite<M> {
    /// Shows the derived type.
    fn show_derived<V: SpecVisitor<M>>(&self, visitor: &mut V);
}

impl<M, P, D> DerivedOfSuite<M> for Field<(P, D)>
where
    P: SpecRoot + InModel<M> + SpecDerived<D>,
    D: SpecKeys + PersistentType<Root = P>,
{
    fn show_derived<V: SpecVisitor<M>>(&self, visitor: &mut V) {
        visitor.derived::<P, D>();
    }
}

/// The suite cannot run over the type. Method resolution finds this second.
pub trait WithoutSuite {
    /// Panics with advice.
    #[track_caller]
    fn show_root<V>(&self, _: &mut V) {
        panic!(
            "the suite cannot be run over {name}: a type within it has no strategy; derive `Component` or `KeyVal` for it, or \
             implement `longevity::testkit::Generate`",
            name = std::any::type_name::<Self>()
        )
    }

    /// Panics with advice.
    #[track_caller]
    fn show_derived<V>(&self, visitor: &mut V) {
        self.show_root(visitor);
    }
}

impl<T> WithoutSuite for &Field<T> {}
