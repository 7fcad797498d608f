//! The suite itself: its configuration, the list of its cases, and their run.

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
/// Its cases are found from the model: each is about one type, one operation and, where it applies, one key. It runs on
/// any back end; every case has a store of its own.
pub struct RepoCrudSpec<M> {
    settings: Settings,
    of: PhantomData<fn() -> M>,
}

impl<M: SpecModel> RepoCrudSpec<M> {
    /// With each type's own strategy, eight samples a case, through the blocking facade, and the seed from the
    /// environment variable `LONGEVITY_SEED`: a number, or `random`; a fixed seed if it is not set.
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

    /// Takes every `T`, wherever it occurs, from this strategy: for types whose values obey a rule that no derive knows.
    pub fn strategy<T: Debug + 'static>(mut self, source: impl StrategySource<T>) -> Self {
        self.settings.generators = self.settings.generators.with(source);
        self.settings.pools = Pools::default();
        self
    }

    /// About how many numbers, texts and the like a generated row holds in the mean, where its type is larger; 100 unless you say
    /// otherwise. See [`Generators`].
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

    /// How many values a case uses; at least two. More find more, and take longer. Each case chooses them from 256 generated rows of
    /// the type, and generates more where these are not enough.
    pub fn samples(mut self, samples: usize) -> Self {
        self.settings.samples = samples.max(2);
        self
    }

    /// The seed, whatever the environment says.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self.settings.pools = Pools::default();
        self
    }

    /// Each case once through each of these facades: `Facade::BOTH`, or `Facade::ALL` on a back end with transactions. The names of
    /// cases say which it is.
    pub fn facades(mut self, facades: impl IntoIterator<Item = Facade>) -> Self {
        self.settings.facades = facades.into_iter().collect();
        self
    }

    /// What the names of cases call the store, where the back end's name does not tell two of them apart.
    pub fn on(mut self, store: impl Into<String>) -> Self {
        self.settings.store = Some(store.into());
        self
    }

    /// All cases, to be run one by one. Sets up no back end yet.
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

/// The suite as a closure configures it; says the closure's parameter type where a macro cannot.
#[doc(hidden)]
pub fn configured<M: SpecModel>(configure: impl FnOnce(RepoCrudSpec<M>) -> RepoCrudSpec<M>) -> RepoCrudSpec<M> {
    configure(RepoCrudSpec::new())
}
