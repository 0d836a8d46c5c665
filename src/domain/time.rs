//! Instants, in microseconds since 1970 UTC, and how they are written on the wire.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An instant in UTC with microsecond precision. On the wire: RFC 3339, `2026-08-11T11:06:25Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0001-01-01T00:00:00Z; what Go programs send for "no time". Earlier instants are clamped to it.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000_000);
    /// The last microsecond of the year 9999, the last that RFC 3339 can write.
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999_999);

    /// From microseconds since 1970 UTC, clamped to what RFC 3339 can write.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Timestamp(micros)
        }
    }

    /// Microseconds since 1970 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970 UTC, rounded down.
    pub const fn epoch_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    pub const fn plus_secs(self, secs: i64) -> Self {
        Self::from_micros(self.0.saturating_add(secs.saturating_mul(1_000_000)))
    }

    /// Seconds from `earlier` to this instant, rounded down; negative when it is the later one.
    pub const fn secs_since(self, earlier: Timestamp) -> i64 {
        (self.0 - earlier.0).div_euclid(1_000_000)
    }

    /// Microseconds from `earlier` to this instant.
    pub const fn micros_since(self, earlier: Timestamp) -> i64 {
        self.0 - earlier.0
    }

    /// Reads RFC 3339 and nothing else; senders' other spellings are `server::sources`' business.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Self::from_micros(at.timestamp_micros()))
    }

    /// The same instant as chrono's type, for calendar questions.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// `11:06`, in UTC.
    pub fn hour_minute(self) -> String {
        let minute = self.0.div_euclid(60_000_000).rem_euclid(24 * 60);
        format!("{:02}:{:02}", minute / 60, minute % 60)
    }
}

impl Timestamp {
    /// `20 Nov 2026, 11:06`, in UTC.
    pub fn date_minute(self) -> String {
        self.to_utc().format("%-d %b %Y, %H:%M").to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a time reads 2026-08-11T11:06:25Z (RFC 3339)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_and_read_with_any_offset() {
        let at = Timestamp::parse("2026-08-11T13:06:25+02:00").expect("it is RFC 3339");
        assert_eq!(at.to_string(), "2026-08-11T11:06:25Z");
        assert_eq!(Timestamp::parse(&at.plus_secs(1).to_string()), Some(at.plus_secs(1)));
        assert_eq!(at.hour_minute(), "11:06");
    }

    #[test]
    fn the_ends_of_time_survive_the_wire() {
        for at in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
        }
        assert_eq!(Timestamp::from_micros(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::MAX.plus_secs(i64::MAX), Timestamp::MAX);
    }
}
