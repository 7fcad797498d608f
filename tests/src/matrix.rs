//! The list of models, and the suites over it. They are compiled once, here, for all test binaries and all back ends, which run
//! as [`AnyBackend`](longevity::AnyBackend). In addition, two models run on each back end's own type, compiled in the binaries.

use longevity::testkit::{Agreement, Case, Facade, Fixture, Harness, QuerySpec, RepoCrudSpec, SpecModel};

use crate::models::{
    blogging::Blogging, constrained, generics::Generics, indexes::Indexes, keywords::Keywords, modules::Household,
    poly::Office, poly_inline::Drawing, poly_keys::Traffic, primary_keys::PrimaryKeys, references::Shelves,
    renames::Renames,
};
use crate::query_specs;
use crate::stores::Store;

/// The suites of a model, with the rules of its types and its handwritten queries.
struct Suites<M> {
    operations: RepoCrudSpec<M>,
    queries: QuerySpec<M>,
    agreement: fn() -> Agreement<M>,
}

impl<M: SpecModel> Suites<M> {
    fn new() -> Self {
        Self::asking(QuerySpec::new())
    }

    fn asking(queries: QuerySpec<M>) -> Self {
        Self { operations: RepoCrudSpec::new(), queries, agreement: Agreement::new }
    }
}

/// Visits each model.
trait Each {
    fn model<M: SpecModel>(&mut self, suites: Suites<M>);
}

/// All models. A new model is added here, and to the list of the encoding tests, which have a test for each.
fn for_each_model(each: &mut impl Each) {
    each.model(Suites::asking(query_specs::basics()));
    each.model(Suites::asking(query_specs::blogging()));
    each.model(Suites::asking(query_specs::collections()));
    each.model(Suites::asking(query_specs::components()));
    each.model(Suites::asking(query_specs::keys()));
    each.model(Suites::asking(query_specs::storage()));
    each.model(Suites {
        operations: constrained::configure(RepoCrudSpec::new()),
        queries: constrained::configure_queries(QuerySpec::new()),
        agreement: || constrained::configure_agreement(Agreement::new()),
    });
    each.model(Suites::<Drawing>::new());
    each.model(Suites::<Generics>::new());
    each.model(Suites::<Household>::new());
    each.model(Suites::<Indexes>::new());
    each.model(Suites::<Keywords>::new());
    each.model(Suites::<Office>::new());
    each.model(Suites::<PrimaryKeys>::new());
    each.model(Suites::<Renames>::new());
    // Of few values, most exist at some time, so that references find their targets.
    each.model(Suites { agreement: || Agreement::new().samples(4), ..Suites::<Shelves>::new() });
    each.model(Suites::<Traffic>::new());
}

/// The conformance suite over all models, through both facades; with `LONGEVITY_IN_TRANSACTIONS=1`, also in transactions.
pub fn operations(store: Store) -> Vec<Case> {
    let in_transactions = std::env::var("LONGEVITY_IN_TRANSACTIONS").is_ok_and(|value| value == "1");
    let facades: &[Facade] = if in_transactions { &Facade::ALL } else { &Facade::BOTH };
    operations_with(store, facades, 8)
}

/// The conformance suite over all models, through these facades, with this number of samples.
pub fn operations_with(store: Store, facades: &[Facade], samples: usize) -> Vec<Case> {
    struct Operations<'a>(Store, &'a [Facade], usize, Vec<Case>);
    impl Each for Operations<'_> {
        fn model<M: SpecModel>(&mut self, suites: Suites<M>) {
            let Self(store, facades, samples, cases) = self;
            let spec = suites.operations.samples(*samples).facades(facades.iter().copied()).on(store.name());
            cases.extend(spec.cases(store.fixture::<M>()));
        }
    }
    let mut operations = Operations(store, facades, samples, Vec::new());
    for_each_model(&mut operations);
    operations.3
}

/// The conformance suite of queries over all models, through both facades, with this number of random queries of each type.
pub fn queries(store: Store, random: usize) -> Vec<Case> {
    struct Queries(Store, usize, Vec<Case>);
    impl Each for Queries {
        fn model<M: SpecModel>(&mut self, suites: Suites<M>) {
            let spec = suites.queries.rows(60).generated(self.1).on(self.0.name());
            self.2.extend(spec.cases(self.0.fixture::<M>()));
        }
    }
    let mut queries = Queries(store, random, Vec::new());
    for_each_model(&mut queries);
    queries.2
}

/// The conformance suite over two models on a back end's own type, also in transactions if it has them.
pub fn operations_natively(name: &str, transactions: bool, blogging: impl Fixture, office: impl Fixture) -> Vec<Case> {
    fn of<M: SpecModel>(name: &str, transactions: bool, fixture: impl Fixture) -> Vec<Case> {
        let facades = if transactions { Facade::ALL.to_vec() } else { Facade::BOTH.to_vec() };
        RepoCrudSpec::<M>::new().facades(facades).on(format!("{name}, natively")).cases(fixture)
    }
    [of::<Blogging>(name, transactions, blogging), of::<Office>(name, transactions, office)]
        .into_iter()
        .flatten()
        .collect()
}

/// The conformance suite of queries over two models on a back end's own type.
pub fn queries_natively(name: &str, random: usize, blogging: impl Fixture, office: impl Fixture) -> Vec<Case> {
    fn of<M: SpecModel>(spec: QuerySpec<M>, name: &str, random: usize, fixture: impl Fixture) -> Vec<Case> {
        spec.rows(60).generated(random).on(format!("{name}, natively")).cases(fixture)
    }
    let blogging = of(query_specs::blogging(), name, random, blogging);
    blogging.into_iter().chain(of(QuerySpec::<Office>::new(), name, random, office)).collect()
}

/// What stores have to agree on.
#[derive(Clone, Copy, Debug)]
pub enum Agreed {
    /// Random histories.
    Histories {
        /// The number of histories.
        histories: usize,
        /// The number of steps in each.
        steps: usize,
    },
    /// Random queries over rows of each type.
    Queries {
        /// The number of rows.
        rows: usize,
        /// The number of queries.
        queries: usize,
    },
}

/// Stores to compare, each through a facade.
pub type Sides = &'static [(Store, Facade)];

/// Adds a check for each model that the stores agree.
pub fn add_agreements(harness: &mut Harness, what: &str, agreed: Agreed, sides: Sides) {
    struct Agreements<'a>(&'a mut Harness, &'a str, Agreed, Sides);
    impl Each for Agreements<'_> {
        fn model<M: SpecModel>(&mut self, suites: Suites<M>) {
            let Self(harness, what, agreed, sides) = self;
            let (agreed, sides, new) = (*agreed, *sides, suites.agreement);
            harness.check(format!("{what} of {}", M::NAME), move || agree(new(), agreed, sides));
        }
    }
    for_each_model(&mut Agreements(harness, what, agreed, sides));
}

/// Checks that the stores agree on the model with the most keys.
pub fn agree_on_traffic(agreed: Agreed, sides: Sides) {
    agree(Agreement::<Traffic>::new(), agreed, sides);
}

/// Checks that the stores agree on the model with the most references.
pub fn agree_on_blogging(agreed: Agreed, sides: Sides) {
    agree(Agreement::<Blogging>::new(), agreed, sides);
}

#[expect(clippy::panic, reason = "a test panics without its stores")]
fn agree<M: SpecModel>(agreement: Agreement<M>, agreed: Agreed, sides: &[(Store, Facade)]) {
    let [(one, facade), (other, same), more @ ..] = sides else { panic!("at least two stores are needed") };
    assert_eq!(facade, same, "the first two stores are reached in the same way");
    let more =
        more.iter().fold(agreement, |agreement, (store, facade)| agreement.facade(*facade).also(store.fixture::<M>()));
    let agreement = more.facade(*facade);
    let report = match agreed {
        Agreed::Histories { histories, steps } => {
            agreement.histories(histories).steps(steps).run(one.fixture::<M>(), other.fixture::<M>())
        }
        Agreed::Queries { rows, queries } => {
            agreement.rows(rows).queries(queries).run_queries(one.fixture::<M>(), other.fixture::<M>())
        }
    };
    report.assert_agreed();
}
