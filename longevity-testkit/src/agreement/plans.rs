//! The plans of a model's tables, without their types: what steps are drawn from.

use std::any::Any;
use std::marker::PhantomData;
use std::rc::Rc;

use longevity_core::backend::Backend;
use longevity_core::{InModel, Value};
use proptest::test_runner::TestRunner;

use super::sample_keys::SampleKeys;
use super::side::Side;
use super::table::{AnyTable, ComparedTable};
use crate::contract::SpecRoot;
use crate::plan::{PlanVisitor, TablePlan};
use crate::queries::{Place, PlainQuery, RandomQueries};

/// A table's plan, without its type.
pub(super) trait AnyPlan {
    /// The table on these back ends, each a `Box<dyn Side<P>>`; `None` if they are of another table.
    fn table_on(&self, sides: Vec<Box<dyn Any>>, describes: bool) -> Option<Box<dyn AnyTable>>;
    /// A random query of a repository.
    fn draw_query(&self, view: usize, chance: &mut TestRunner) -> PlainQuery;
    /// Some properties of the rows of a repository.
    fn draw_places(&self, view: usize, chance: &mut TestRunner) -> Vec<Place>;
    /// The number of rows that the table is populated with.
    fn population(&self) -> usize;
    /// Whether rows of the table refer to others with integrity.
    fn refers(&self) -> bool;
}

/// The plan of a table of `P`.
struct ComparedPlan<P> {
    plan: Rc<TablePlan<P>>,
    /// The value of a row with the variant at this position; `None` if its type refuses the value.
    of_value: fn(usize, Value) -> Option<P>,
}

impl<P: SpecRoot> AnyPlan for ComparedPlan<P> {
    fn table_on(&self, sides: Vec<Box<dyn Any>>, describes: bool) -> Option<Box<dyn AnyTable>> {
        let sides = sides.into_iter().map(|side| side.downcast::<Box<dyn Side<P>>>().ok().map(|side| *side));
        Some(Box::new(ComparedTable::new(
            Rc::clone(&self.plan),
            self.of_value,
            sides.collect::<Option<_>>()?,
            describes,
        )))
    }

    fn draw_query(&self, view: usize, chance: &mut TestRunner) -> PlainQuery {
        self.plan.views[view % self.plan.views.len()].queries.draw_query(chance)
    }

    fn draw_places(&self, view: usize, chance: &mut TestRunner) -> Vec<Place> {
        self.plan.views[view % self.plan.views.len()].queries.draw_places(chance)
    }

    fn population(&self) -> usize {
        self.plan.views[0].samples.len()
    }

    fn refers(&self) -> bool {
        !self.plan.definition.references.is_empty()
    }
}

/// The plans of a model.
pub(super) struct Plans<B> {
    pub(super) plans: Vec<Box<dyn AnyPlan>>,
    /// The number of rows that each table is populated with, if any. The samples of its own repository are these rows then.
    pub(super) rows: Option<usize>,
    /// The key values of the model's samples, to which other samples refer.
    pub(super) keys: SampleKeys,
    of: PhantomData<fn() -> B>,
}

impl<B> Plans<B> {
    pub(super) fn new(rows: Option<usize>, keys: SampleKeys) -> Self {
        Self { plans: Vec::new(), rows, keys, of: PhantomData }
    }
}

impl<M, B: Backend> PlanVisitor<M> for Plans<B> {
    fn table<P: SpecRoot + InModel<M>>(&mut self, mut plan: TablePlan<P>) {
        self.keys.refer::<P, B>(&mut plan);
        if let Some(rows) = self.rows {
            let population = plan.population(rows);
            plan.views[0].queries = RandomQueries::about::<P, P>(&plan.definition, &plan.scopes, &population);
            plan.views[0].samples = population;
        }
        let of_value = |variant, value| P::of_value::<B>(variant, value).ok();
        self.plans.push(Box::new(ComparedPlan { plan: Rc::new(plan), of_value }));
    }
}
