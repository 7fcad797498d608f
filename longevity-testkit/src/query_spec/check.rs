//! A table with rows, and queries of one of its repositories.

use std::any::TypeId;
use std::sync::{Arc, OnceLock};

use longevity_core::backend::Backend;
use longevity_core::blocking::Longevity;
use longevity_core::{DomainModel, InModel, PState, PersistentType, RowId};

use super::rows::Rows;
use super::written::QueryOfRows;
use crate::advice::with_advice;
use crate::contract::SpecRoot;
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop};
use crate::plan::{TablePlan, table_plan};
use crate::queries::{Checks, PlainRow, RandomQueries, check_as_evaluated, check_query, simplest};
use crate::random::runner;
use crate::references::{Given, Tables, UntypedRow, Wanted, first_target};
use crate::settings::Settings;
use crate::values::{collide, whole};

/// One in this number of random queries is checked for pages, values and aggregates too, which takes several times as long.
pub(super) const OTHERS: usize = 4;

/// How many rows are written at once. Every store accepts this number.
const BATCH: usize = 100;

/// The plan and the rows of a table, which all its cases share.
pub(super) struct Shared<P> {
    plan: TablePlan<P>,
    population: Vec<P>,
}

/// A store with the rows that `T`'s repository has to see, by id.
pub(super) struct Loaded<'a, M, P, T, B: Backend> {
    pub(super) store: &'a Longevity<M, B>,
    pub(super) states: &'a [PState<T>],
    pub(super) plan: &'a TablePlan<P>,
    /// Rows of the table that are there only because others refer to them. Only transactions see them.
    pub(super) hidden: &'a [RowId],
}

/// A place for the shared plan and rows, filled by the first case that needs them.
pub(super) type Slot<P> = Arc<OnceLock<Result<Shared<P>, String>>>;

/// The table of `P` in stores of a fixture, and the repository of `T`, which is `P` or one of its derived types.
pub(super) struct QueriedTable<M, P, T, F: Fixture> {
    fixture: Arc<F>,
    pub(super) settings: Settings,
    shared: Slot<P>,
    narrow: fn(PState<P>) -> Result<PState<T>, PState<P>>,
    tables: TablesOf<M, F>,
}

/// Makes the tables of the model.
pub(super) type TablesOf<M, F> = fn() -> Outcome<Tables<M, <F as Fixture>::Backend>>;

impl<M, P, T, F: Fixture> Clone for QueriedTable<M, P, T, F> {
    fn clone(&self) -> Self {
        let Self { fixture, settings, shared, narrow, tables } = self;
        let (fixture, shared) = (Arc::clone(fixture), Arc::clone(shared));
        Self { fixture, settings: settings.clone(), shared, narrow: *narrow, tables: *tables }
    }
}

impl<M, P, T, F> QueriedTable<M, P, T, F>
where
    M: DomainModel,
    P: SpecRoot + InModel<M>,
    T: PersistentType<Root = P>,
    F: Fixture,
{
    pub(super) fn new(
        fixture: Arc<F>,
        settings: Settings,
        shared: Slot<P>,
        narrow: fn(PState<P>) -> Result<PState<T>, PState<P>>,
        tables: TablesOf<M, F>,
    ) -> Self {
        Self { fixture, settings, shared, narrow, tables }
    }

    /// Checks the query that the user makes from the rows.
    pub(super) fn check_written(&self, query: &QueryOfRows<T>) -> Outcome {
        self.with_rows(|Loaded { store, states, plan, .. }| {
            let values = states.iter().map(|state| state.get().clone()).collect();
            let rows = Rows::new(values, self.settings.generators.clone(), self.settings.seed);
            check_as_evaluated(&plan.definition, &store.repo::<T>(), states, &query(&rows))
        })
    }

    /// Checks random queries, `queries` of them.
    pub(super) fn check_random(&self, queries: usize) -> Outcome {
        self.with_rows(|Loaded { store, states, plan, .. }| {
            let repo = store.repo::<T>();
            let random_queries =
                RandomQueries::about::<T, T>(&plan.definition, &plan.scopes, states.iter().map(PState::get));
            let rows: Vec<_> = states.iter().enumerate().map(|(number, row)| PlainRow::of(number, row.get())).collect();
            let mut chance = runner(self.settings.seed, &format!("{}::{}::queries", M::NAME, T::NAME));
            for number in 0..queries {
                let query = random_queries.draw_query(&mut chance);
                let checks = if number % OTHERS == 0 { Checks::All } else { Checks::Rows };
                let check = |query: &_| check_query(&random_queries, &repo, states, &rows, query, checks);
                if check(&query).is_err() {
                    check(&simplest(query.clone(), |query| check(query).is_err()))?;
                    // The simpler query does not fail: check the original again.
                    check(&query)?;
                    return Err(Stop::failed("a query failed once, and passed when it was repeated"));
                }
            }
            Ok(())
        })
    }

    /// Calls the function with a new store and its rows.
    pub(super) fn with_rows(&self, check: impl FnOnce(&Loaded<'_, M, P, T, F::Backend>) -> Outcome) -> Outcome {
        let shared = self.shared.get_or_init(|| {
            let Settings { generators, samples, seed, .. } = &self.settings;
            // All repositories of the table have the same rows.
            let mut chance = runner(*seed, &format!("{}::{}::rows", M::NAME, P::NAME));
            let plan = table_plan::<M, P>(generators, *samples, &mut chance).map_err(|error| error.to_string())?;
            let population = plan.population(*samples);
            let population = match self.given(&plan).map_err(Stop::into_message)? {
                Some(given) => anchored::<M, P, F>(&given, &plan, population),
                None => population,
            };
            Ok(Shared { plan, population })
        });
        let shared = shared.as_ref().map_err(Stop::failed)?;
        self.in_new_store(shared, check).map_err(|stop| with_advice(stop, &shared.plan.definition))
    }

    /// What the rows refer to; `None` if the type declares no references.
    fn given(&self, plan: &TablePlan<P>) -> Outcome<Option<Given<M, F::Backend>>> {
        if plan.definition.references.is_empty() {
            return Ok(None);
        }
        let tables = (self.tables)()?;
        let own = tables.iter().position(|table| table.root == TypeId::of::<P>());
        let own = own.ok_or_else(|| Stop::failed("the model has no such table"))?;
        // Without these, optional references to the table itself would lead nowhere.
        let to_itself =
            plan.definition.references.iter().filter(|reference| reference.target.root == TypeId::of::<P>());
        let also: Vec<_> = to_itself.filter_map(|reference| first_target(&tables, reference)).collect();
        Ok(Some(Given::new(&tables, own, &Wanted { also: &also }, &self.settings)?))
    }

    fn in_new_store(
        &self,
        Shared { plan, population }: &Shared<P>,
        check: impl FnOnce(&Loaded<'_, M, P, T, F::Backend>) -> Outcome,
    ) -> Outcome {
        let (backend, _guard) =
            self.fixture.set_up_for_schema().map_err(|error| Stop::failed(format!("the fixture failed: {error}")))?;
        let store = Longevity::<M, _>::open(backend)?;
        store.create_schema()?;
        let mut hidden = Vec::new();
        if let Some(given) = self.given(plan)? {
            hidden = given.create(&store)?;
            F::hide(store.asynchronous().backend(), &hidden);
        }
        let root = store.repo::<P>();
        let mut states = Vec::new();
        for batch in population.chunks(BATCH) {
            let created = root.create_many(batch.to_vec())?;
            states.extend(created.into_iter().filter_map(|state| (self.narrow)(state).ok()));
        }
        if states.is_empty() {
            return Err(Stop::failed(format!("the strategy of {} generates no {}", P::NAME, T::NAME)));
        }
        states.sort_by_key(PState::id);
        check(&Loaded { store: &store, states: &states, plan, hidden: &hidden })
    }
}

/// The rows with references to what is given. Rows that then collide in a key are left out.
fn anchored<M: DomainModel, P: PersistentType, F: Fixture>(
    given: &Given<M, F::Backend>,
    plan: &TablePlan<P>,
    population: Vec<P>,
) -> Vec<P> {
    let mut anchored: Vec<P> = Vec::new();
    for value in population {
        let row = given.anchored(UntypedRow { variant: value.variant(), value: whole(&value) });
        let value = row.and_then(|row| P::of_value::<F::Backend>(row.variant, row.value).ok());
        let fits = |value: &P| !anchored.iter().any(|other| collide(&plan.definition, other, value));
        anchored.extend(value.filter(fits));
    }
    anchored
}
