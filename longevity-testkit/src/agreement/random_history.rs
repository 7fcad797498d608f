//! Random histories.

use proptest::test_runner::TestRunner;

use super::step::{Alteration, Choice, History, Keep, Pick, Step, Way, What};
use super::world::AnyPlan;
use crate::questions::{Asked, How, Question};
use crate::strategies::combine::below;

/// The bound of numbers that are taken modulo what there is.
const ANY: usize = 1 << 16;

impl History {
    /// A random history of so many steps on the tables of these plans.
    pub(super) fn random(steps: usize, plans: &[Box<dyn AnyPlan>], chance: &mut TestRunner) -> Self {
        Self {
            optimistic_locking: below(4, chance) > 0,
            timestamps: below(2, chance) > 0,
            steps: (0..steps).map(|_| Step::random(plans, chance)).collect(),
        }
    }

    /// The populations of the plans, created, and so many queries of them.
    pub(super) fn of_queries(queries: usize, plans: &[Box<dyn AnyPlan>], chance: &mut TestRunner) -> Self {
        let mut steps = Vec::new();
        for (table, plan) in plans.iter().enumerate() {
            let create = |sample| What::Create(Pick { sample, key: None });
            steps.extend((0..plan.population()).map(|sample| Step { table, view: 0, what: create(sample) }));
        }
        steps.extend((0..queries).map(|_| Step::ask(plans, chance)));
        Self { optimistic_locking: true, timestamps: false, steps }
    }
}

impl Step {
    fn random(plans: &[Box<dyn AnyPlan>], chance: &mut TestRunner) -> Self {
        let what = match below(20, chance) {
            0..=4 => What::Create(Pick::random(chance)),
            5 => What::CreateMany((0..below(4, chance)).map(|_| Pick::random(chance)).collect()),
            6..=9 => What::Update {
                state: Choice::random(chance),
                value: Pick::random(chance),
                keep: [Keep::All, Keep::Primary, Keep::Primary, Keep::None][below(4, chance)],
            },
            10..=12 => What::Delete(Choice::random(chance)),
            13..=14 => {
                let (key, value) = Pick::of_key(chance);
                What::Retrieve { key, value }
            }
            15 => {
                let (key, value) = Pick::of_key(chance);
                What::Patch { key, value, by: Alteration::random(chance) }
            }
            16 if below(2, chance) == 0 => {
                return Self::ask(plans, chance)
                    .with_query(|asked| What::UpdateWhere { asked, by: Alteration::random(chance) });
            }
            // Few go at once.
            16 if below(3, chance) == 0 => {
                return Self::ask(plans, chance).with_query(|asked| {
                    What::DeleteWhere(Asked { limit: Some(asked.limit.unwrap_or(3).min(3)), ..asked })
                });
            }
            _ => return Self::ask(plans, chance),
        };
        Self { table: below(ANY, chance), view: below(ANY, chance), what }
    }

    /// Something else with what this one asks.
    fn with_query(self, what: impl FnOnce(Asked) -> What) -> Self {
        match self.what {
            What::Ask { asked, .. } => Self { what: what(asked), ..self },
            _ => self,
        }
    }

    fn ask(plans: &[Box<dyn AnyPlan>], chance: &mut TestRunner) -> Self {
        let (table, view) = (below(ANY, chance), below(ANY, chance));
        let plan = plans.get(table % plans.len().max(1));
        let some = |chance: &mut TestRunner| plan.map(|plan| plan.some(view, chance)).unwrap_or_default();
        let way = match below(9, chance) {
            0..=3 => Way::Find,
            4 => Way::Stream,
            5 => [Way::Count, Way::Exists][below(2, chance)].clone(),
            6 => Way::Pages(1 + below(3, chance) as u64),
            7 => Way::Values(some(chance)),
            _ => Way::Aggregates(some(chance)),
        };
        let asked = plan.map_or(Asked::of(Question::All), |plan| plan.ask(view, chance));
        Self { table, view, what: What::Ask { way, asked } }
    }
}

impl Pick {
    fn random(chance: &mut TestRunner) -> Self {
        let key = (below(3, chance) == 0).then(|| (below(ANY, chance), below(ANY, chance)));
        Self { sample: below(ANY, chance), key }
    }

    /// A key, and mostly a value of one that there is.
    fn of_key(chance: &mut TestRunner) -> (usize, Self) {
        let owner = (below(4, chance) > 0).then(|| below(ANY, chance));
        let (key, sample) = (below(ANY, chance), below(ANY, chance));
        (key, Self { sample, key: owner.map(|owner| (key, owner)) })
    }
}

impl Alteration {
    fn random(chance: &mut TestRunner) -> Self {
        let how = [How::Set, How::Increment, How::Push][below(3, chance)];
        Self { property: below(ANY, chance), somes: below(ANY, chance), sample: below(ANY, chance), how }
    }
}

impl Choice {
    fn random(chance: &mut TestRunner) -> Self {
        Self { any: below(4, chance) == 0, index: below(ANY, chance) }
    }
}
