//! The conformance suite of queries: what a back end finds is held to what a query means.

mod check;
mod list;
mod rows;

use std::any::Any;
use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::sync::Arc;

use longevity_core::query::Query;
use longevity_core::{InModel, PersistentType};

pub use self::rows::Rows;
use crate::contract::SpecModel;
use crate::facade::Facade;
use crate::fixture::{AnyFixture, Fixture};
use crate::pool::Pools;
use crate::random::seed_from_environment;
use crate::report::{CaseReport, Report};
use crate::spec::{Case, Settings};
use crate::strategies::{Generators, StrategySource};

/// The conformance suite of queries over the domain model `M`: queries that you write, and random ones over each of its types.
///
/// Each case loads generated rows into a store of its own, and asks: find, stream, count and exists have to give what the query
/// means, in its order, rows that the order leaves equal by id; so do pages, to the last one and back, and the values and
/// aggregates of the properties that the query names. Through both facades, unless you say otherwise.
///
/// What a query means that you write, [`evaluate`](longevity_core::backend::evaluate) says. A random one is built by the operators
/// of properties and filters, and held to what it was to ask, which a judge of its own finds in plain values: so an error in an
/// operator is seen too.
///
/// What a query compares with should occur, or nearly: it is made from the rows that there are.
///
/// ```
/// use longevity::testkit::QuerySpec;
///
#[doc = include_str!("../../doc/model.txt")]
/// QuerySpec::<Blogging>::new()
///     .rows(60)
///     .query::<Member>("members with many cats", |rows| {
///         let m = Member::props();
///         let many = rows.median(|member| member.num_cats);
///         Member::query().filter(m.num_cats.gt(many)).order_by(User::props().username.asc()).limit(10)
///     })
///     .generated(50)
///     .run(Mem::new)
///     .assert_passed();
/// ```
///
/// A random query that fails is reported as the simplest one that was found to fail like it; every failure names the query,
/// the rows that were expected, and those that were found.
pub struct QuerySpec<M> {
    /// The samples are the rows.
    settings: Settings,
    generated: usize,
    queries: Vec<Given>,
    of: PhantomData<fn() -> M>,
}

/// The suite as a closure configures it; says the closure's parameter type where a macro cannot.
#[doc(hidden)]
pub fn configured_queries<M: SpecModel>(configure: impl FnOnce(QuerySpec<M>) -> QuerySpec<M>) -> QuerySpec<M> {
    configure(QuerySpec::new())
}

/// A query that the user gave.
#[derive(Clone)]
struct Given {
    name: String,
    /// An [`Ask<T>`] of the type that it is about.
    ask: Arc<dyn Any + Send + Sync>,
}

/// Makes a query from the rows that there are.
type Ask<T> = Box<dyn Fn(&Rows<T>) -> Query<T> + Send + Sync>;

impl<M: SpecModel> QuerySpec<M> {
    /// With 100 rows of each table, 200 random queries of each type, each type's own strategy, through both facades, and the
    /// seed from the environment variable `LONGEVITY_SEED`: a number, or `random`; a fixed seed if it is not set.
    pub fn new() -> Self {
        let settings = Settings {
            generators: Generators::new(),
            samples: 100,
            seed: seed_from_environment(),
            facades: Facade::BOTH.to_vec(),
            store: None,
            pools: Pools::default(),
        };
        Self { settings, generated: 200, queries: Vec::new(), of: PhantomData }
    }

    /// How many rows each table has; fewer if the strategy gives no more with keys of their own. One in three has the values of
    /// another in all but its keys, so that orders have ties.
    pub fn rows(mut self, rows: usize) -> Self {
        self.settings.samples = rows.max(1);
        self
    }

    /// A query of `T`'s repository, made from the rows that it sees. The name stands in that of its case.
    pub fn query<T: PersistentType<Root: InModel<M>>>(
        mut self,
        name: impl Into<String>,
        ask: impl Fn(&Rows<T>) -> Query<T> + Send + Sync + 'static,
    ) -> Self {
        let ask: Ask<T> = Box::new(ask);
        self.queries.push(Given { name: name.into(), ask: Arc::new(ask) });
        self
    }

    /// How many random queries each type of the model is asked; none for none.
    pub fn generated(mut self, queries: usize) -> Self {
        self.generated = queries;
        self
    }

    /// Takes every `T`, wherever it occurs, from this strategy: for types whose values obey a rule that no derive knows, or
    /// for values that are nearer to those of your users.
    pub fn strategy<T: Debug + 'static>(mut self, source: impl StrategySource<T>) -> Self {
        self.settings.generators = self.settings.generators.with(source);
        self
    }

    /// About how many numbers, texts and the like a generated row holds in the mean, where its type is larger; 100 unless you say
    /// otherwise. See [`Generators`].
    pub fn budget(mut self, values: usize) -> Self {
        self.settings.generators = self.settings.generators.budget(values);
        self
    }

    /// The seed, whatever the environment says.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Through these facades only. The names of cases say which it is.
    pub fn facades(mut self, facades: impl IntoIterator<Item = Facade>) -> Self {
        self.settings.facades = facades.into_iter().collect();
        self
    }

    /// What the names of cases call the store, where the back end's name does not tell two of them apart.
    pub fn on(mut self, store: impl Into<String>) -> Self {
        self.settings.store = Some(store.into());
        self
    }

    /// All cases, to be run one by one: one for each query, and one for the random queries of each type. Sets up no back end
    /// yet.
    pub fn cases<F: Fixture>(&self, fixture: F) -> Vec<Case> {
        let fixture = AnyFixture::new(fixture);
        let mut slots = list::Slots::new();
        let through = |facade: &Facade| list::of_model(self, Arc::new(fixture.through(*facade)), *facade, &mut slots);
        self.settings.facades.iter().flat_map(through).collect()
    }

    /// Runs all cases, one after the other.
    pub fn run<F: Fixture>(&self, fixture: F) -> Report {
        let cases = self.cases(fixture).into_iter().map(CaseReport::of).collect();
        Report { cases, seed: self.settings.seed }
    }
}

impl<M: SpecModel> Default for QuerySpec<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: SpecModel> Debug for QuerySpec<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queries: Vec<_> = self.queries.iter().map(|query| &query.name).collect();
        f.debug_struct("QuerySpec")
            .field("model", &M::NAME)
            .field("settings", &self.settings)
            .field("generated", &self.generated)
            .field("queries", &queries)
            .finish()
    }
}
