//! `RepoCrudSpec`: its configuration, and its run.

use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::sync::Arc;

use crate::case::Case;
use crate::cases;
use crate::contract::SpecModel;
use crate::facade::Facade;
use crate::fixture::{AnyFixture, Fixture};
use crate::pool::Pools;
use crate::random::seed_from_environment;
use crate::report::{CaseReport, Report};
use crate::settings::Settings;
use crate::strategies::{Generators, StrategySource};

/// The conformance suite for all persistent types of the domain model `M`.
///
/// It finds its cases from the model. Each case is about one type, one operation and, where it applies, one key. It runs on any
/// back end, and every case has a store of its own.
///
/// If types declare references with integrity, the generated rows refer to rows that exist: each case creates them first, as the
/// type that the reference requires, and what they need in turn. A row refers to itself if it has to refer to a row of its own
/// table and can be the target. Each reference has cases of its own: no write makes it dangle, deleting its target does what
/// `on_delete` says, and the target keeps its key value and its type. They go through the repositories of the poly type and of
/// the derived types.
pub struct RepoCrudSpec<M> {
    settings: Settings,
    of: PhantomData<fn() -> M>,
}

impl<M: SpecModel> RepoCrudSpec<M> {
    /// A suite with each type's own strategy, eight samples per case, and the blocking facade. The environment variable
    /// `LONGEVITY_SEED` sets the seed: a number, or `random`. If it is not set, the seed is fixed.
    pub fn new() -> Self {
        let settings = Settings {
            generators: Generators::new(),
            samples: 8,
            seed: seed_from_environment(),
            facades: vec![Facade::Blocking],
            store: None,
            pools: Pools::default(),
        };
        Self { settings, of: PhantomData }
    }

    /// Generates every `T`, wherever it occurs, with this strategy. Use it for types whose values obey a rule that no derive
    /// knows.
    pub fn strategy<T: Debug + 'static>(mut self, source: impl StrategySource<T>) -> Self {
        self.settings.generators = self.settings.generators.with(source);
        self.settings.pools = Pools::default();
        self
    }

    /// The mean number of values (numbers, strings and the like) that a generated row of a large type holds, approximately. 100
    /// by default. See [`Generators`].
    ///
    /// ```
    /// use longevity::testkit::RepoCrudSpec;
    ///
    #[doc = include_str!("../doc/model.txt")]
    /// RepoCrudSpec::<Blogging>::new().budget(20).run(Mem::new).assert_passed();
    /// ```
    pub fn budget(mut self, values: usize) -> Self {
        self.settings.generators = self.settings.generators.budget(values);
        self.settings.pools = Pools::default();
        self
    }

    /// The number of values that a case uses, at least two. More values find more, and take longer. Each case chooses them from
    /// 256 generated rows of the type, and generates more if these are not enough.
    pub fn samples(mut self, samples: usize) -> Self {
        self.settings.samples = samples.max(2);
        self
    }

    /// The seed. It overrides the environment variable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self.settings.pools = Pools::default();
        self
    }

    /// Runs each case once through each of these facades: `Facade::BOTH`, or `Facade::ALL` on a back end with transactions. The
    /// names of the cases include the facade.
    pub fn facades(mut self, facades: impl IntoIterator<Item = Facade>) -> Self {
        self.settings.facades = facades.into_iter().collect();
        self
    }

    /// The name of the store in the names of cases, if the back end's name does not distinguish two stores.
    pub fn on(mut self, store: impl Into<String>) -> Self {
        self.settings.store = Some(store.into());
        self
    }

    /// All cases, to be run one by one. This sets up no back end yet.
    pub fn cases<F: Fixture>(&self, fixture: F) -> Vec<Case> {
        let fixture = AnyFixture::new(fixture);
        let through = |facade: &Facade| {
            let fixture = Arc::new(fixture.through(*facade));
            cases::of_model::<M, AnyFixture<F::Backend>>(&self.settings, fixture, *facade)
        };
        self.settings.facades.iter().flat_map(through).collect()
    }

    /// Runs all cases, one after the other.
    pub fn run<F: Fixture>(&self, fixture: F) -> Report {
        self.run_only(fixture, |_| true)
    }

    /// Runs the cases whose names satisfy the predicate.
    pub fn run_only<F: Fixture>(&self, fixture: F, wanted: impl Fn(&str) -> bool) -> Report {
        let cases = self.cases(fixture).into_iter().filter(|case| wanted(case.name()));
        let cases = cases.map(CaseReport::of).collect();
        Report { cases, seed: self.settings.seed }
    }
}

impl<M: SpecModel> Default for RepoCrudSpec<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: SpecModel> Debug for RepoCrudSpec<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RepoCrudSpec").field("model", &M::NAME).field("settings", &self.settings).finish()
    }
}

/// The suite as a closure configures it. This function gives the closure its parameter type, which a macro cannot.
#[doc(hidden)]
pub fn configured<M: SpecModel>(configure: impl FnOnce(RepoCrudSpec<M>) -> RepoCrudSpec<M>) -> RepoCrudSpec<M> {
    configure(RepoCrudSpec::new())
}
