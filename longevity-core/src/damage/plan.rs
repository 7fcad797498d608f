//! The plan by which a store is mended.

use std::collections::BTreeMap;
use std::fmt;

use super::{Damage, DamageKind, Mend, Verified};

/// What is done about each sort of damage in a store. It has one step for all damages of a kind in one property, column or index
/// of a type, and one for each unknown discriminator, so that it is short however many rows are damaged.
///
/// Its `Display` has one line for each step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    steps: BTreeMap<(&'static str, DamageKind, String), PlanStep>,
}

/// What is done about damages of one sort.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanStep {
    /// The number of damages that were found.
    pub count: u64,
    /// The first of them.
    pub first: Damage,
    mend: Mend,
}

/// A damage cannot be mended in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImpossibleMend {
    /// What was chosen.
    pub chosen: Mend,
    /// What can be chosen.
    pub possible: &'static [Mend],
}

impl Plan {
    /// The steps, ordered by type, kind and subject.
    pub fn steps(&self) -> impl Iterator<Item = &PlanStep> {
        self.steps.values()
    }

    /// The same, to be changed.
    pub fn steps_mut(&mut self) -> impl Iterator<Item = &mut PlanStep> {
        self.steps.values_mut()
    }

    /// Whether no damage was found.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Adds a damage, with the first of its [mends](Damage::mends) if it is the first of its sort.
    pub fn add(&mut self, damage: &Damage) {
        let key = (damage.type_name, damage.kind, damage.subject.clone());
        let first =
            || PlanStep { count: 0, first: damage.clone(), mend: damage.mends.first().copied().unwrap_or(Mend::Leave) };
        self.steps.entry(key).or_insert_with(first).count += 1;
    }

    /// What is done about this damage.
    pub fn mend_of(&self, damage: &Damage) -> Mend {
        let key = (damage.type_name, damage.kind, damage.subject.clone());
        // Two types may have the same name.
        let chosen = self.steps.get(&key).map(|step| step.mend).filter(|mend| damage.mends.contains(mend));
        chosen.unwrap_or(Mend::Leave)
    }
}

/// Collects the damages among the reports of a [verification](crate::Longevity::verify).
impl FromIterator<Verified> for Plan {
    fn from_iter<I: IntoIterator<Item = Verified>>(reports: I) -> Self {
        let mut plan = Self::default();
        for report in reports {
            if let Verified::Damage(damage) = report {
                plan.add(&damage);
            }
        }
        plan
    }
}

impl PlanStep {
    /// What is done.
    pub fn mend(&self) -> Mend {
        self.mend
    }

    /// Chooses what is done.
    pub fn choose(&mut self, mend: Mend) -> Result<(), ImpossibleMend> {
        if !self.first.mends.contains(&mend) {
            return Err(ImpossibleMend { chosen: mend, possible: self.first.mends });
        }
        self.mend = mend;
        Ok(())
    }
}

impl fmt::Display for PlanStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Damage { type_name, kind, subject, .. } = &self.first;
        let dot = if subject.is_empty() { "" } else { "." };
        write!(f, "{type_name}{dot}{subject}: {} {kind}: {}", self.count, self.mend)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.values().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl fmt::Display for ImpossibleMend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let possible: Vec<_> = self.possible.iter().map(Mend::to_string).collect();
        write!(f, "this damage cannot be mended by `{}`: choose one of {}", self.chosen, possible.join(", "))
    }
}

impl std::error::Error for ImpossibleMend {}
