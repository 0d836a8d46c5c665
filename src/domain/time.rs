//! Instants, in microseconds since 1970 UTC, and how they are written on the wire. That is read and
//! written by hand: the calendar crate's way is tables and tables that a phone would have to fetch
//! before it shows anything. The tests compare the two.

use chrono::{DateTime, Utc};
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
    /// 1970-01-02T00:00:00Z. What lies before it is a clock that was never set, in whatever zone, and
    /// no time of an incident.
    pub const FIRST_BELIEVED: Timestamp = Timestamp(DAY_SECS * 1_000_000);

    /// Whether it says that there is no time: Go's zero, in whatever zone it was written.
    pub const fn is_unset(self) -> bool {
        self.0 < Self::MIN.0 + 365 * DAY_SECS * 1_000_000
    }

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
        let mut rest = Rest(text.as_bytes());
        let (year, month, day) = (rest.number(4)?, rest.after(b"-")?.number(2)?, rest.after(b"-")?.number(2)?);
        let (hour, minute, second) = (rest.after(b"Tt ")?.number(2)?, rest.after(b":")?.number(2)?, rest.after(b":")?.number(2)?);
        let micros = if rest.after(b".").is_some() { rest.fraction()? } else { 0 };
        let offset_secs = match rest.next()? {
            b'Z' | b'z' => 0,
            sign @ (b'+' | b'-') => {
                let (hours, minutes) = (rest.number(2)?, rest.after(b":")?.number(2)?);
                let secs = hours * 3600 + minutes * 60;
                if minutes > 59 || secs >= DAY_SECS {
                    return None;
                }
                if sign == b'-' { -secs } else { secs }
            }
            _ => return None,
        };
        let days = days_of(year, month, day);
        // A day that its month does not have would be one of the next.
        let is_there = date_of(days) == (year, month, day) && hour < 24 && minute < 60 && second <= 60;
        let secs = days * DAY_SECS + hour * 3600 + minute * 60 + second - offset_secs;
        (is_there && rest.0.is_empty()).then(|| Self::from_micros(secs * 1_000_000 + micros))
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
        let (secs, micros) = (self.epoch_secs(), self.0.rem_euclid(1_000_000));
        let ((year, month, day), second) = (date_of(secs.div_euclid(DAY_SECS)), secs.rem_euclid(DAY_SECS));
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)?;
        match (micros, micros % 1000) {
            (0, _) => f.write_str("Z"),
            (_, 0) => write!(f, ".{:03}Z", micros / 1000),
            _ => write!(f, ".{micros:06}Z"),
        }
    }
}

const DAY_SECS: i64 = 86_400;

/// The days from 1970-01-01 to a date of the Gregorian calendar, reckoned in eras of 400 years that
/// begin in March, so that the leap day is the last of its year.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 719_469
}

/// The year, month and day that is so many days after 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    if month < 10 { (era * 400 + year, month + 3, day) } else { (era * 400 + year + 1, month - 9, day) }
}

/// What is still to be read of a text.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Passes one of these; `None`, and nothing is passed, where something else stands.
    fn after(&mut self, signs: &[u8]) -> Option<&mut Self> {
        signs.contains(self.0.first()?).then(|| {
            self.next();
            self
        })
    }

    fn digit(&mut self) -> Option<i64> {
        let digit = self.0.first().filter(|sign| sign.is_ascii_digit()).map(|sign| i64::from(sign - b'0'))?;
        self.next();
        Some(digit)
    }

    /// A number of exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        (0..digits).try_fold(0, |number, _| Some(number * 10 + self.digit()?))
    }

    /// Digits after the point, as microseconds; finer ones are cut off.
    fn fraction(&mut self) -> Option<i64> {
        let (mut micros, mut worth) = (self.digit()? * 100_000, 10_000);
        while let Some(digit) = self.digit() {
            micros += digit * worth;
            worth /= 10;
        }
        Some(micros)
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
    use proptest::prelude::*;

    #[test]
    fn the_year_one_is_no_time_in_whatever_zone_and_clocks_begin_the_day_after_zero() {
        for text in ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+05:30", "0001-01-01T00:00:00-08:00"] {
            assert!(Timestamp::parse(text).is_some_and(Timestamp::is_unset), "{text}");
        }
        assert_eq!(Timestamp::parse("0002-01-01T00:00:00Z").map(Timestamp::is_unset), Some(false));
        assert_eq!(Timestamp::FIRST_BELIEVED.to_string(), "1970-01-02T00:00:00Z");
    }

    #[test]
    fn times_are_written_in_utc_and_read_with_any_offset() {
        let at = Timestamp::parse("2026-08-11T13:06:25+02:00").expect("it is RFC 3339");
        assert_eq!(at.to_string(), "2026-08-11T11:06:25Z");
        assert_eq!(Timestamp::parse(&at.plus_secs(1).to_string()), Some(at.plus_secs(1)));
        assert_eq!(at.hour_minute(), "11:06");
    }

    #[test]
    fn only_rfc_3339_is_read() {
        for text in [
            "2024-02-29T23:59:60Z",
            "2026-08-11 11:06:25.1234567-00:00",
            "2026-08-11t11:06:25.000001z",
            "0000-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59.999999999-23:59",
        ] {
            let theirs = DateTime::parse_from_rfc3339(text).expect("the calendar reads it").timestamp_micros();
            assert_eq!(Timestamp::parse(text), Some(Timestamp::from_micros(theirs)), "{text}");
        }
        for text in [
            "",
            "2026-08-11",
            "2026-08-11T11:06Z",
            "2026-08-11T11:06:25",
            "2026-08-11T11:06:25.Z",
            "2026-08-11T11:06:25+02",
            "2026-08-11T11:06:25+0200",
            "2026-08-11T11:06:25Z ",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-04-00T00:00:00Z",
            "2026-08-11T24:00:00Z",
            "2026-08-11T11:60:00Z",
            "2026-08-11T11:06:61Z",
            "2026-08-11T11:06:25+24:00",
            "2026-08-11T11:06:25+02:60",
            "+2026-08-11T11:06:25Z",
            "２026-08-11T11:06:25Z",
            "12026-08-11T11:06:25Z",
        ] {
            assert!(DateTime::parse_from_rfc3339(text).is_err(), "the calendar reads {text}");
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_is_written_and_read_as_the_calendar_does(micros in Timestamp::MIN.0..=Timestamp::MAX.0, coarse in 0_usize..3, offset_min in -1439_i64..1440) {
            let at = Timestamp(micros - micros.rem_euclid([1, 1000, 1_000_000][coarse]));
            let text = at.to_string();
            prop_assert_eq!(&text, &at.to_utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
            prop_assert_eq!(Timestamp::parse(&text), Some(at));
            let offset = chrono::FixedOffset::east_opt(i32::try_from(offset_min * 60).expect("it fits")).expect("it is less than a day");
            let elsewhere = at.to_utc().with_timezone(&offset).to_rfc3339();
            if let Ok(theirs) = DateTime::parse_from_rfc3339(&elsewhere) {
                prop_assert_eq!(Timestamp::parse(&elsewhere), Some(Timestamp::from_micros(theirs.timestamp_micros())));
            }
        }
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
