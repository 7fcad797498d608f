//! A table on all back ends of a history: runs steps, and compares the results.

use std::collections::HashMap;
use std::rc::Rc;

use longevity_core::{Path, Value};

use super::key_moves::Aftermath;
use super::observation::Observation;
use super::oracle::{Expected, Oracle};
use super::side::{Action, KeyMove, Side};
use super::step::{Alteration, KeptKeys, Operation, QueryKind, StateChoice, Step, ValueChoice};
use crate::contract::SpecRoot;
use crate::plan::{TablePlan, ViewPlan};
use crate::queries::{Change, PlainFilter, PlainQuery, PlainRow};

/// The results of an action on each back end.
pub(super) struct StepResult {
    /// The action as text; empty if the history is not described.
    pub(super) description: String,
    pub(super) observed: Vec<Observation>,
    /// The expected result as text, if the back ends agree on another one.
    pub(super) expected: Option<String>,
    pub(super) agreed: bool,
}

/// What all back ends of a history can do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Abilities {
    pub(super) atomic_batches: bool,
    pub(super) transactions: bool,
}

/// A table on all back ends.
pub(super) trait AnyTable {
    /// Runs a step. If the back ends have no atomic batches, a batch has several results.
    fn step(&mut self, step: &Step, abilities: Abilities) -> Vec<StepResult>;
    /// What the last step did to other rows than its own.
    fn aftermath(&mut self) -> Aftermath;
    /// Compares the rows that each repository sees.
    fn look(&mut self) -> Vec<StepResult>;
    /// Reads all rows again, after a write that may have changed other rows than its own, such as those that refer to it.
    fn renew(&mut self, aftermath: &Aftermath) -> StepResult;
}

pub(super) struct ComparedTable<P> {
    pub(super) plan: Rc<TablePlan<P>>,
    /// The value of a row with the variant at this position; `None` if its type refuses the value.
    pub(super) of_value: fn(usize, Value) -> Option<P>,
    sides: Vec<Box<dyn Side<P>>>,
    /// The last state of each existing row.
    pub(super) live: Vec<usize>,
    /// The number of rows that were ever created.
    created: usize,
    /// The untyped rows of states, kept for the oracle.
    plain_rows: HashMap<usize, Rc<PlainRow>>,
    /// Whether actions are described as text.
    describes: bool,
    /// What the last step did to other rows than its own.
    aftermath: Aftermath,
    /// The last state of the row that gave its key value away, and the row's value after that.
    pub(super) given_away: Option<(usize, P)>,
}

impl<P: SpecRoot> AnyTable for ComparedTable<P> {
    fn step(&mut self, step: &Step, abilities: Abilities) -> Vec<StepResult> {
        let plan = Rc::clone(&self.plan);
        let position = step.view % plan.views.len();
        let view = &plan.views[position];
        if view.samples.is_empty() {
            return Vec::new();
        }
        match &step.operation {
            Operation::UpdateWhere { .. } | Operation::DeleteWhere(_) if !abilities.atomic_batches => Vec::new(),
            operation if operation.moves_keys() && !abilities.transactions => Vec::new(),
            Operation::CreateMany(choices) if !abilities.atomic_batches => {
                let values: Vec<_> = choices.iter().map(|choice| self.value(view, *choice)).collect();
                values.into_iter().map(|value| self.act(position, &Action::Create(value))).collect()
            }
            operation => self.action(view, operation).map(|action| self.act(position, &action)).into_iter().collect(),
        }
    }

    fn aftermath(&mut self) -> Aftermath {
        std::mem::take(&mut self.aftermath)
    }

    fn renew(&mut self, aftermath: &Aftermath) -> StepResult {
        let expected = self.expected_after(aftermath);
        self.checked(0, &Action::Renew, |_, _| expected)
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
    pub(super) fn new(
        plan: Rc<TablePlan<P>>,
        of_value: fn(usize, Value) -> Option<P>,
        sides: Vec<Box<dyn Side<P>>>,
        describes: bool,
    ) -> Self {
        Self {
            plan,
            of_value,
            sides,
            live: Vec::new(),
            created: 0,
            plain_rows: HashMap::new(),
            describes,
            aftermath: Aftermath::Unknown,
            given_away: None,
        }
    }

    /// The back end whose states actions refer to. While all back ends agree, any will do.
    pub(super) fn first(&self) -> &dyn Side<P> {
        &*self.sides[0]
    }

    /// Whether ids ascend as rows are created, on all back ends.
    fn by_creation(&self) -> bool {
        self.sides.iter().all(|side| side.rows().1)
    }

    fn act(&mut self, view: usize, action: &Action<P>) -> StepResult {
        self.checked(view, action, |table, observed| table.expected(view, action, observed))
    }

    /// Does the action. Compares the results of the back ends with each other, and with what is expected.
    fn checked(
        &mut self,
        view: usize,
        action: &Action<P>,
        expected: impl FnOnce(&mut Self, &Observation) -> Option<Expected>,
    ) -> StepResult {
        let description = if self.describes { self.describe(view, action) } else { String::new() };
        let observed: Vec<_> = self.sides.iter_mut().map(|side| side.run(view, action)).collect();
        let by_creation = self.by_creation();
        let windowed = matches!(action, Action::Query(_, query, _) if query.is_windowed());
        let broken = matches!(observed[0], Observation::Broken(_));
        let agree = !broken && observed[1..].iter().all(|other| observed[0].agrees(other, by_creation, windowed));
        // The back ends may agree on a wrong result.
        let expected = expected(self, &observed[0]);
        let expected = expected.filter(|expected| agree && !expected.is_met_by(&observed[0], by_creation, windowed));
        self.follow(view, action, &observed[0]);
        let agreed = agree && expected.is_none();
        StepResult { description, observed, expected: expected.map(|expected| expected.to_string()), agreed }
    }

    /// The expected result of the action; `None` if the oracle does not compute it.
    fn expected(&mut self, view: usize, action: &Action<P>, observed: &Observation) -> Option<Expected> {
        match action {
            // Which rows are on the pages that are not read depends on the order of ids.
            Action::Query(QueryKind::Pages(_), ..) if !self.by_creation() => return None,
            // What follows from a delete is compared, but not computed.
            Action::DeleteWhere(..)
                if self.plan.definition.is_referenced || !self.plan.definition.references.is_empty() =>
            {
                return None;
            }
            Action::Query(..) | Action::UpdateWhere(..) | Action::DeleteWhere(..) | Action::Patch(..) => {}
            Action::RenameKey(moved) | Action::Repoint(moved) => {
                return self.expected_of_move(view, action, moved);
            }
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
            Action::RenameKey(_)
            | Action::Repoint(_)
            | Action::Create(_)
            | Action::CreateMany(_)
            | Action::Update(..)
            | Action::Delete(..)
            | Action::Retrieve(..)
            | Action::Renew => None,
        }
    }

    /// Updates which states are the last of their rows.
    fn follow(&mut self, view: usize, action: &Action<P>, observed: &Observation) {
        self.aftermath = self.aftermath_of(view, action, observed);
        let (rows, _) = self.sides[0].rows();
        match (action, observed) {
            (Action::Create(_) | Action::CreateMany(_), Observation::Rows(created)) => {
                self.live.extend(rows.len() - created.len()..rows.len());
                self.created += created.len();
            }
            (Action::UpdateWhere(..) | Action::DeleteWhere(..) | Action::Renew, Observation::Changed(_, left)) => {
                self.live = (rows.len() - left.len()..rows.len()).collect();
            }
            (
                Action::Update(..) | Action::Patch(..) | Action::RenameKey(_) | Action::Repoint(_),
                Observation::Rows(_),
            ) if !observed.is_no_row() => {
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

    /// The state's value, or another one if the repository does not take it. A repository takes states with values of its own type
    /// only. With such a value, the state may be of a sibling's row.
    pub(super) fn value_for(&self, view: &ViewPlan<P>, state: usize) -> P {
        let (value, own) = (&view.samples[0], self.first().value(state));
        let fits = std::ptr::eq(view, &self.plan.views[0]) || own.variant() == value.variant();
        if fits { own.clone() } else { value.clone() }
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
                Action::Delete(state, self.value_for(view, state))
            }
            Operation::Retrieve { key, value } => {
                Action::Retrieve(key.checked_rem(view.keys.len())?, self.value(view, *value))
            }
            Operation::Patch { key, value, by } => {
                let key = key.checked_rem(view.keys.len())?;
                Action::Patch(key, self.value(view, *value), Self::change(view, by)?)
            }
            Operation::RenameKey { key, value, state } => {
                let key = key.checked_rem(view.keys.len())?;
                Action::RenameKey(self.key_move(view, key, self.value(view, *value), self.state(*state)?))
            }
            Operation::Repoint { key, value, state } => {
                let key = key.checked_rem(view.keys.len())?;
                Action::Repoint(self.key_exchange(view, key, self.value(view, *value), self.state(*state)?))
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
            Action::RenameKey(KeyMove { key, owner, state, .. }) => {
                format!("rename the {} of {} to that of {owner:?}", view.keys[*key].property, row(state))
            }
            Action::Repoint(KeyMove { key, owner, state, .. }) => {
                format!("repoint the {} of {owner:?} to {}", view.keys[*key].property, row(state))
            }
            Action::Query(kind, query, _) => format!("{kind} {}", view.queries.describe(query)),
            Action::UpdateWhere(query, _, change) => format!("{change} {}", view.queries.describe(query)),
            Action::DeleteWhere(query, _) => format!("delete {}", view.queries.describe(query)),
        };
        format!("{}: {operation}", view.name)
    }
}
