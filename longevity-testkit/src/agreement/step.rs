//! The steps of a history. They name rows and values by number, whatever there is when they run, so that a history stays
//! one when steps are taken out of it.

use longevity_core::query::{Predicate, Select};
use proptest::test_runner::TestRunner;

use super::world::AnyPlan;
use crate::questions::simpler;
use crate::strategies::combine::below;

/// The bound of numbers that are taken modulo what there is.
pub(super) const ANY: usize = 1 << 16;

/// How many samples are tried in place of another.
const SHORT: usize = 3;

/// A history: how the stores are opened, and what is done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct History {
    pub(super) optimistic_locking: bool,
    pub(super) timestamps: bool,
    pub(super) steps: Vec<Step>,
}

/// One operation of one repository.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) table: usize,
    pub(super) view: usize,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Create(Pick),
    CreateMany(Vec<Pick>),
    Update {
        state: Choice,
        value: Pick,
        keep: Keep,
    },
    Delete(Choice),
    Retrieve {
        key: usize,
        value: Pick,
    },
    /// Ids in the query are numbers of rows.
    Ask {
        way: Way,
        select: Select,
    },
}

/// A value: a sample, with a key of a remembered state or without.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pick {
    pub(super) sample: usize,
    /// Which key, and of which state.
    pub(super) key: Option<(usize, usize)>,
}

/// A state: the last of a row that is there, or any that there ever was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) any: bool,
    pub(super) index: usize,
}

/// Which keys an update keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Keep {
    All,
    Primary,
    None,
}

/// How a query is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    Find,
    Stream,
    Count,
    Exists,
}

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

    /// The steps that write, and the one at this position.
    pub(super) fn with_only(&self, position: usize) -> Self {
        let kept = |(at, step): &(usize, &Step)| *at == position || !matches!(step.what, What::Ask { .. });
        let steps = self.steps.iter().enumerate().take(position + 1).filter(kept).map(|(_, step)| step.clone());
        Self { steps: steps.collect(), ..*self }
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
                // Mostly one that there is.
                let owner = (below(4, chance) > 0).then(|| below(ANY, chance));
                let (key, sample) = (below(ANY, chance), below(ANY, chance));
                What::Retrieve { key, value: Pick { sample, key: owner.map(|owner| (key, owner)) } }
            }
            _ => return Self::ask(plans, chance),
        };
        Self { table: below(ANY, chance), view: below(ANY, chance), what }
    }

    fn ask(plans: &[Box<dyn AnyPlan>], chance: &mut TestRunner) -> Self {
        let (table, view) = (below(ANY, chance), below(ANY, chance));
        let way = [Way::Find, Way::Find, Way::Stream, Way::Count, Way::Exists][below(5, chance)];
        let select = plans.get(table % plans.len().max(1)).map(|plan| plan.ask(view, chance));
        let select = select.unwrap_or(Select::of(Predicate::All));
        Self { table, view, what: What::Ask { way, select } }
    }

    /// Simpler steps to try in its place.
    pub(super) fn simpler(&self) -> Vec<Self> {
        let whats = match &self.what {
            What::Create(pick) => pick.simpler().map(What::Create).collect(),
            What::CreateMany(picks) => {
                let without = |gone: usize| {
                    let left = picks.iter().enumerate().filter(|(position, _)| *position != gone);
                    left.map(|(_, pick)| *pick).collect()
                };
                let mut whats: Vec<_> = picks.first().map(|pick| What::Create(*pick)).into_iter().collect();
                whats.extend((0..picks.len()).map(without).map(What::CreateMany));
                for (position, pick) in picks.iter().enumerate() {
                    whats.extend(pick.simpler().map(|simpler| {
                        let mut picks = picks.clone();
                        picks[position] = simpler;
                        What::CreateMany(picks)
                    }));
                }
                whats
            }
            What::Update { state, value, keep } => {
                let update = |value, keep| What::Update { state: *state, value, keep };
                let mut whats: Vec<_> = value.simpler().map(|value| update(value, *keep)).collect();
                whats.extend((*keep != Keep::All).then(|| update(*value, Keep::All)));
                whats
            }
            What::Delete(_) => Vec::new(),
            What::Retrieve { key, value } => value.simpler().map(|value| What::Retrieve { key: *key, value }).collect(),
            What::Ask { way, select } => {
                simpler(select).into_iter().map(|select| What::Ask { way: *way, select }).collect()
            }
        };
        whats.into_iter().map(|what| Self { what, ..self.clone() }).collect()
    }
}

impl Pick {
    fn random(chance: &mut TestRunner) -> Self {
        let key = (below(3, chance) == 0).then(|| (below(ANY, chance), below(ANY, chance)));
        Self { sample: below(ANY, chance), key }
    }

    fn simpler(self) -> impl Iterator<Item = Self> {
        let without_key = self.key.is_some().then_some(Self { key: None, ..self });
        // The first samples are the shortest.
        let first = (0..SHORT.min(self.sample)).map(move |sample| Self { sample, ..self });
        without_key.into_iter().chain(first)
    }
}

impl Choice {
    fn random(chance: &mut TestRunner) -> Self {
        Self { any: below(4, chance) == 0, index: below(ANY, chance) }
    }
}
