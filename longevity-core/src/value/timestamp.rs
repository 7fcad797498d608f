//! Timestamps as a basic type: instants with nanoseconds, whose stored forms all sort by time.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in UTC, to the nanosecond, in the years -9999 to 9999.
///
/// Other timestamp types serialize to text with as many digits as the instant needs. Such text does not sort by time, so they
/// cannot be properties. This type can: its text is always RFC 3339 in UTC with nine digits.
///
/// ```
/// use longevity_core::Timestamp;
///
/// let early: Timestamp = "2024-03-01T12:00:00.05Z".parse()?;
/// let late: Timestamp = "2024-03-01T13:00:00+01:00".parse()?;
/// assert!(late < early);
/// assert_eq!(early.to_string(), "2024-03-01T12:00:00.050000000Z");
/// # Ok::<(), longevity_core::ParseTimestampError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

/// The name by which a timestamp reaches a serializer, so that the encoding can recognize it.
pub(crate) const NEWTYPE_NAME: &str = "$longevity::Timestamp";

impl Timestamp {
    /// The earliest instant.
    pub const MIN: Self = Self(jiff::Timestamp::MIN);
    /// The latest instant.
    pub const MAX: Self = Self(jiff::Timestamp::MAX);
    /// 1970-01-01T00:00:00Z
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// The current instant of the system clock.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now())
    }

    /// The instant that is these seconds and nanoseconds after the epoch; `None` outside [`MIN`](Self::MIN) to
    /// [`MAX`](Self::MAX).
    pub fn from_unix(seconds: i64, nanoseconds: i32) -> Option<Self> {
        jiff::Timestamp::new(seconds, nanoseconds).ok().map(Self)
    }

    /// The whole seconds since the epoch, rounded towards zero.
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    /// The instant that is these nanoseconds after the epoch.
    pub(crate) fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        jiff::Timestamp::from_nanosecond(nanoseconds).ok().map(Self)
    }

    /// The nanoseconds since the epoch.
    pub(crate) fn nanoseconds(self) -> i128 {
        self.0.as_nanosecond()
    }

    /// The nanoseconds beyond [`unix_seconds`](Self::unix_seconds), with the same sign.
    pub fn subsec_nanoseconds(self) -> i32 {
        self.0.subsec_nanosecond()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.9}", self.0)
    }
}

/// The error for text that is not an RFC 3339 timestamp with an offset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 timestamp with an offset: {0}")]
pub struct ParseTimestampError(String);

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|error: jiff::Error| ParseTimestampError(error.to_string()))
    }
}

/// The error for an instant outside the years that a [`Timestamp`] covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the instant is outside the years -9999 to 9999")]
pub struct TimestampOutOfRange;

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimestampOutOfRange;

    fn try_from(time: SystemTime) -> Result<Self, Self::Error> {
        time.try_into().map(Self).map_err(|_| TimestampOutOfRange)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let readable = serializer.is_human_readable();
        serializer.serialize_newtype_struct(NEWTYPE_NAME, &InNewtype { at: *self, readable })
    }
}

/// The content of the newtype, which is text in every format. Only longevity's encoding becomes human-readable within it, if it
/// was not, and then receives the nanoseconds, for which other formats may not have room.
struct InNewtype {
    at: Timestamp,
    /// Whether the serializer around the newtype was human-readable.
    readable: bool,
}

impl Serialize for InNewtype {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.readable && serializer.is_human_readable() {
            serializer.serialize_i128(self.at.nanoseconds())
        } else {
            serializer.serialize_str(&self.at.to_string())
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimestampVisitor;

        impl<'de> serde::de::Visitor<'de> for TimestampVisitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 timestamp")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map_err(E::custom)
            }

            // Longevity's encoding answers with this.
            fn visit_i128<E: serde::de::Error>(self, nanoseconds: i128) -> Result<Timestamp, E> {
                let out_of_range = || E::invalid_value(Unexpected::Other("an instant out of range"), &self);
                Timestamp::from_nanoseconds(nanoseconds).ok_or_else(out_of_range)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Timestamp, D::Error> {
                let text = std::borrow::Cow::<'_, str>::deserialize(inner)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        deserializer.deserialize_newtype_struct(NEWTYPE_NAME, TimestampVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_sorts_in_time_whatever_digits_and_offset_it_was_parsed_from() {
        let texts = ["2024-03-01T12:00:00Z", "2024-03-01T12:00:00.05Z", "2024-03-01T13:00:00.050000001+01:00"];
        let timestamps: Vec<Timestamp> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let printed: Vec<_> = timestamps.iter().map(Timestamp::to_string).collect();
        assert!(timestamps.is_sorted() && printed.is_sorted(), "{printed:?}");
        assert_eq!(printed[2], "2024-03-01T12:00:00.050000001Z");
    }

    #[test]
    fn serde_keeps_every_nanosecond() {
        for timestamp in [Timestamp::MIN, Timestamp::MAX, Timestamp::from_unix(-1, -999_999_999).unwrap()] {
            let json = serde_json::to_string(&timestamp).unwrap();
            assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), timestamp, "{json}");
        }
        assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
        assert!(serde_json::from_str::<Timestamp>("\"2024-03-01T12:00:00\"").is_err());
    }

    #[test]
    fn system_time_goes_there_and_back() {
        let timestamp = Timestamp::from_unix(1_700_000_000, 123_456_789).unwrap();
        assert_eq!(Timestamp::try_from(SystemTime::from(timestamp)), Ok(timestamp));
        assert_eq!(Timestamp::from_unix(i64::MAX, 0), None);
    }
}
