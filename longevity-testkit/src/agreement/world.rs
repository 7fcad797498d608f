//! A table on all back ends of a history, and what is there to act on.

use std::any::Any;
use std::collections::HashMap;
use std::rc::Rc;

use longevity_core::{InModel, Path};
use proptest::test_runner::TestRunner;

use super::meant::{Judge, Meant};
use super::seen::Seen;
use super::side::{Action, Side};
use super::step::{Alteration, Choice, Keep, Pick, Step, Way, What};
use crate::contract::SpecRoot;
use crate::plan::{PlanVisitor, TablePlan, ViewPlan};
use crate::questions::{Asked, Change, Place, Plain, Question, Questions};

/// What an action gave on each back end.
pub(super) struct Given {
    /// The action, for a reader; empty if there is none.
    pub(super) action: String,
    pub(super) seen: Vec<Seen>,
    /// What was asked for, for a reader, where that is not what they gave.
    pub(super) meant: Option<String>,
    pub(super) agreed: bool,
}

/// A table on all back ends.
pub(super) trait World {
    /// Does a step. Gives what it gave: more than once if the back ends have no atomic batches.
    fn step(&mut self, step: &Step, atomic_batches: bool) -> Vec<Given>;
    /// What each repository sees.
    fn look(&mut self) -> Vec<Given>;
}

/// A table's plan, without its type.
pub(super) trait AnyPlan {
    /// The table on these back ends, each a `Box<dyn Side<P>>`; `None` if it is another table.
    fn world(&self, sides: Vec<Box<dyn Any>>, tells: bool) -> Option<Box<dyn World>>;
    /// A random query of a repository.
    fn ask(&self, view: usize, chance: &mut TestRunner) -> Asked;
    /// Some properties of the rows of a repository.
    fn some(&self, view: usize, chance: &mut TestRunner) -> Vec<Place>;
    /// How many rows the table is populated with.
    fn population(&self) -> usize;
}

impl<P: SpecRoot> AnyPlan for Rc<TablePlan<P>> {
    fn world(&self, sides: Vec<Box<dyn Any>>, tells: bool) -> Option<Box<dyn World>> {
        let sides = sides.into_iter().map(|side| side.downcast::<Box<dyn Side<P>>>().ok().map(|side| *side));
        let (sides, plan) = (sides.collect::<Option<_>>()?, Rc::clone(self));
        Some(Box::new(Tables { plan, sides, live: Vec::new(), numbers: 0, plain: HashMap::new(), tells }))
    }

    fn ask(&self, view: usize, chance: &mut TestRunner) -> Asked {
        self.views[view % self.views.len()].questions.ask(chance)
    }

    fn some(&self, view: usize, chance: &mut TestRunner) -> Vec<Place> {
        self.views[view % self.views.len()].questions.some(chance)
    }

    fn population(&self) -> usize {
        self.views[0].samples.len()
    }
}

/// The plans of a model.
pub(super) struct Plans {
    pub(super) plans: Vec<Box<dyn AnyPlan>>,
    /// How many rows each table is populated with, if it is: they are the samples of its own repository then.
    pub(super) rows: Option<usize>,
}

impl<M> PlanVisitor<M> for Plans {
    fn table<P: SpecRoot + InModel<M>>(&mut self, mut plan: TablePlan<P>) {
        if let Some(rows) = self.rows {
            let population = plan.population(rows);
            plan.views[0].questions = Questions::about::<P, P>(&plan.definition, &plan.scopes, &population);
            plan.views[0].samples = population;
        }
        self.plans.push(Box::new(Rc::new(plan)));
    }
}

struct Tables<P> {
    plan: Rc<TablePlan<P>>,
    sides: Vec<Box<dyn Side<P>>>,
    /// The last state of each row that is there.
    live: Vec<usize>,
    /// How many rows there ever were.
    numbers: usize,
    /// The values of states that were judged.
    plain: HashMap<usize, Rc<Plain>>,
    /// Whether somebody will read of it.
    tells: bool,
}

impl<P: SpecRoot> World for Tables<P> {
    fn step(&mut self, step: &Step, atomic_batches: bool) -> Vec<Given> {
        let plan = Rc::clone(&self.plan);
        let position = step.view % plan.views.len();
        let view = &plan.views[position];
        if view.samples.is_empty() {
            return Vec::new();
        }
        match &step.what {
            What::UpdateWhere { .. } | What::DeleteWhere(_) if !atomic_batches => Vec::new(),
            What::CreateMany(picks) if !atomic_batches => {
                let values: Vec<_> = picks.iter().map(|pick| self.value(view, *pick)).collect();
                values.into_iter().map(|value| self.act(position, &Action::Create(value))).collect()
            }
            what => self.action(view, what).map(|action| self.act(position, &action)).into_iter().collect(),
        }
    }

    fn look(&mut self) -> Vec<Given> {
        let all = Asked::of(Question::All);
        let views = 0..self.plan.views.len();
        let looks = views.flat_map(|view| [Way::Find, Way::Count].map(|way| (view, way)));
        looks
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(view, way)| {
                let select = self.plan.views[view].questions.build(&all);
                self.act(view, &Action::Ask(way, all.clone(), select))
            })
            .collect()
    }
}

impl<P: SpecRoot> Tables<P> {
    /// The back end whose states actions are about; while all agree, any is as good.
    fn first(&self) -> &dyn Side<P> {
        &*self.sides[0]
    }

    /// Whether ids ascend as rows are created, everywhere.
    fn by_creation(&self) -> bool {
        self.sides.iter().all(|side| side.rows().1)
    }

    fn act(&mut self, view: usize, action: &Action<P>) -> Given {
        let told = if self.tells { self.told(view, action) } else { String::new() };
        let seen: Vec<_> = self.sides.iter_mut().map(|side| side.run(view, action)).collect();
        let by_creation = self.by_creation();
        let windowed = matches!(action, Action::Ask(_, asked, _) if asked.is_windowed());
        let broken = matches!(seen[0], Seen::Broken(_));
        let agree = !broken && seen[1..].iter().all(|other| seen[0].agrees(other, by_creation, windowed));
        // What they agree on may be wrong all the same.
        let meant = self.meant(view, action, &seen[0], by_creation);
        let meant = meant.filter(|meant| agree && !meant.is_met_by(&seen[0], by_creation, windowed));
        self.follow(action, &seen[0]);
        let agreed = agree && meant.is_none();
        Given { action: told, seen, meant: meant.map(|meant| meant.to_string()), agreed }
    }

    /// What the action was to give; `None` if nobody judges that.
    fn meant(&mut self, view: usize, action: &Action<P>, seen: &Seen, by_creation: bool) -> Option<Meant> {
        match action {
            // Which rows are on pages that are not looked at depends on the order of ids.
            Action::Ask(Way::Pages(_), ..) if !by_creation => return None,
            Action::Ask(..) | Action::UpdateWhere(..) | Action::DeleteWhere(..) | Action::Patch(..) => {}
            Action::Create(_)
            | Action::CreateMany(_)
            | Action::Update(..)
            | Action::Delete(..)
            | Action::Retrieve(..) => return None,
        }
        let (rows, _) = self.sides[0].rows();
        let mut live: Vec<_> = self.live.iter().map(|state| (rows[*state], *state)).collect();
        live.sort_unstable();
        let mut plain = HashMap::with_capacity(live.len());
        let rows = live.into_iter().map(|(number, state)| {
            let known = self.plain.remove(&state);
            let row = known.unwrap_or_else(|| Rc::new(Plain::of(number, self.sides[0].value(state))));
            plain.insert(state, Rc::clone(&row));
            row
        });
        let rows = rows.collect();
        self.plain = plain;
        let judge = Judge { questions: &self.plan.views[view].questions, rows, numbers: self.numbers };
        match action {
            Action::Ask(way, asked, _) => Some(judge.asked(way, asked)),
            Action::UpdateWhere(asked, _, change) => Some(judge.written(asked, Some(change))),
            Action::DeleteWhere(asked, _) => Some(judge.written(asked, None)),
            Action::Patch(_, _, change) => judge.patched(change, seen),
            Action::Create(_)
            | Action::CreateMany(_)
            | Action::Update(..)
            | Action::Delete(..)
            | Action::Retrieve(..) => None,
        }
    }

    /// Keeps track of which states are the last of their rows.
    fn follow(&mut self, action: &Action<P>, seen: &Seen) {
        let (rows, _) = self.sides[0].rows();
        match (action, seen) {
            (Action::Create(_) | Action::CreateMany(_), Seen::Rows(created)) => {
                self.live.extend(rows.len() - created.len()..rows.len());
                self.numbers += created.len();
            }
            (Action::UpdateWhere(..) | Action::DeleteWhere(..), Seen::Changed(_, left)) => {
                self.live = (rows.len() - left.len()..rows.len()).collect();
            }
            (Action::Update(..), Seen::Rows(_)) | (Action::Patch(..), Seen::Rows(_)) if !seen.is_no_row() => {
                let last = rows.len() - 1;
                self.live.retain(|state| rows[*state] != rows[last]);
                self.live.push(last);
            }
            (Action::Delete(gone, _), Seen::Deleted(_)) => self.live.retain(|state| rows[*state] != rows[*gone]),
            _ => {}
        }
    }

    fn value(&self, view: &ViewPlan<P>, pick: Pick) -> P {
        let sample = view.samples[pick.sample % view.samples.len()].clone();
        let states = self.first().rows().0.len();
        match pick.key {
            Some((key, state)) if !view.keys.is_empty() && states > 0 => {
                view.keys[key % view.keys.len()].copied(self.first().value(state % states), sample)
            }
            _ => sample,
        }
    }

    fn change(view: &ViewPlan<P>, by: &Alteration) -> Option<Change> {
        view.questions.change(by.property, by.somes, &view.samples[by.sample % view.samples.len()], by.how)
    }

    /// Whether a key's value changes with what is at the path: two rows may then meet, and either is told.
    fn is_of_a_key(&self, path: &Path) -> bool {
        let definition = &self.plan.definition;
        let keys = definition.indexes.iter().filter(|index| index.is_unique());
        keys.flat_map(|index| &index.columns).any(|column| path.overlaps(&definition.columns[*column].path))
    }

    fn state(&self, choice: Choice) -> Option<usize> {
        let states = self.first().rows().0.len();
        match (choice.any, self.live.len()) {
            (false, live) if live > 0 => Some(self.live[choice.index % live]),
            _ if states > 0 => Some(choice.index % states),
            _ => None,
        }
    }

    /// What a step means now; `None` if there is nothing yet that it could be about.
    fn action(&self, view: &ViewPlan<P>, what: &What) -> Option<Action<P>> {
        Some(match what {
            What::Create(pick) => Action::Create(self.value(view, *pick)),
            What::CreateMany(picks) => Action::CreateMany(picks.iter().map(|pick| self.value(view, *pick)).collect()),
            What::Update { state, value, keep } => {
                let state = self.state(*state)?;
                let value = self.value(view, *value);
                let kept = view.keys.iter().filter(|key| *keep == Keep::All || *keep == Keep::Primary && key.primary);
                let owner = self.first().value(state);
                Action::Update(state, kept.fold(value, |value, key| key.copied(owner, value)))
            }
            What::Delete(state) => {
                let state = self.state(*state)?;
                // A repository takes states of its own type only: of a sibling's row too, if they have such a value.
                let value = &view.samples[0];
                let own = self.first().value(state);
                let fits = std::ptr::eq(view, &self.plan.views[0]) || own.variant() == value.variant();
                Action::Delete(state, if fits { own.clone() } else { value.clone() })
            }
            What::Retrieve { key, value } => {
                Action::Retrieve(key.checked_rem(view.keys.len())?, self.value(view, *value))
            }
            What::Patch { key, value, by } => {
                let key = key.checked_rem(view.keys.len())?;
                Action::Patch(key, self.value(view, *value), Self::change(view, by)?)
            }
            What::Ask { way, asked } => {
                let asked = if self.by_creation() { asked.clone() } else { asked.without_order_of_ids() };
                let select = view.questions.build(&asked);
                Action::Ask(way.clone(), asked, select)
            }
            // Which row is refused first depends on the order of ids.
            What::UpdateWhere { .. } | What::DeleteWhere(_) if !self.by_creation() => return None,
            What::UpdateWhere { asked, by } => {
                let change =
                    Self::change(view, by).filter(|change| !self.is_of_a_key(&change.place.property.path()))?;
                Action::UpdateWhere(asked.clone(), view.questions.build(asked), change)
            }
            What::DeleteWhere(asked) => Action::DeleteWhere(asked.clone(), view.questions.build(asked)),
        })
    }

    /// An action for a reader.
    fn told(&self, view: usize, action: &Action<P>) -> String {
        let view = &self.plan.views[view];
        let row = |state: &usize| {
            let row = self.first().rows().0[*state];
            let last = if self.live.contains(state) { "" } else { " (an older state)" };
            format!("row {row}{last}")
        };
        let what = match action {
            Action::Create(value) => format!("create {value:?}"),
            Action::CreateMany(values) => format!("create many {values:?}"),
            Action::Update(state, value) => format!("update {} to {value:?}", row(state)),
            Action::Delete(state, _) => format!("delete {}", row(state)),
            Action::Retrieve(key, value) => format!("retrieve by the {} of {value:?}", view.keys[*key].property),
            Action::Patch(key, value, change) => {
                format!("patch by the {} of {value:?}: {change}", view.keys[*key].property)
            }
            Action::Ask(way, asked, _) => format!("{way} {}", view.questions.told(asked)),
            Action::UpdateWhere(asked, _, change) => format!("{change} {}", view.questions.told(asked)),
            Action::DeleteWhere(asked, _) => format!("delete {}", view.questions.told(asked)),
        };
        format!("{}: {what}", view.name)
    }
}
