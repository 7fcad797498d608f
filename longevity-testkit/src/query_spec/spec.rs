//! `QuerySpec`: its configuration, and its run.

use std::fmt::{self, Debug};
use std::marker::PhantomData;
use std::sync::Arc;

use longevity_core::query::Query;
use longevity_core::{InModel, PersistentType};

use super::list::{Slots, cases_of_model};
use super::rows::Rows;
use super::written::{QueryOfRows, WrittenQuery};
use crate::case::Case;
use crate::contract::SpecModel;
use crate::facade::Facade;
use crate::fixture::{AnyFixture, Fixture};
use crate::pool::Pools;
use crate::random::seed_from_environment;
use crate::report::{CaseReport, Report};
use crate::settings::Settings;
use crate::strategies::{Generators, StrategySource};

/// The conformance suite of queries over the domain model `M`: queries that you write, and random ones over each of its types.
///
/// Each case loads generated rows into a store of its own, and runs queries. The operations find, stream, count and exists have
/// to return what the query means, in its order; rows that are equal in this order come by id. So do pages, to the last one and
/// back, and the values and aggregates of the properties that the query names. By default, cases run through both facades.
///
/// The function [`evaluate`](longevity_core::backend::evaluate) defines the meaning of a query that you write. A random query is
/// built with the operators of properties and filters. Its meaning comes from a separate, naive evaluation over plain values, so
/// that an error in an operator is found too.
///
/// Values that a query compares with should occur in rows, or nearly. So a query is made from the rows.
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
/// If types declare references with integrity, the rows refer to rows that exist. No query finds those that are created for that
/// alone. Each declared reference that [`find_with`](longevity_core::Repo::find_with) can follow has a case of its own: random
/// queries, whose rows have to come with the targets that a walk through all rows finds.
///
/// If a random query fails, the report shows the simplest query found that fails too. Every failure names the query, the expected
/// rows, and the rows that were found.
pub struct QuerySpec<M> {
    /// Its `samples` is the number of rows.
    settings: Settings,
    generated: usize,
    queries: Vec<WrittenQuery>,
    of: PhantomData<fn() -> M>,
}

/// The suite as a closure configures it. This function gives the closure its parameter type, which a macro cannot.
#[doc(hidden)]
pub fn configured_queries<M: SpecModel>(configure: impl FnOnce(QuerySpec<M>) -> QuerySpec<M>) -> QuerySpec<M> {
    configure(QuerySpec::new())
}

impl<M: SpecModel> QuerySpec<M> {
    /// A suite with 100 rows per table, 200 random queries per type, each type's own strategy, and both facades. The environment
    /// variable `LONGEVITY_SEED` sets the seed: a number, or `random`. If it is not set, the seed is fixed.
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

    /// The number of rows per table; fewer if the strategy does not generate enough rows with distinct keys. One row in three has
    /// the values of another row in all properties but its keys, so that orders have ties.
    pub fn rows(mut self, rows: usize) -> Self {
        self.settings.samples = rows.max(1);
        self
    }

    /// Adds a query of `T`'s repository, made from the rows that the repository sees. The name of its case includes this name.
    pub fn query<T: PersistentType<Root: InModel<M>>>(
        mut self,
        name: impl Into<String>,
        query: impl Fn(&Rows<T>) -> Query<T> + Send + Sync + 'static,
    ) -> Self {
        let query: QueryOfRows<T> = Box::new(query);
        self.queries.push(WrittenQuery { name: name.into(), query: Arc::new(query) });
        self
    }

    /// The number of random queries per type of the model; 0 turns them off.
    pub fn generated(mut self, queries: usize) -> Self {
        self.generated = queries;
        self
    }

    /// Generates every `T`, wherever it occurs, with this strategy. Use it for types whose values obey a rule that no derive
    /// knows, or for values that are closer to those of your users.
    pub fn strategy<T: Debug + 'static>(mut self, source: impl StrategySource<T>) -> Self {
        self.settings.generators = self.settings.generators.with(source);
        self
    }

    /// The mean number of values (numbers, strings and the like) that a generated row of a large type holds, approximately. 100
    /// by default. See [`Generators`].
    pub fn budget(mut self, values: usize) -> Self {
        self.settings.generators = self.settings.generators.budget(values);
        self
    }

    /// The seed. It overrides the environment variable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Runs each case through each of these facades. The names of the cases include the facade.
    pub fn facades(mut self, facades: impl IntoIterator<Item = Facade>) -> Self {
        self.settings.facades = facades.into_iter().collect();
        self
    }

    /// The name of the store in the names of cases, if the back end's name does not distinguish two stores.
    pub fn on(mut self, store: impl Into<String>) -> Self {
        self.settings.store = Some(store.into());
        self
    }

    /// All cases, to be run one by one: one for each query, one for the random queries of each type, and one for the random queries
    /// with the targets of each reference. This sets up no back end yet.
    pub fn cases<F: Fixture>(&self, fixture: F) -> Vec<Case> {
        let fixture = AnyFixture::new(fixture);
        let Self { settings, generated, queries, .. } = self;
        let mut slots = Slots::new();
        let through = |facade: &Facade| {
            let fixture = Arc::new(fixture.through(*facade));
            cases_of_model::<M, _>(settings, queries, *generated, fixture, *facade, &mut slots)
        };
        settings.facades.iter().flat_map(through).collect()
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
