//! How often a recurring task starts again: `12h`, `3d`, `2w`.

use std::fmt;
use std::str::FromStr;

use longevity::prelude::*;

/// The time from one start of a recurring task to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Component)]
pub struct Interval {
    count: u16,
    unit: Unit,
}

/// All units have a fixed length, so the starts of a task are evenly spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Component)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Minute,
    Hour,
    Day,
    Week,
}

/// The error for text that is not an interval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an interval is a number and a unit: `30min`, `12h`, `3d` or `2w`; the number is from 1 to {}", u16::MAX)]
pub struct NotAnInterval;

impl Interval {
    /// The first start after `now`. Starts are whole intervals after the planned one, and those that have passed are left out.
    pub fn first_after(self, planned: Timestamp, now: Timestamp) -> Timestamp {
        if planned > now {
            return planned;
        }
        // A stored count of zero would never lead beyond now.
        let seconds = self.seconds().max(1);
        let passed = (now.unix_seconds() - planned.unix_seconds()) / seconds;
        let after = |intervals: i64| {
            let at = planned.unix_seconds().saturating_add(seconds.saturating_mul(intervals));
            Timestamp::from_unix(at, planned.subsec_nanoseconds()).unwrap_or(Timestamp::MAX)
        };
        // The fractions of the two seconds decide whether one more interval has passed.
        [passed, passed + 1].into_iter().map(after).find(|at| *at > now).unwrap_or_else(|| after(passed + 2))
    }

    fn seconds(self) -> i64 {
        let unit = match self.unit {
            Unit::Minute => 60,
            Unit::Hour => 60 * 60,
            Unit::Day => 24 * 60 * 60,
            Unit::Week => 7 * 24 * 60 * 60,
        };
        i64::from(self.count) * unit
    }
}

impl FromStr for Interval {
    type Err = NotAnInterval;

    fn from_str(text: &str) -> Result<Self, NotAnInterval> {
        let digits = text.len() - text.trim_start_matches(|char: char| char.is_ascii_digit()).len();
        let (count, unit) = text.split_at(digits);
        let unit = match unit {
            "min" => Unit::Minute,
            "h" => Unit::Hour,
            "d" => Unit::Day,
            "w" => Unit::Week,
            _ => return Err(NotAnInterval),
        };
        match count.parse() {
            Ok(0) | Err(_) => Err(NotAnInterval),
            Ok(count) => Ok(Self { count, unit }),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Minute => "minute",
            Unit::Hour => "hour",
            Unit::Day => "day",
            Unit::Week => "week",
        };
        match self.count {
            1 => write!(f, "every {unit}"),
            count => write!(f, "every {count} {unit}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_start_is_after_now_and_whole_intervals_after_the_planned_one() {
        let two_days: Interval = "2d".parse().unwrap();
        let planned = at("2026-03-01T08:00:00.5Z");
        for (now, next) in [
            ("2026-02-01T00:00:00Z", "2026-03-01T08:00:00.5Z"),
            ("2026-03-01T08:00:00.4Z", "2026-03-01T08:00:00.5Z"),
            ("2026-03-01T08:00:00.5Z", "2026-03-03T08:00:00.5Z"),
            ("2026-03-03T08:00:00.4Z", "2026-03-03T08:00:00.5Z"),
            ("2026-03-03T08:00:00.6Z", "2026-03-05T08:00:00.5Z"),
            ("2026-03-30T08:00:00Z", "2026-03-31T08:00:00.5Z"),
        ] {
            assert_eq!(two_days.first_after(planned, at(now)), at(next), "{now}");
        }
        assert_eq!(two_days.first_after(Timestamp::MIN, Timestamp::MAX), Timestamp::MAX);
        let before_the_epoch = two_days.first_after(at("1960-01-01T00:00:00.5Z"), at("1960-01-01T00:00:00.7Z"));
        assert_eq!(before_the_epoch, at("1960-01-03T00:00:00.5Z"));
    }

    #[test]
    fn an_interval_is_read_and_shown() {
        for (text, shown) in [("1d", "every day"), ("30min", "every 30 minutes"), ("65535w", "every 65535 weeks")] {
            assert_eq!(text.parse::<Interval>().unwrap().to_string(), shown);
        }
        for text in ["", "d", "3", "0d", "-1d", "65536w", "3 d", "3days", "1.5h", "٣d"] {
            assert_eq!(text.parse::<Interval>(), Err(NotAnInterval), "{text}");
        }
    }
}
