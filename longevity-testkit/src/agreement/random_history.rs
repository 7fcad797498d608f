//! Random histories.

use proptest::test_runner::TestRunner;

use super::plans::AnyPlan;
use super::step::{Alteration, History, KeptKeys, Operation, QueryKind, StateChoice, Step, ValueChoice};
use crate::queries::{ChangeKind, PlainFilter, PlainQuery};
use crate::strategies::combine::below;

/// The bound of numbers that are taken modulo what exists.
const ANY: usize = 1 << 16;

impl History {
    /// A random history on the tables of these plans.
    pub(super) fn random(steps: usize, plans: &[Box<dyn AnyPlan>], chance: &mut TestRunner) -> Self {
        Self {
            optimistic_locking: below(4, chance) > 0,
            timestamps: below(2, chance) > 0,
            steps: (0..steps).map(|_| Step::random(plans, chance)).collect(),
        }
    }

    /// A history that creates the population of each table, and then runs random queries.
    pub(super) fn of_queries(queries: usize, plans: &[Box<dyn AnyPlan>], chance: &mut TestRunner) -> Self {
        let mut steps = Vec::new();
        for (table, plan) in plans.iter().enumerate() {
            let create = |sample| Operation::Create(ValueChoice { sample, key: None });
            steps.extend((0..plan.population()).map(|sample| Step { table, view: 0, operation: create(sample) }));
        }
        steps.extend((0..queries).map(|_| Step::draw_query(plans, chance)));
        Self { optimistic_locking: true, timestamps: false, steps }
    }
}

impl Step {
    fn random(plans: &[Box<dyn AnyPlan>], chance: &mut TestRunner) -> Self {
        let operation = match below(22, chance) {
            0..=4 => Operation::Create(ValueChoice::random(chance)),
            5 => Operation::CreateMany((0..below(4, chance)).map(|_| ValueChoice::random(chance)).collect()),
            6..=9 => Operation::Update {
                state: StateChoice::random(chance),
                value: ValueChoice::random(chance),
                kept: [KeptKeys::All, KeptKeys::Primary, KeptKeys::Primary, KeptKeys::None][below(4, chance)],
            },
            10..=12 => Operation::Delete(StateChoice::random(chance)),
            13..=14 => {
                let (key, value) = ValueChoice::of_key(chance);
                Operation::Retrieve { key, value }
            }
            15 => {
                let (key, value) = ValueChoice::of_key(chance);
                Operation::Patch { key, value, by: Alteration::random(chance) }
            }
            16 => {
                let (key, value, state) =
                    (below(ANY, chance), ValueChoice::random(chance), StateChoice::random(chance));
                Operation::RenameKey { key, value, state }
            }
            17 => {
                let ((key, value), state) = (ValueChoice::of_key(chance), StateChoice::random(chance));
                Operation::Repoint { key, value, state }
            }
            18 if below(2, chance) == 0 => {
                return Self::draw_query(plans, chance)
                    .with_query(|query| Operation::UpdateWhere { query, by: Alteration::random(chance) });
            }
            // This deletes only a few rows at once.
            18 if below(3, chance) == 0 => {
                return Self::draw_query(plans, chance).with_query(|query| {
                    Operation::DeleteWhere(PlainQuery { limit: Some(query.limit.unwrap_or(3).min(3)), ..query })
                });
            }
            _ => return Self::draw_query(plans, chance),
        };
        Self { table: below(ANY, chance), view: below(ANY, chance), operation }
    }

    /// Another operation with the query of this step.
    fn with_query(self, operation: impl FnOnce(PlainQuery) -> Operation) -> Self {
        match self.operation {
            Operation::Query { query, .. } => Self { operation: operation(query), ..self },
            _ => self,
        }
    }

    fn draw_query(plans: &[Box<dyn AnyPlan>], chance: &mut TestRunner) -> Self {
        let (table, view) = (below(ANY, chance), below(ANY, chance));
        let plan = plans.get(table % plans.len().max(1));
        let draw_places = |chance: &mut TestRunner| plan.map(|plan| plan.draw_places(view, chance)).unwrap_or_default();
        let kind = match below(9, chance) {
            0..=3 => QueryKind::Find,
            4 => QueryKind::Stream,
            5 => [QueryKind::Count, QueryKind::Exists][below(2, chance)].clone(),
            6 => QueryKind::Pages(1 + below(3, chance) as u64),
            7 => QueryKind::Values(draw_places(chance)),
            _ => QueryKind::Aggregates(draw_places(chance)),
        };
        let query = plan.map_or(PlainQuery::of(PlainFilter::All), |plan| plan.draw_query(view, chance));
        Self { table, view, operation: Operation::Query { kind, query } }
    }
}

impl ValueChoice {
    fn random(chance: &mut TestRunner) -> Self {
        let key = (below(3, chance) == 0).then(|| (below(ANY, chance), below(ANY, chance)));
        Self { sample: below(ANY, chance), key }
    }

    /// A key, and mostly the value that an existing state has in it.
    fn of_key(chance: &mut TestRunner) -> (usize, Self) {
        let owner = (below(4, chance) > 0).then(|| below(ANY, chance));
        let (key, sample) = (below(ANY, chance), below(ANY, chance));
        (key, Self { sample, key: owner.map(|owner| (key, owner)) })
    }
}

impl Alteration {
    fn random(chance: &mut TestRunner) -> Self {
        let kind = [ChangeKind::Set, ChangeKind::Increment, ChangeKind::Push][below(3, chance)];
        Self { property: below(ANY, chance), somes: below(ANY, chance), sample: below(ANY, chance), kind }
    }
}

impl StateChoice {
    fn random(chance: &mut TestRunner) -> Self {
        Self { any: below(4, chance) == 0, index: below(ANY, chance) }
    }
}
