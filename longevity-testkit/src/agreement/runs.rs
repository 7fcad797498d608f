//! `Agreement`: its configuration, and its runs.

use std::fmt::{self, Debug};
use std::marker::PhantomData;

use super::open::open;
use super::replay::{End, Opener, replay};
use super::report::{AgreementReport, Disagreement};
use super::shrink::shrink;
use super::step::History;
use super::world::Plans;
use crate::contract::SpecModel;
use crate::facade::Facade;
use crate::fixture::{AnyFixture, Fixture};
use crate::plan::plan;
use crate::random::{runner, seed_from_environment};
use crate::strategies::{Generators, StrategySource};

/// The whole state is looked at every so many steps.
const LOOK_EVERY: usize = 100;

/// Random histories of operations on the domain model `M`.
///
/// A history goes through the repositories of all plain, poly and derived types: it creates, also batches and duplicates of
/// each key; retrieves by each key; asks random queries in every way; updates with and without changes of keys, into other
/// variants, of states that are out of date, of rows that are gone, through a sibling's repository; and deletes likewise.
/// With optimistic locking and without, with timestamps and without. What queries find, and what patches and changes by query
/// leave, has to be what was asked for besides.
///
/// ```text
/// Agreement::<Blogging>::new().histories(50).steps(200).run(Mem::new, my_backend).assert_agreed();
/// ```
///
/// Ids are each store's own. Where those of all back ends ascend as rows are created, rows come in the same order
/// everywhere; else only what queries give is compared, not the order of rows that they leave equal.
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
    /// Fifty histories of two hundred steps with each type's own strategy, and the seed from the environment variable
    /// `LONGEVITY_SEED`: a number, or `random`; a fixed seed if it is not set.
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

    /// How many histories; each has stores of its own.
    pub fn histories(mut self, histories: usize) -> Self {
        self.histories = histories;
        self
    }

    /// How many steps each has. Many short histories find as much as one long one, and what fails is shorter.
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// How many values there are of each type. Fewer collide more often.
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = samples.max(1);
        self
    }

    /// How many rows each table has while [`run_queries`](Self::run_queries) asks; fewer if no more have keys of their own.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows.max(1);
        self
    }

    /// How many queries [`run_queries`](Self::run_queries) asks.
    pub fn queries(mut self, queries: usize) -> Self {
        self.queries = queries;
        self
    }

    /// The seed, whatever the environment says.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Takes every `T`, wherever it occurs, from this strategy.
    pub fn strategy<T: Debug + 'static>(mut self, source: impl StrategySource<T>) -> Self {
        self.generators = self.generators.with(source);
        self
    }

    /// About how many numbers, texts and the like a generated row holds in the mean, where its type is larger; 100 unless you say
    /// otherwise. See [`Generators`].
    pub fn budget(mut self, values: usize) -> Self {
        self.generators = self.generators.budget(values);
        self
    }

    /// Through this facade, on all back ends that are given from here on.
    pub fn facade(mut self, facade: Facade) -> Self {
        self.facade = facade;
        self
    }

    /// On this back end too.
    pub fn also<F: Fixture>(mut self, fixture: F) -> Self {
        let opener = self.opener(fixture);
        self.others.push(opener);
        self
    }

    /// Runs the histories on these two back ends side by side, and on those given by [`also`](Self::also). Stops at the
    /// first on which they do not agree, and looks for a short one.
    pub fn run<A: Fixture, B: Fixture>(mut self, a: A, b: B) -> AgreementReport {
        let openers = self.openers(a, b);
        let mut report = self.report(self.steps, 0);
        let mut chance = runner(self.seed, &format!("{}::agreement", M::NAME));
        let mut plans = Plans { plans: Vec::new(), rows: None };
        if let Err(error) = plan::<M>(&self.generators, self.samples, &mut chance, &mut plans) {
            report.failure = Some(error.to_string());
            return report;
        }
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

    /// Creates rows in each table of these two back ends and of those given by [`also`](Self::also), and asks all of them the
    /// same random queries, each of the repository of some plain, poly or derived type, in some way. Stops at the first on
    /// which they do not agree, and looks for the simplest query and the fewest rows that show it.
    ///
    /// The queries are about every property that a type has, through components, options, variants of poly components and
    /// entries of maps; in every form of a filter; about values that rows have, values next to them, and what breaks
    /// stores; in orders by up to three properties, with windows.
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
        let mut chance = runner(self.seed, &format!("{}::queries", M::NAME));
        let mut plans = Plans { plans: Vec::new(), rows: Some(self.rows) };
        if let Err(error) = plan::<M>(&self.generators, self.rows, &mut chance, &mut plans) {
            report.failure = Some(error.to_string());
            return report;
        }
        report.histories = 1;
        let history = History::of_queries(self.queries, &plans.plans, &mut chance);
        match replay(&history, &plans.plans, &openers, usize::MAX, false) {
            End::Agreed => {}
            End::NotRun(error) => report.failure = Some(error),
            End::Disagreed(position, _) => {
                // One query after another changes nothing: the last is to blame, alone.
                let alone = history.with_only(position);
                let fails = matches!(replay(&alone, &plans.plans, &openers, usize::MAX, false), End::Disagreed(..));
                let history = if fails { alone } else { history };
                report.disagreement = Some(shortest(history, &plans, &openers, usize::MAX));
            }
        }
        report
    }

    /// All back ends, in the order in which they are named in reports.
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

/// The shortest history found, told.
fn shortest(history: History, plans: &Plans, openers: &[Opener], look_every: usize) -> Disagreement {
    let disagreed =
        |history: &History, look_every, tells| match replay(history, &plans.plans, openers, look_every, tells) {
            End::Disagreed(position, disagreement) => Some((position, disagreement)),
            End::Agreed | End::NotRun(_) => None,
        };
    // A look after each step finds the first that went wrong; a history that fails only without is shrunk without.
    let often = look_every == LOOK_EVERY && disagreed(&history, 1, false).is_some();
    let look_every = if often { 1 } else { look_every };
    let shrunk = shrink(history, |history| disagreed(history, look_every, false).map(|(position, _)| position));
    match disagreed(&shrunk, look_every, true) {
        Some((_, disagreement)) => disagreement,
        None => Disagreement {
            optimistic_locking: shrunk.optimistic_locking,
            timestamps: shrunk.timestamps,
            steps: shrunk.steps.iter().map(|step| format!("{step:?}")).collect(),
            sides: vec!["they do not agree each time: run it again".to_owned()],
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
