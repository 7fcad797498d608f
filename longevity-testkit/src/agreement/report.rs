//! The result of a run of histories.

use std::fmt;

/// How many characters of a step are printed.
const LONG: usize = 800;

/// The result of random histories on several back ends.
#[derive(Clone, Debug)]
#[must_use = "a report fails no test until it is asserted"]
pub struct AgreementReport {
    /// The domain model's name.
    pub model: &'static str,
    /// The number of histories that were run, including the one that failed.
    pub histories: usize,
    /// The number of steps per history; of `run_queries`, the number of queries.
    pub steps: usize,
    /// The number of rows per table before the first query; 0 for random histories.
    pub rows: usize,
    /// The seed that repeats the run.
    pub seed: u64,
    /// The shortest history found on which the back ends do not agree.
    pub disagreement: Option<Disagreement>,
    /// Why the histories could not be run.
    pub failure: Option<String>,
}

/// A short history, and the results of the back ends at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// How the stores were opened.
    pub optimistic_locking: bool,
    /// How the stores were opened.
    pub timestamps: bool,
    /// The steps and their results. On the last step the back ends disagree.
    pub steps: Vec<String>,
    /// The result of each back end for the last step.
    pub sides: Vec<String>,
}

impl AgreementReport {
    /// Whether every history was run, and the back ends agreed after each step.
    pub fn has_agreed(&self) -> bool {
        self.disagreement.is_none() && self.failure.is_none()
    }

    /// Panics with the history if the back ends did not agree.
    #[track_caller]
    pub fn assert_agreed(&self) {
        assert!(self.histories > 0 && self.steps > 0, "no history was run: the number of histories or of steps is 0");
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

/// The numbered steps, and the result of each back end.
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

/// The text without its middle, if it is long.
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
