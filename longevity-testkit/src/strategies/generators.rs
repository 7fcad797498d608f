//! `Generators`, which hold the user's strategies, and the trait of types that have a strategy of their own.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::Arc;

use proptest::strategy::{BoxedStrategy, Strategy};

/// A type whose values can be generated. `Component`, `KeyVal` and `PersistentType` derive it too.
pub trait Generate: Sized + Debug + 'static {
    /// A strategy for values that exercise the type. Their parts come from the generators, so that overrides reach them.
    fn strategy(generators: &Generators) -> BoxedStrategy<Self>;
}

/// The default budget.
const BUDGET: usize = 100;

/// The strategies that the user overrides, and the size of values. Cheap to clone.
///
/// Values of a small type are as varied as possible. Values of a large type would grow without limit, because each of its options
/// and lists holds a component that holds others. So a row has a budget: the mean number of values (numbers, strings and the
/// like) that it holds, approximately. The more of them a type could hold, the more often its options are `None` and its lists,
/// sets and maps are empty. Over many rows, every part of a type still occurs.
///
/// ```
/// use longevity::testkit::proptest::strategy::{Strategy, ValueTree};
/// use longevity::testkit::proptest::test_runner::TestRunner;
/// use longevity::testkit::{BoxedStrategy, Generators};
///
/// fn numbers(strategy: &BoxedStrategy<Vec<Vec<Vec<Vec<i64>>>>>) -> usize {
///     let mut chance = TestRunner::deterministic();
///     let values = (0..500).filter_map(|_| strategy.new_tree(&mut chance).ok());
///     values.map(|value| value.current().iter().flatten().flatten().flatten().count()).sum()
/// }
///
/// let (large, small) = (Generators::new(), Generators::new().budget(6));
/// assert!(numbers(&small.of()) < numbers(&large.of()));
/// assert!(numbers(&small.of()) > 0);
/// ```
#[derive(Clone)]
pub struct Generators {
    settings: Arc<Settings>,
}

/// The user's settings.
#[derive(Clone)]
pub(super) struct Settings {
    overrides: HashMap<TypeId, Override>,
    pub(super) budget: usize,
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

impl Default for Generators {
    fn default() -> Self {
        Self { settings: Arc::new(Settings { overrides: HashMap::new(), budget: BUDGET }) }
    }
}

impl Generators {
    /// Generators that use each type's own strategy, with a budget of 100 values.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same generators, but with this strategy for every `T`, wherever it occurs.
    pub fn with<T: Debug + 'static>(mut self, source: impl StrategySource<T>) -> Self {
        let factory: Factory<T> = Box::new(move || source.boxed_strategy());
        let entry = Override { type_name: std::any::type_name::<T>(), factory: Arc::new(factory) };
        Arc::make_mut(&mut self.settings).overrides.insert(TypeId::of::<T>(), entry);
        self
    }

    /// The same generators, but with a budget of about `values` values per row. Parts that a type cannot leave out occur whatever
    /// the budget.
    pub fn budget(mut self, values: usize) -> Self {
        Arc::make_mut(&mut self.settings).budget = values;
        self
    }

    /// The user's strategy for `T`.
    pub fn given<T: 'static>(&self) -> Option<BoxedStrategy<T>> {
        let factory = &self.settings.overrides.get(&TypeId::of::<T>())?.factory;
        factory.downcast_ref::<Factory<T>>().map(|factory| factory())
    }

    pub(super) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }
}

impl Debug for Generators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self.settings.overrides.values().map(|given| given.type_name);
        f.debug_struct("Generators")
            .field("overrides", &types.collect::<Vec<_>>())
            .field("budget", &self.settings.budget)
            .finish()
    }
}
