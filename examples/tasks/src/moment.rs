//! Moments as people speak of them: `in 3 days`, `just now`, `5 minutes ago`.

use longevity::Timestamp;

const UNITS: [(i64, &str); 4] = [(7 * 24 * 60 * 60, "week"), (24 * 60 * 60, "day"), (60 * 60, "hour"), (60, "minute")];

/// The moment as seen from `now`, rounded to the nearest whole number of the largest unit of which there is at least one.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.unix_seconds() - now.unix_seconds();
    // Half a minute more or less is now.
    let distance = (seconds.abs() + 30) / 60 * 60;
    // Days are more telling than weeks until there are two of these.
    let fits = |(length, unit): &&(i64, &str)| distance >= if *unit == "week" { 2 * length } else { *length };
    let Some((length, unit)) = UNITS.iter().find(fits) else {
        return if seconds > 0 { "now" } else { "just now" }.to_owned();
    };
    let count = (distance + length / 2) / length;
    let plural = if count == 1 { "" } else { "s" };
    if seconds > 0 { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_rounded() {
        let now = Timestamp::from_unix(1_800_000_000, 0).unwrap();
        for (seconds, shown) in [
            (0, "just now"),
            (29, "now"),
            (-29, "just now"),
            (31, "in 1 minute"),
            (-300, "5 minutes ago"),
            (3_599, "in 1 hour"),
            (3 * 86_400 - 1, "in 3 days"),
            (7 * 86_400, "in 7 days"),
            (-14 * 86_400, "2 weeks ago"),
        ] {
            let at = Timestamp::from_unix(1_800_000_000 + seconds, 0).unwrap();
            assert_eq!(relative(at, now), shown, "{seconds}");
        }
        assert!(relative(Timestamp::MIN, Timestamp::MAX).ends_with(" weeks ago"));
    }
}
