//! What a run of histories gives.

use std::fmt;

/// How much of a step is printed.
const LONG: usize = 800;

/// What became of random histories on several back ends.
#[derive(Clone, Debug)]
#[must_use = "a report fails no test until it is asserted"]
pub struct AgreementReport {
    /// The domain model's name.
    pub model: &'static str,
    /// How many histories were run, the one that failed included.
    pub histories: usize,
    /// How many steps each had; of queries over rows, how many queries.
    pub steps: usize,
    /// How many rows each table was to have before the first query; none of random histories.
    pub rows: usize,
    /// The seed that repeats the run.
    pub seed: u64,
    /// The shortest history found on which the back ends do not agree.
    pub disagreement: Option<Disagreement>,
    /// Why histories could not be run.
    pub failure: Option<String>,
}

/// A short history, and what the back ends said at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// How the stores were opened.
    pub optimistic_locking: bool,
    /// How the stores were opened.
    pub timestamps: bool,
    /// What was done, and what came of it; the last is what they do not agree on.
    pub steps: Vec<String>,
    /// What each back end said to that.
    pub sides: Vec<String>,
}

impl AgreementReport {
    /// Whether every history was run, and the back ends agreed at each step.
    pub fn has_agreed(&self) -> bool {
        self.disagreement.is_none() && self.failure.is_none()
    }

    /// Panics with the history if they did not agree.
    #[track_caller]
    pub fn assert_agreed(&self) {
        assert!(self.histories > 0 && self.steps > 0, "there was no history to run");
        assert!(self.has_agreed(), "{self}");
    }
}

impl fmt::Display for AgreementReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, histories, steps, rows, seed, .. } = self;
        if let Some(failure) = &self.failure {
            return writeln!(f, "{model}: histories cannot be run: {failure}");
        }
        let Some(disagreement) = &self.disagreement else {
            return match rows {
                0 => writeln!(f, "{model}: agreed on {histories} histories of {steps} steps"),
                rows => writeln!(f, "{model}: agreed on {steps} queries over {rows} rows"),
            };
        };
        match rows {
            0 => write!(f, "{model}: no agreement in history {histories} of {steps} steps")?,
            rows => write!(f, "{model}: no agreement on a query of {steps} over {rows} rows")?,
        }
        writeln!(f, "; repeat with LONGEVITY_SEED={seed}")?;
        writeln!(f, "the shortest history found:")?;
        write!(f, "{disagreement}")
    }
}

/// The steps, numbered, and what each back end said.
impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = |on| if on { "on" } else { "off" };
        writeln!(
            f,
            "  0. open: optimistic locking {}, timestamps {}",
            on(self.optimistic_locking),
            on(self.timestamps)
        )?;
        for (position, step) in self.steps.iter().enumerate() {
            writeln!(f, "  {}. {}", position + 1, shortened(step))?;
        }
        self.sides.iter().try_for_each(|side| writeln!(f, "       {}", shortened(side)))
    }
}

/// Without the middle, if it is long: a value may be a book.
fn shortened(text: &str) -> String {
    let length = text.chars().count();
    if length <= LONG {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONG * 3 / 4).collect();
    let end: String = text.chars().skip(length - LONG / 4).collect();
    format!("{start} […] {end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_shown_from_both_ends() {
        let long = format!("start{}end", "é".repeat(2 * LONG));
        let short = shortened(&long);
        assert!(short.starts_with("start") && short.ends_with("end") && short.contains(" […] "), "{short}");
        assert_eq!(shortened("short"), "short");
    }
}
