//! A table with rows, and queries of one of its repositories.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use longevity_core::blocking::Longevity;
use longevity_core::{DomainModel, InModel, PState, PersistentType};

use super::rows::Rows;
use super::written::Ask;
use crate::contract::SpecRoot;
use crate::fixture::Fixture;
use crate::outcome::{Outcome, Stop};
use crate::plan::{TablePlan, table_plan};
use crate::questions::{Plain, Questions, Ways, agree, agree_as_evaluated, simplest};
use crate::random::runner;
use crate::refused::advised;
use crate::settings::Settings;

/// One in so many random queries is asked for more than its rows, which takes several times as long.
const OTHERS: usize = 4;

/// How many rows are written at once: every store takes so many.
const BATCH: usize = 100;

/// What all cases of a table share: its plan, and its rows.
pub(super) struct Shared<P> {
    plan: TablePlan<P>,
    population: Vec<P>,
}

/// The same, made by the first case that needs it, and by no other.
pub(super) type Slot<P> = Arc<OnceLock<Result<Shared<P>, String>>>;

/// The table of `P` in stores of a fixture, and the repository of `T`, which is `P` or one of its derived types.
pub(super) struct Tables<M, P, T, F> {
    fixture: Arc<F>,
    settings: Settings,
    shared: Slot<P>,
    narrow: fn(PState<P>) -> Result<PState<T>, PState<P>>,
    of: PhantomData<fn() -> M>,
}

impl<M, P, T, F> Clone for Tables<M, P, T, F> {
    fn clone(&self) -> Self {
        let Self { fixture, settings, shared, narrow, of } = self;
        let (fixture, shared) = (Arc::clone(fixture), Arc::clone(shared));
        Self { fixture, settings: settings.clone(), shared, narrow: *narrow, of: *of }
    }
}

impl<M, P, T, F> Tables<M, P, T, F>
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
    ) -> Self {
        Self { fixture, settings, shared, narrow, of: PhantomData }
    }

    /// The query that this makes of the rows.
    pub(super) fn given(&self, ask: &Ask<T>) -> Outcome {
        self.with_rows(|store, states, plan| {
            let values = states.iter().map(|state| state.get().clone()).collect();
            let rows = Rows::new(values, self.settings.generators.clone(), self.settings.seed);
            agree_as_evaluated(&plan.definition, &store.repo::<T>(), states, &ask(&rows))
        })
    }

    /// So many random queries.
    pub(super) fn generated(&self, queries: usize) -> Outcome {
        self.with_rows(|store, states, plan| {
            let repo = store.repo::<T>();
            let questions = Questions::about::<T, T>(&plan.definition, &plan.scopes, states.iter().map(PState::get));
            let rows: Vec<_> = states.iter().enumerate().map(|(number, row)| Plain::of(number, row.get())).collect();
            let mut chance = runner(self.settings.seed, &format!("{}::{}::queries", M::NAME, T::NAME));
            for number in 0..queries {
                let asked = questions.ask(&mut chance);
                let ways = if number % OTHERS == 0 { Ways::All } else { Ways::Rows };
                let check = |asked: &_| agree(&questions, &repo, states, &rows, asked, ways);
                if check(&asked).is_err() {
                    check(&simplest(asked.clone(), |asked| check(asked).is_err()))?;
                    // Only that one failed, and not again.
                    check(&asked)?;
                    return Err(Stop::failed("a query failed once, and not when it was asked again"));
                }
            }
            Ok(())
        })
    }

    /// In a new store, with the rows that `T`'s repository has to see, by id.
    fn with_rows(
        &self,
        asks: impl FnOnce(&Longevity<M, F::Backend>, &[PState<T>], &TablePlan<P>) -> Outcome,
    ) -> Outcome {
        let shared = self.shared.get_or_init(|| {
            let Settings { generators, samples, seed, .. } = &self.settings;
            // All repositories of the table have the same rows.
            let mut chance = runner(*seed, &format!("{}::{}::rows", M::NAME, P::NAME));
            let plan = table_plan::<M, P>(generators, *samples, &mut chance).map_err(|error| error.to_string())?;
            let population = plan.population(*samples);
            Ok(Shared { plan, population })
        });
        let shared = shared.as_ref().map_err(Stop::failed)?;
        self.in_new_store(shared, asks).map_err(|stop| advised(stop, &shared.plan.definition))
    }

    fn in_new_store(
        &self,
        Shared { plan, population }: &Shared<P>,
        asks: impl FnOnce(&Longevity<M, F::Backend>, &[PState<T>], &TablePlan<P>) -> Outcome,
    ) -> Outcome {
        let (backend, _guard) =
            self.fixture.set_up_for_schema().map_err(|error| Stop::failed(format!("the fixture failed: {error}")))?;
        let store = Longevity::<M, _>::open(backend)?;
        store.create_schema()?;
        let root = store.repo::<P>();
        let mut states = Vec::new();
        for batch in population.chunks(BATCH) {
            let created = root.create_many(batch.to_vec())?;
            states.extend(created.into_iter().filter_map(|state| (self.narrow)(state).ok()));
        }
        if states.is_empty() {
            return Err(Stop::failed(format!("the strategy of {} gives no {}", P::NAME, T::NAME)));
        }
        states.sort_by_key(PState::id);
        asks(&store, &states, plan)
    }
}
