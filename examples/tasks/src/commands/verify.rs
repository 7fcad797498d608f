//! `tasks verify`: looks for tasks that cannot be read, and for references that lead to no task, and mends them if asked to.

use clap::Args;
use longevity::verify::{DamageKind, Fixed, Mend, Plan, PlanStep};

use super::{Outcome, Store};
use crate::problem::Problem;
use crate::table;

#[derive(Debug, Args)]
pub struct Verify {
    /// Do what the last column says.
    #[arg(long)]
    fix: bool,
    /// Delete a task or a coordinator that cannot be read, or that refers to a task that is gone.
    #[arg(long)]
    delete: bool,
}

impl Verify {
    pub fn run(&self, store: &Store) -> Outcome {
        let mut plan = store.verify().collect::<Result<Plan, _>>()?;
        if plan.is_empty() {
            return Ok("everything is as it should be".to_owned());
        }
        let is_damaged =
            |step: &&mut PlanStep| matches!(step.first.kind, DamageKind::Dangling | DamageKind::Undecodable);
        for step in plan.steps_mut().filter(|step| self.delete && is_damaged(step)) {
            if step.mend() == Mend::Leave {
                step.choose(Mend::Delete).map_err(|error| Problem::Damaged(error.to_string()))?;
            }
        }
        if self.fix { mend(store, plan) } else { Err(Problem::Damaged(drawn(&plan))) }
    }
}

fn drawn(plan: &Plan) -> String {
    let rows = plan.steps().map(|step| {
        let found = if step.count > 1 {
            format!("{} (and {} more)", step.first, step.count - 1)
        } else {
            step.first.to_string()
        };
        [found, step.mend().to_string()]
    });
    table::draw(["DAMAGE", "WITH --fix"], rows.collect())
}

fn mend(store: &Store, plan: Plan) -> Outcome {
    let (mut mended, mut left) = (0, Vec::new());
    for fixed in store.fix(plan) {
        match fixed? {
            Fixed::Mended(..) => mended += 1,
            Fixed::Left(damage) => left.push([damage.to_string(), "left".to_owned()]),
            Fixed::Failed(damage, error) => left.push([damage.to_string(), error.to_string()]),
            _ => {}
        }
    }
    if left.is_empty() {
        return Ok(format!("mended: {mended}; nothing else is wrong"));
    }
    Err(Problem::Left { mended, left: table::draw(["DAMAGE", "WHY IT IS LEFT"], left) })
}
