//! A table on all back ends of a history: runs steps, and compares the results.

use std::any::Any;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::rc::Rc;

use longevity_core::backend::Backend;
use longevity_core::{InModel, Path};
use proptest::test_runner::TestRunner;

use super::observation::Observation;
use super::oracle::{Expected, Oracle};
use super::sample_keys::SampleKeys;
use super::side::{Action, Side};
use super::step::{Alteration, KeptKeys, Operation, QueryKind, StateChoice, Step, ValueChoice};
use crate::contract::SpecRoot;
use crate::plan::{PlanVisitor, TablePlan, ViewPlan};
use crate::queries::{Change, Place, PlainFilter, PlainQuery, PlainRow, RandomQueries};

/// The results of an action on each back end.
pub(super) struct StepResult {
    /// The action as text; empty if the history is not described.
    pub(super) description: String,
    pub(super) observed: Vec<Observation>,
    /// The expected result as text, if the back ends agree on another one.
    pub(super) expected: Option<String>,
    pub(super) agreed: bool,
}

/// A table on all back ends.
pub(super) trait AnyTable {
    /// Runs a step. If the back ends have no atomic batches, a batch has several results.
    fn step(&mut self, step: &Step, atomic_batches: bool) -> Vec<StepResult>;
    /// Compares the rows that each repository sees.
    fn look(&mut self) -> Vec<StepResult>;
    /// Reads all rows again, after a write that may have changed other rows than its own: those that refer to them.
    fn renew(&mut self) -> StepResult;
}

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

impl<P: SpecRoot> AnyPlan for Rc<TablePlan<P>> {
    fn table_on(&self, sides: Vec<Box<dyn Any>>, describes: bool) -> Option<Box<dyn AnyTable>> {
        let sides = sides.into_iter().map(|side| side.downcast::<Box<dyn Side<P>>>().ok().map(|side| *side));
        let (sides, plan) = (sides.collect::<Option<_>>()?, Rc::clone(self));
        Some(Box::new(ComparedTable {
            plan,
            sides,
            live: Vec::new(),
            created: 0,
            plain_rows: HashMap::new(),
            describes,
        }))
    }

    fn draw_query(&self, view: usize, chance: &mut TestRunner) -> PlainQuery {
        self.views[view % self.views.len()].queries.draw_query(chance)
    }

    fn draw_places(&self, view: usize, chance: &mut TestRunner) -> Vec<Place> {
        self.views[view % self.views.len()].queries.draw_places(chance)
    }

    fn population(&self) -> usize {
        self.views[0].samples.len()
    }

    fn refers(&self) -> bool {
        !self.definition.references.is_empty()
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
        self.plans.push(Box::new(Rc::new(plan)));
    }
}

struct ComparedTable<P> {
    plan: Rc<TablePlan<P>>,
    sides: Vec<Box<dyn Side<P>>>,
    /// The last state of each existing row.
    live: Vec<usize>,
    /// The number of rows that were ever created.
    created: usize,
    /// The untyped rows of states, kept for the oracle.
    plain_rows: HashMap<usize, Rc<PlainRow>>,
    /// Whether actions are described as text.
    describes: bool,
}

impl<P: SpecRoot> AnyTable for ComparedTable<P> {
    fn step(&mut self, step: &Step, atomic_batches: bool) -> Vec<StepResult> {
        let plan = Rc::clone(&self.plan);
        let position = step.view % plan.views.len();
        let view = &plan.views[position];
        if view.samples.is_empty() {
            return Vec::new();
        }
        match &step.operation {
            Operation::UpdateWhere { .. } | Operation::DeleteWhere(_) if !atomic_batches => Vec::new(),
            Operation::CreateMany(choices) if !atomic_batches => {
                let values: Vec<_> = choices.iter().map(|choice| self.value(view, *choice)).collect();
                values.into_iter().map(|value| self.act(position, &Action::Create(value))).collect()
            }
            operation => self.action(view, operation).map(|action| self.act(position, &action)).into_iter().collect(),
        }
    }

    fn renew(&mut self) -> StepResult {
        self.act(0, &Action::Renew)
    }

    fn look(&mut self) -> Vec<StepResult> {
        let all = PlainQuery::of(PlainFilter::All);
        let views = 0..self.plan.views.len();
        let looks = views.flat_map(|view| [QueryKind::Find, QueryKind::Count].map(|kind| (view, kind)));
        looks
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(view, kind)| {
                let select = self.plan.views[view].queries.build(&all);
                self.act(view, &Action::Query(kind, all.clone(), select))
            })
            .collect()
    }
}

impl<P: SpecRoot> ComparedTable<P> {
    /// The back end whose states actions refer to. While all back ends agree, any will do.
    fn first(&self) -> &dyn Side<P> {
        &*self.sides[0]
    }

    /// Whether ids ascend as rows are created, on all back ends.
    fn by_creation(&self) -> bool {
        self.sides.iter().all(|side| side.rows().1)
    }

    fn act(&mut self, view: usize, action: &Action<P>) -> StepResult {
        let description = if self.describes { self.describe(view, action) } else { String::new() };
        let observed: Vec<_> = self.sides.iter_mut().map(|side| side.run(view, action)).collect();
        let by_creation = self.by_creation();
        let windowed = matches!(action, Action::Query(_, query, _) if query.is_windowed());
        let broken = matches!(observed[0], Observation::Broken(_));
        let agree = !broken && observed[1..].iter().all(|other| observed[0].agrees(other, by_creation, windowed));
        // The back ends may agree on a wrong result.
        let expected = self.expected(view, action, &observed[0], by_creation);
        let expected = expected.filter(|expected| agree && !expected.is_met_by(&observed[0], by_creation, windowed));
        self.follow(action, &observed[0]);
        let agreed = agree && expected.is_none();
        StepResult { description, observed, expected: expected.map(|expected| expected.to_string()), agreed }
    }

    /// The expected result of the action; `None` if the oracle does not compute it.
    fn expected(
        &mut self,
        view: usize,
        action: &Action<P>,
        observed: &Observation,
        by_creation: bool,
    ) -> Option<Expected> {
        match action {
            // Which rows are on the pages that are not read depends on the order of ids.
            Action::Query(QueryKind::Pages(_), ..) if !by_creation => return None,
            // What follows from a delete is compared, but not computed.
            Action::DeleteWhere(..) if self.plan.definition.is_referenced || self.plan.refers() => return None,
            Action::Query(..) | Action::UpdateWhere(..) | Action::DeleteWhere(..) | Action::Patch(..) => {}
            Action::Create(_)
            | Action::CreateMany(_)
            | Action::Update(..)
            | Action::Delete(..)
            | Action::Retrieve(..)
            | Action::Renew => return None,
        }
        let (rows, _) = self.sides[0].rows();
        let mut live: Vec<_> = self.live.iter().map(|state| (rows[*state], *state)).collect();
        live.sort_unstable();
        let mut plain = HashMap::with_capacity(live.len());
        let rows = live.into_iter().map(|(number, state)| {
            let known = self.plain_rows.remove(&state);
            let row = known.unwrap_or_else(|| Rc::new(PlainRow::of(number, self.sides[0].value(state))));
            plain.insert(state, Rc::clone(&row));
            row
        });
        let rows = rows.collect();
        self.plain_rows = plain;
        let oracle = Oracle { queries: &self.plan.views[view].queries, rows, created: self.created };
        match action {
            Action::Query(kind, query, _) => Some(oracle.query(kind, query)),
            Action::UpdateWhere(query, _, change) => Some(oracle.written(query, Some(change))),
            Action::DeleteWhere(query, _) => Some(oracle.written(query, None)),
            Action::Patch(_, _, change) => oracle.patched(change, observed),
            Action::Create(_)
            | Action::CreateMany(_)
            | Action::Update(..)
            | Action::Delete(..)
            | Action::Retrieve(..)
            | Action::Renew => None,
        }
    }

    /// Updates which states are the last of their rows.
    fn follow(&mut self, action: &Action<P>, observed: &Observation) {
        let (rows, _) = self.sides[0].rows();
        match (action, observed) {
            (Action::Create(_) | Action::CreateMany(_), Observation::Rows(created)) => {
                self.live.extend(rows.len() - created.len()..rows.len());
                self.created += created.len();
            }
            (Action::UpdateWhere(..) | Action::DeleteWhere(..) | Action::Renew, Observation::Changed(_, left)) => {
                self.live = (rows.len() - left.len()..rows.len()).collect();
            }
            (Action::Update(..), Observation::Rows(_)) | (Action::Patch(..), Observation::Rows(_))
                if !observed.is_no_row() =>
            {
                let last = rows.len() - 1;
                self.live.retain(|state| rows[*state] != rows[last]);
                self.live.push(last);
            }
            (Action::Delete(gone, _), Observation::Deleted(_)) => self.live.retain(|state| rows[*state] != rows[*gone]),
            _ => {}
        }
    }

    fn value(&self, view: &ViewPlan<P>, choice: ValueChoice) -> P {
        let sample = view.samples[choice.sample % view.samples.len()].clone();
        let states = self.first().rows().0.len();
        match choice.key {
            Some((key, state)) if !view.keys.is_empty() && states > 0 => {
                view.keys[key % view.keys.len()].copied(self.first().value(state % states), sample)
            }
            _ => sample,
        }
    }

    fn change(view: &ViewPlan<P>, by: &Alteration) -> Option<Change> {
        view.queries.change(by.property, by.somes, &view.samples[by.sample % view.samples.len()], by.kind)
    }

    /// Whether a change at the path changes a key. Two rows may then collide, and an error may name either.
    fn is_of_a_key(&self, path: &Path) -> bool {
        let definition = &self.plan.definition;
        let keys = definition.indexes.iter().filter(|index| index.is_unique());
        keys.flat_map(|index| &index.columns).any(|column| path.overlaps(&definition.columns[*column].path))
    }

    fn state(&self, choice: StateChoice) -> Option<usize> {
        let states = self.first().rows().0.len();
        match (choice.any, self.live.len()) {
            (false, live) if live > 0 => Some(self.live[choice.index % live]),
            _ if states > 0 => Some(choice.index % states),
            _ => None,
        }
    }

    /// The action of a step in the current state; `None` if nothing exists yet that it could refer to.
    fn action(&self, view: &ViewPlan<P>, operation: &Operation) -> Option<Action<P>> {
        Some(match operation {
            Operation::Create(choice) => Action::Create(self.value(view, *choice)),
            Operation::CreateMany(choices) => {
                Action::CreateMany(choices.iter().map(|choice| self.value(view, *choice)).collect())
            }
            Operation::Update { state, value, kept } => {
                let state = self.state(*state)?;
                let value = self.value(view, *value);
                let kept =
                    view.keys.iter().filter(|key| *kept == KeptKeys::All || *kept == KeptKeys::Primary && key.primary);
                let owner = self.first().value(state);
                Action::Update(state, kept.fold(value, |value, key| key.copied(owner, value)))
            }
            Operation::Delete(state) => {
                let state = self.state(*state)?;
                // A repository takes states with values of its own type only. With such a value, the state may be of a sibling's
                // row.
                let value = &view.samples[0];
                let own = self.first().value(state);
                let fits = std::ptr::eq(view, &self.plan.views[0]) || own.variant() == value.variant();
                Action::Delete(state, if fits { own.clone() } else { value.clone() })
            }
            Operation::Retrieve { key, value } => {
                Action::Retrieve(key.checked_rem(view.keys.len())?, self.value(view, *value))
            }
            Operation::Patch { key, value, by } => {
                let key = key.checked_rem(view.keys.len())?;
                Action::Patch(key, self.value(view, *value), Self::change(view, by)?)
            }
            Operation::Query { kind, query } => {
                let query = if self.by_creation() { query.clone() } else { query.without_order_of_ids() };
                let select = view.queries.build(&query);
                Action::Query(kind.clone(), query, select)
            }
            // The row that is refused first depends on the order of ids.
            Operation::UpdateWhere { .. } | Operation::DeleteWhere(_) if !self.by_creation() => return None,
            Operation::UpdateWhere { query, by } => {
                let change =
                    Self::change(view, by).filter(|change| !self.is_of_a_key(&change.place.property.path()))?;
                Action::UpdateWhere(query.clone(), view.queries.build(query), change)
            }
            Operation::DeleteWhere(query) => Action::DeleteWhere(query.clone(), view.queries.build(query)),
        })
    }

    /// The action as text.
    fn describe(&self, view: usize, action: &Action<P>) -> String {
        let view = &self.plan.views[view];
        let row = |state: &usize| {
            let row = self.first().rows().0[*state];
            let last = if self.live.contains(state) { "" } else { " (an older state)" };
            format!("row {row}{last}")
        };
        let operation = match action {
            Action::Create(value) => format!("create {value:?}"),
            Action::CreateMany(values) => format!("create many {values:?}"),
            Action::Update(state, value) => format!("update {} to {value:?}", row(state)),
            Action::Delete(state, _) => format!("delete {}", row(state)),
            Action::Renew => "read all rows".to_owned(),
            Action::Retrieve(key, value) => format!("retrieve by the {} of {value:?}", view.keys[*key].property),
            Action::Patch(key, value, change) => {
                format!("patch by the {} of {value:?}: {change}", view.keys[*key].property)
            }
            Action::Query(kind, query, _) => format!("{kind} {}", view.queries.describe(query)),
            Action::UpdateWhere(query, _, change) => format!("{change} {}", view.queries.describe(query)),
            Action::DeleteWhere(query, _) => format!("delete {}", view.queries.describe(query)),
        };
        format!("{}: {operation}", view.name)
    }
}
