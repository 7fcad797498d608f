//! A table in a store that is written to, killed, and examined.

use std::any::Any;

use longevity_core::backend::{Predicate, Select};
use longevity_core::table::TableDefinition;
use longevity_core::{Error, PState, PersistentType};
use proptest::strategy::{Strategy, ValueTree};

use crate::contract::SpecRoot;
use crate::random::runner;
use crate::references::UntypedRow;
use crate::strategies::Generators;
use crate::values::{collide, whole};
use crate::views::AnyView;

/// How many values are drawn for each sample.
const DRAWS: usize = 20;

/// The source of the values, which is the same in every process of a run.
#[derive(Clone, Debug)]
pub(super) struct Values {
    pub(super) generators: Generators,
    pub(super) samples: usize,
    pub(super) seed: u64,
}

/// The repositories of a table, and the values that are written to it. The values collide in no key, and each belongs to one
/// thread.
pub(super) struct Table<P> {
    pub(super) position: usize,
    pub(super) definition: TableDefinition,
    pub(super) views: Vec<Box<dyn AnyView<P>>>,
    /// The repositories in a transaction.
    pub(super) views_in: fn(&dyn Any) -> Option<Vec<Box<dyn AnyView<P>>>>,
    pub(super) samples: Vec<P>,
    /// The rows to which rows of writers refer. No writer changes them.
    pub(super) targets: Vec<UntypedRow>,
    pub(super) atomic_batches: bool,
}

/// The values of the table. `anchored` gives a value its targets, or returns `None` if it cannot have them.
pub(super) fn samples<P: SpecRoot>(
    definition: &TableDefinition,
    values: &Values,
    anchored: &dyn Fn(P) -> Option<P>,
) -> Vec<P> {
    let strategy = P::rows(&values.generators);
    let mut chance = runner(values.seed, &format!("crash::{}", P::NAME));
    let mut samples: Vec<P> = Vec::new();
    for _ in 0..values.samples * DRAWS {
        if samples.len() == values.samples {
            break;
        }
        let Ok(tree) = strategy.new_tree(&mut chance) else { continue };
        let Some(value) = anchored(tree.current()) else { continue };
        if !samples.iter().any(|other| collide(definition, other, &value) || same_value(other, &value)) {
            samples.push(value);
        }
    }
    samples
}

pub(super) fn same_value<P: PersistentType>(a: &P, b: &P) -> bool {
    a.variant() == b.variant() && whole(a).is_identical(&whole(b))
}

/// Whether this is the row of the target, and it was never changed.
fn is_target<P: PersistentType>(target: &UntypedRow, state: &PState<P>) -> bool {
    let value = state.get();
    state.row_version() == 0 && target.variant == value.variant() && target.value.is_identical(&whole(value))
}

/// A query for all rows.
pub(super) fn all() -> Select {
    Select::of(Predicate::True)
}

impl<P: PersistentType> Table<P> {
    /// All rows that writers wrote, and the sample that each holds.
    pub(super) fn states(&self) -> Result<Vec<(PState<P>, Option<usize>)>, Error> {
        let mut states = self.views[0].find(all(), false)?;
        states.retain(|state| !self.targets.iter().any(|target| is_target(target, state)));
        let sample = |state: &PState<P>| self.samples.iter().position(|sample| same_value(sample, state.get()));
        Ok(states.into_iter().map(|state| (sample(&state), state)).map(|(sample, state)| (state, sample)).collect())
    }

    /// The targets that are not in the store as they were created.
    pub(super) fn lost_targets(&self) -> Result<Vec<&UntypedRow>, Error> {
        let states = self.views[0].find(all(), false)?;
        let is_lost = |target: &&UntypedRow| !states.iter().any(|state| is_target(target, state));
        Ok(self.targets.iter().filter(is_lost).collect())
    }
}
