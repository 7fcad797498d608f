//! Where the strategy of a type comes from: what the user gave for it, else its own.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::Arc;

use proptest::strategy::{BoxedStrategy, Strategy};

use super::combine::{dead_end, lazy};

/// A type with generated values. Derived together with `Component`, `KeyVal` and `PersistentType`.
pub trait Generate: Sized + Debug + 'static {
    /// Values that exercise the type; parts come from the generators, so that overrides reach them.
    fn strategy(generators: &Generators) -> BoxedStrategy<Self>;
}

/// How often a type may stand within itself.
const RECURSION_LIMIT: usize = 3;
/// How deep values may be nested at all: ends what [`RECURSION_LIMIT`] alone would let grow.
const DEPTH_LIMIT: usize = 64;

/// The strategies given by the user, and how deep we are in a value. Cheap to clone.
#[derive(Clone, Default)]
pub struct Generators {
    overrides: Arc<HashMap<TypeId, Override>>,
    within: Arc<Vec<TypeId>>,
    depth: usize,
}

#[derive(Clone)]
struct Override {
    type_name: &'static str,
    // A `Factory<T>` for the `T` of the entry's key.
    factory: Arc<dyn Any + Send + Sync>,
}

type Factory<T> = Box<dyn Fn() -> BoxedStrategy<T> + Send + Sync>;

/// A closure that makes a strategy for values of type `T`.
pub trait StrategySource<T>: Send + Sync + 'static {
    /// A strategy.
    fn boxed_strategy(&self) -> BoxedStrategy<T>;
}

impl<T, S, F> StrategySource<T> for F
where
    S: Strategy<Value = T> + 'static,
    F: Fn() -> S + Send + Sync + 'static,
{
    fn boxed_strategy(&self) -> BoxedStrategy<T> {
        self().boxed()
    }
}

impl Generators {
    /// Every type by its own strategy.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, but with this strategy for every `T`, wherever it occurs.
    pub fn with<T: Debug + 'static>(mut self, source: impl StrategySource<T>) -> Self {
        let factory: Factory<T> = Box::new(move || source.boxed_strategy());
        let entry = Override { type_name: std::any::type_name::<T>(), factory: Arc::new(factory) };
        Arc::make_mut(&mut self.overrides).insert(TypeId::of::<T>(), entry);
        self
    }

    /// One level further down in a value.
    pub fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    /// The strategy for `T`: the user's if one was given, else the type's own.
    ///
    /// Where a type stands within itself, its strategy is only built when a value is drawn, and gives no value at all
    /// once it does so too often: options and collections are then empty, and an enum takes another variant.
    pub fn of<T: Generate>(&self) -> BoxedStrategy<T> {
        if let Some(given) = self.given::<T>() {
            return given;
        }
        let type_id = TypeId::of::<T>();
        let times = self.within.iter().filter(|outer| **outer == type_id).count();
        if times >= RECURSION_LIMIT || self.depth >= DEPTH_LIMIT {
            return dead_end();
        }
        let mut inside = self.clone();
        Arc::make_mut(&mut inside.within).push(type_id);
        if times == 0 { T::strategy(&inside) } else { lazy(move || T::strategy(&inside)) }
    }

    /// The strategy for the rows of `T`: the user's if one was given, else this one, a level further down.
    #[doc(hidden)]
    pub fn rows<T: 'static>(&self, own: impl FnOnce(&Self) -> BoxedStrategy<T>) -> BoxedStrategy<T> {
        self.given::<T>().unwrap_or_else(|| own(&self.deeper()))
    }

    /// The user's strategy for `T`.
    pub fn given<T: 'static>(&self) -> Option<BoxedStrategy<T>> {
        let factory = &self.overrides.get(&TypeId::of::<T>())?.factory;
        factory.downcast_ref::<Factory<T>>().map(|factory| factory())
    }
}

impl Debug for Generators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self.overrides.values().map(|given| given.type_name);
        f.debug_struct("Generators").field("overrides", &types.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}
