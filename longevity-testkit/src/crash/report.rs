//! The result of a run of kills.

use std::fmt;

/// The result for a store whose writers were killed.
#[derive(Clone, Debug)]
#[must_use = "a report fails no test until it is asserted"]
pub struct CrashReport {
    /// The domain model's name.
    pub model: &'static str,
    /// How often the writers were killed.
    pub kills: usize,
    /// The number of acknowledged writes, over all kills.
    pub acknowledged: usize,
    /// The seed of the values and of the times of the kills. It does not determine how threads interleave.
    pub seed: u64,
    /// The problems of the store after the last kill.
    pub problems: Vec<String>,
}

impl CrashReport {
    /// Whether the store survived every kill.
    pub fn has_survived(&self) -> bool {
        self.problems.is_empty()
    }

    /// Panics with the problems if the store did not survive, or if no write was acknowledged.
    #[track_caller]
    pub fn assert_survived(&self) {
        assert!(self.has_survived(), "{self}");
        // A child of another spec in the same `main` skips this one.
        let had_a_turn = self.kills > 0 && self.acknowledged > 0 || super::process::child_task().is_some();
        assert!(had_a_turn, "no write was acknowledged, so nothing was tested: {self}");
    }
}

impl fmt::Display for CrashReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, kills, acknowledged, seed, problems } = self;
        writeln!(f, "{model}: {kills} kills, {acknowledged} acknowledged writes, LONGEVITY_SEED={seed}")?;
        problems.iter().try_for_each(|problem| writeln!(f, "  {problem}"))
    }
}
