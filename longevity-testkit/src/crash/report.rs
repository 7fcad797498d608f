//! What a run of kills gives.

use std::fmt;

/// What became of a store whose writers were killed.
#[derive(Clone, Debug)]
#[must_use = "a report fails no test until it is asserted"]
pub struct CrashReport {
    /// The domain model's name.
    pub model: &'static str,
    /// How often the writers were killed.
    pub kills: usize,
    /// How many writes were acknowledged, over all kills.
    pub acknowledged: usize,
    /// The seed of the values and of the moments of the kills. The threads' interleaving is chance.
    pub seed: u64,
    /// What is wrong with the store after the last kill.
    pub problems: Vec<String>,
}

impl CrashReport {
    /// Whether the store survived every kill.
    pub fn has_survived(&self) -> bool {
        self.problems.is_empty()
    }

    /// Panics with what is wrong if the store did not survive, or if nothing was acknowledged.
    #[track_caller]
    pub fn assert_survived(&self) {
        assert!(self.has_survived(), "{self}");
        // A child of another in the same `main` passes this one by.
        let had_a_turn = self.kills > 0 && self.acknowledged > 0 || super::process::told().is_some();
        assert!(had_a_turn, "there was nothing to survive: {self}");
    }
}

impl fmt::Display for CrashReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, kills, acknowledged, seed, problems } = self;
        writeln!(f, "{model}: {kills} kills, {acknowledged} acknowledged writes, LONGEVITY_SEED={seed}")?;
        problems.iter().try_for_each(|problem| writeln!(f, "  {problem}"))
    }
}
