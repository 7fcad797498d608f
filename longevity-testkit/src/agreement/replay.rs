//! Runs one history on new stores of all back ends.

use std::panic::{AssertUnwindSafe, catch_unwind};

use longevity_core::Options;

use super::open::Opened;
use super::plans::AnyPlan;
use super::report::Disagreement;
use super::step::History;
use super::table::{Abilities, AnyTable, StepResult};
use crate::outcome::panic_message;

/// Opens a new store on one back end.
pub(super) type Opener = Box<dyn Fn(Options) -> Result<Opened, String>>;

/// How a history ended.
pub(super) enum End {
    Agreed,
    /// The back ends disagreed after the step at this position.
    Disagreed(usize, Disagreement),
    /// A store could not be opened.
    NotRun(String),
}

/// Runs the history. Compares the whole state every `look_every` steps, and at the end. `describe`: whether steps are described as
/// text.
pub(super) fn replay(
    history: &History,
    plans: &[Box<dyn AnyPlan>],
    openers: &[Opener],
    look_every: usize,
    describe: bool,
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
    let mut transcript = Transcript { names: names.collect(), history, steps: Vec::new() };
    let abilities = Abilities {
        atomic_batches: opened.iter().all(|opened| opened.capabilities.atomic_batches),
        transactions: opened.iter().all(|opened| opened.capabilities.transactions),
    };
    let refers = plans.iter().any(|plan| plan.refers());
    let mut tables = Vec::new();
    for plan in plans.iter().rev() {
        let sides = opened.iter_mut().filter_map(|opened| opened.sides.pop()).collect();
        tables.extend(plan.table_on(sides, describe));
    }
    tables.reverse();
    for (position, step) in history.steps.iter().enumerate() {
        let position_of_table = step.table % tables.len().max(1);
        let Some(table) = tables.get_mut(position_of_table) else {
            return End::NotRun("the model has no types".to_owned());
        };
        let results = catch_unwind(AssertUnwindSafe(|| table.step(step, abilities)));
        let aftermath = table.aftermath();
        if let Some(disagreement) = transcript.record(results, "") {
            return End::Disagreed(position, disagreement);
        }
        if step.operation.moves_keys() || refers && step.operation.writes() {
            let renew = |table: &mut Box<dyn AnyTable>| table.renew(&aftermath);
            let renewed = catch_unwind(AssertUnwindSafe(|| tables.iter_mut().map(renew).collect()));
            if let Some(disagreement) = transcript.record(renewed, "afterwards, ") {
                return End::Disagreed(position, disagreement);
            }
        }
        if (position + 1) % look_every == 0 || position + 1 == history.steps.len() {
            let look = |table: &mut Box<dyn AnyTable>| table.look();
            let observed = catch_unwind(AssertUnwindSafe(|| tables.iter_mut().flat_map(look).collect()));
            if let Some(disagreement) = transcript.record(observed, "afterwards, ") {
                return End::Disagreed(position, disagreement);
            }
        }
    }
    End::Agreed
}

/// The steps of a history, as text.
struct Transcript<'a> {
    names: Vec<String>,
    history: &'a History,
    steps: Vec<String>,
}

impl Transcript<'_> {
    /// Records the results of a step. Returns the disagreement if the back ends do not agree.
    fn record(&mut self, results: std::thread::Result<Vec<StepResult>>, when: &str) -> Option<Disagreement> {
        let results = match results {
            Ok(results) => results,
            Err(panic) => return Some(self.disagreement(vec![format!("panic: {}", panic_message(&*panic))])),
        };
        for StepResult { description, observed, expected, agreed } in results {
            if agreed {
                if when.is_empty() {
                    self.steps.push(format!("{description} => {}", observed[0]));
                }
                continue;
            }
            self.steps.push(format!("{when}{description}"));
            let sides = self.names.iter().zip(observed).map(|(name, observed)| format!("{name}: {observed}"));
            let expected = expected.map(|expected| format!("expected: {expected}"));
            return Some(self.disagreement(sides.chain(expected).collect()));
        }
        None
    }

    fn disagreement(&mut self, sides: Vec<String>) -> Disagreement {
        Disagreement {
            optimistic_locking: self.history.optimistic_locking,
            timestamps: self.history.timestamps,
            steps: std::mem::take(&mut self.steps),
            sides,
        }
    }
}
