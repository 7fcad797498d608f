//! One history on new stores of all back ends.

use std::panic::{AssertUnwindSafe, catch_unwind};

use longevity_core::Options;

use super::open::Opened;
use super::report::Disagreement;
use super::step::History;
use super::world::{AnyPlan, Given, World};
use crate::outcome::panic_message;

/// Opens a new store on one back end.
pub(super) type Opener = Box<dyn Fn(Options) -> Result<Opened, String>>;

/// How a history ended.
pub(super) enum End {
    Agreed,
    /// After the step at this position.
    Disagreed(usize, Disagreement),
    /// There were no stores to run it on.
    NotRun(String),
}

/// Runs the history. Looks at the whole state every `look_every` steps, and at the end.
pub(super) fn replay(
    history: &History,
    plans: &[Box<dyn AnyPlan>],
    openers: &[Opener],
    look_every: usize,
    tells: bool,
) -> End {
    let options = Options::default().optimistic_locking(history.optimistic_locking).timestamps(history.timestamps);
    let opened = openers
        .iter()
        .enumerate()
        .map(|(position, open)| open(options.clone()).map_err(|error| format!("back end {}: {error}", position + 1)));
    let mut opened = match opened.collect::<Result<Vec<_>, _>>() {
        Ok(opened) => opened,
        Err(error) => return End::NotRun(error),
    };
    let names = opened.iter().enumerate().map(|(position, opened)| format!("{} ({})", opened.name, position + 1));
    let mut telling = Telling { names: names.collect(), history, told: Vec::new() };
    let atomic_batches = opened.iter().all(|opened| opened.atomic_batches);
    let mut worlds = Vec::new();
    for plan in plans.iter().rev() {
        let sides = opened.iter_mut().filter_map(|opened| opened.sides.pop()).collect();
        worlds.extend(plan.world(sides, tells));
    }
    worlds.reverse();
    for (position, step) in history.steps.iter().enumerate() {
        let table = step.table % worlds.len().max(1);
        let Some(world) = worlds.get_mut(table) else { return End::NotRun("the model has no types".to_owned()) };
        let done = catch_unwind(AssertUnwindSafe(|| world.step(step, atomic_batches)));
        if let Some(disagreement) = telling.listen(done, "") {
            return End::Disagreed(position, disagreement);
        }
        if (position + 1) % look_every == 0 || position + 1 == history.steps.len() {
            let look = |world: &mut Box<dyn World>| world.look();
            let seen = catch_unwind(AssertUnwindSafe(|| worlds.iter_mut().flat_map(look).collect()));
            if let Some(disagreement) = telling.listen(seen, "afterwards, ") {
                return End::Disagreed(position, disagreement);
            }
        }
    }
    End::Agreed
}

/// What is said of a history.
struct Telling<'a> {
    names: Vec<String>,
    history: &'a History,
    told: Vec<String>,
}

impl Telling<'_> {
    /// Takes in what was done; the disagreement if it is one.
    fn listen(&mut self, done: std::thread::Result<Vec<Given>>, when: &str) -> Option<Disagreement> {
        let done = match done {
            Ok(done) => done,
            Err(panic) => return Some(self.disagreement(vec![format!("panic: {}", panic_message(&*panic))])),
        };
        for Given { action, seen, meant, agreed } in done {
            if agreed {
                if when.is_empty() {
                    self.told.push(format!("{action} => {}", seen[0]));
                }
                continue;
            }
            self.told.push(format!("{when}{action}"));
            let sides = self.names.iter().zip(seen).map(|(name, seen)| format!("{name}: {seen}"));
            let meant = meant.map(|meant| format!("what was asked for: {meant}"));
            return Some(self.disagreement(sides.chain(meant).collect()));
        }
        None
    }

    fn disagreement(&mut self, sides: Vec<String>) -> Disagreement {
        Disagreement {
            optimistic_locking: self.history.optimistic_locking,
            timestamps: self.history.timestamps,
            steps: std::mem::take(&mut self.told),
            sides,
        }
    }
}
