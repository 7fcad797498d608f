//! `Agreement`: its configuration, and its runs.

use std::fmt::{self, Debug};
use std::marker::PhantomData;

use longevity_core::Error;
use longevity_core::backend::Backend;
use proptest::test_runner::TestRunner;

use super::open::open;
use super::plans::Plans;
use super::replay::{End, Opener, replay};
use super::report::{AgreementReport, Disagreement};
use super::sample_keys::SampleKeys;
use super::shrink::shrink;
use super::step::History;
use crate::contract::SpecModel;
use crate::facade::Facade;
use crate::fixture::{AnyFixture, Fixture};
use crate::plan::plan;
use crate::random::{runner, seed_from_environment};
use crate::strategies::{Generators, StrategySource};

/// The number of steps between two comparisons of the whole state.
const LOOK_EVERY: usize = 100;

/// Random histories of operations on the domain model `M`.
///
/// A history uses the repositories of all plain, poly and derived types. It creates rows, also in batches and with duplicates of
/// each key; retrieves by each key; runs random queries with every operation; updates with and without changes of keys, into
/// other variants, from stale states, of deleted rows, and through a sibling's repository; deletes likewise; and renames keys and
/// repoints them. Histories run with and without optimistic locking, and with and without timestamps. The results of queries,
/// patches, changes by query and changes of keys are also checked against a naive evaluation.
///
/// ```text
/// Agreement::<Blogging>::new().histories(50).steps(200).run(Mem::new, my_backend).assert_agreed();
/// ```
///
/// Each store has ids of its own. If the ids of all back ends ascend as rows are created, rows come in the same order everywhere.
/// Otherwise the order of rows that a query leaves equal is not compared.
pub struct Agreement<M> {
    generators: Generators,
    histories: usize,
    steps: usize,
    samples: usize,
    rows: usize,
    queries: usize,
    seed: u64,
    facade: Facade,
    others: Vec<Opener>,
    of: PhantomData<fn() -> M>,
}

impl<M: SpecModel> Agreement<M> {
    /// Fifty histories of two hundred steps, with each type's own strategy. The environment variable `LONGEVITY_SEED` sets the
    /// seed: a number, or `random`. If it is not set, the seed is fixed.
    pub fn new() -> Self {
        Self {
            generators: Generators::new(),
            histories: 50,
            steps: 200,
            samples: 24,
            rows: 200,
            queries: 1_000,
            seed: seed_from_environment(),
            facade: Facade::Blocking,
            others: Vec::new(),
            of: PhantomData,
        }
    }

    /// The number of histories. Each has stores of its own.
    pub fn histories(mut self, histories: usize) -> Self {
        self.histories = histories;
        self
    }

    /// The number of steps per history. Many short histories find as much as a long one, and their failures are shorter.
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// The number of values of each type. Fewer values collide more often.
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = samples.max(1);
        self
    }

    /// The number of rows per table in [`run_queries`](Self::run_queries); fewer if the strategy does not generate enough rows
    /// with distinct keys.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows.max(1);
        self
    }

    /// The number of queries in [`run_queries`](Self::run_queries).
    pub fn queries(mut self, queries: usize) -> Self {
        self.queries = queries;
        self
    }

    /// The seed. It overrides the environment variable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Generates every `T`, wherever it occurs, with this strategy.
    pub fn strategy<T: Debug + 'static>(mut self, source: impl StrategySource<T>) -> Self {
        self.generators = self.generators.with(source);
        self
    }

    /// The mean number of values (numbers, strings and the like) that a generated row of a large type holds, approximately. 100
    /// by default. See [`Generators`].
    pub fn budget(mut self, values: usize) -> Self {
        self.generators = self.generators.budget(values);
        self
    }

    /// The facade of all back ends that are passed after this call.
    pub fn facade(mut self, facade: Facade) -> Self {
        self.facade = facade;
        self
    }

    /// Adds a back end.
    pub fn also<F: Fixture>(mut self, fixture: F) -> Self {
        let opener = self.opener(fixture);
        self.others.push(opener);
        self
    }

    /// Runs the histories side by side on these two back ends and on those of [`also`](Self::also). Stops at the first history on
    /// which they do not agree, and searches for a short one.
    pub fn run<A: Fixture, B: Fixture>(mut self, a: A, b: B) -> AgreementReport {
        let openers = self.openers(a, b);
        let mut report = self.report(self.steps, 0);
        let name = format!("{}::agreement", M::NAME);
        let mut chance = runner(self.seed, &name);
        let plans = match self.plans::<A::Backend>(self.samples, None, &name, &mut chance) {
            Ok(plans) => plans,
            Err(error) => {
                report.failure = Some(error.to_string());
                return report;
            }
        };
        for _ in 0..self.histories {
            report.histories += 1;
            let history = History::random(self.steps, &plans.plans, &mut chance);
            match replay(&history, &plans.plans, &openers, LOOK_EVERY, false) {
                End::Agreed => continue,
                End::NotRun(error) => report.failure = Some(error),
                End::Disagreed(..) => report.disagreement = Some(shortest(history, &plans, &openers, LOOK_EVERY)),
            }
            break;
        }
        report
    }

    /// Creates rows in each table of these two back ends and of those of [`also`](Self::also), and runs the same random queries
    /// on all of them. Each query goes to the repository of some plain, poly or derived type, with some operation. Stops at the
    /// first query on which the back ends do not agree, and searches for the simplest query and the fewest rows that show it.
    ///
    /// The queries are about every property of a type, through components, options, variants of poly components and entries of
    /// maps. They have every form of filter, orders by up to three properties, and windows. They compare with values of rows,
    /// with values next to those, and with values that break stores.
    ///
    /// ```
    /// use longevity::testkit::Agreement;
    ///
    #[doc = include_str!("../../doc/model.txt")]
    /// # let my_fixture = Mem::new;
    /// Agreement::<Blogging>::new().rows(50).queries(100).run_queries(Mem::new, my_fixture).assert_agreed();
    /// ```
    pub fn run_queries<A: Fixture, B: Fixture>(mut self, a: A, b: B) -> AgreementReport {
        let openers = self.openers(a, b);
        let mut report = self.report(self.queries, self.rows);
        let name = format!("{}::queries", M::NAME);
        let mut chance = runner(self.seed, &name);
        let plans = match self.plans::<A::Backend>(self.rows, Some(self.rows), &name, &mut chance) {
            Ok(plans) => plans,
            Err(error) => {
                report.failure = Some(error.to_string());
                return report;
            }
        };
        report.histories = 1;
        let history = History::of_queries(self.queries, &plans.plans, &mut chance);
        match replay(&history, &plans.plans, &openers, usize::MAX, false) {
            End::Agreed => {}
            End::NotRun(error) => report.failure = Some(error),
            End::Disagreed(position, _) => {
                // Queries change nothing, so the last one should fail alone.
                let alone = history.with_only(position);
                let fails = matches!(replay(&alone, &plans.plans, &openers, usize::MAX, false), End::Disagreed(..));
                let history = if fails { alone } else { history };
                report.disagreement = Some(shortest(history, &plans, &openers, usize::MAX));
            }
        }
        report
    }

    /// The plans of all tables. Their samples refer to each other: the first pass finds their key values.
    fn plans<B: Backend>(
        &self,
        samples: usize,
        rows: Option<usize>,
        name: &str,
        chance: &mut TestRunner,
    ) -> Result<Plans<B>, Error> {
        let mut keys = SampleKeys::default();
        plan::<M>(&self.generators, samples, &mut runner(self.seed, name), &mut keys)?;
        let mut plans = Plans::new(rows, keys);
        plan::<M>(&self.generators, samples, chance, &mut plans)?;
        Ok(plans)
    }

    /// All back ends, in the order of reports.
    fn openers<A: Fixture, B: Fixture>(&mut self, a: A, b: B) -> Vec<Opener> {
        let mut openers = vec![self.opener(a), self.opener(b)];
        openers.append(&mut self.others);
        openers
    }

    fn report(&self, steps: usize, rows: usize) -> AgreementReport {
        let (model, seed) = (M::NAME, self.seed);
        AgreementReport { model, histories: 0, steps, rows, seed, disagreement: None, failure: None }
    }

    fn opener<F: Fixture>(&self, fixture: F) -> Opener {
        let fixture = AnyFixture::new(fixture).through(self.facade);
        Box::new(move |options| open::<M, AnyFixture<F::Backend>>(&fixture, options))
    }
}

/// The disagreement of the shortest history found.
fn shortest<B>(history: History, plans: &Plans<B>, openers: &[Opener], look_every: usize) -> Disagreement {
    let disagreed =
        |history: &History, look_every, describe| match replay(history, &plans.plans, openers, look_every, describe) {
            End::Disagreed(position, disagreement) => Some((position, disagreement)),
            End::Agreed | End::NotRun(_) => None,
        };
    // Comparing the state after each step finds the first wrong step. If the history does not fail then, it is shrunk as it ran.
    let often = look_every == LOOK_EVERY && disagreed(&history, 1, false).is_some();
    let look_every = if often { 1 } else { look_every };
    let shrunk = shrink(history, |history| disagreed(history, look_every, false).map(|(position, _)| position));
    match disagreed(&shrunk, look_every, true) {
        Some((_, disagreement)) => disagreement,
        None => Disagreement {
            optimistic_locking: shrunk.optimistic_locking,
            timestamps: shrunk.timestamps,
            steps: shrunk.steps.iter().map(|step| format!("{step:?}")).collect(),
            sides: vec![
                "the back ends did not disagree again when the history was repeated: run the test again".to_owned(),
            ],
        },
    }
}

impl<M: SpecModel> Default for Agreement<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: SpecModel> Debug for Agreement<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { histories, steps, samples, rows, queries, seed, .. } = self;
        f.debug_struct("Agreement")
            .field("model", &M::NAME)
            .field("histories", histories)
            .field("steps", steps)
            .field("samples", samples)
            .field("rows", rows)
            .field("queries", queries)
            .field("seed", seed)
            .finish_non_exhaustive()
    }
}
