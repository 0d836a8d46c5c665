//! Time as a clock on the wall shows it, and what a time zone has to say about it.
//!
//! The rules of the world's zones weigh more than a whole page of the app, so they are not in the
//! browser: [`Zone`] asks only how far a place is from UTC at an instant, the server answers for
//! every zone, and UTC itself is here. What happens to times that occur twice or never is decided
//! here, once for all zones.

use crate::domain::{
    reading::{Readable, Reader},
    time::Timestamp,
};
use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize, de};
use std::fmt;

/// No place has ever been further than this from UTC.
const FURTHEST_SECS: i64 = 16 * 3600;

/// A date and a time of day somewhere, in whole seconds. On the wire: `2026-08-11T11:06:25`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime(NaiveDateTime);

impl LocalTime {
    pub fn new(day: NaiveDate, time: NaiveTime) -> Self {
        Self(day.and_time(time))
    }

    /// Reads `2026-08-11T11:06:25`, with a space instead of the `T`, without seconds, or the day
    /// alone, which means its first minute. `None` for anything else, and outside of the years
    /// 1900 to 2200, for which no zone can say anything.
    pub fn parse(text: &str) -> Option<Self> {
        use chrono::Datelike;
        let text = text.trim();
        let with_time = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
        let read = with_time.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let read = read.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(NaiveDateTime::from))?;
        (1900..=2200).contains(&read.year()).then_some(Self(read))
    }

    pub fn day(self) -> NaiveDate {
        self.0.date()
    }

    pub fn time(self) -> NaiveTime {
        self.0.time()
    }

    /// The same time of day, days later; `None` beyond the calendar.
    pub fn plus_days(self, days: i64) -> Option<Self> {
        let by = Days::new(days.unsigned_abs());
        if days < 0 { self.0.checked_sub_days(by) } else { self.0.checked_add_days(by) }.map(Self)
    }

    /// Seconds since 1970 on a clock that shows this.
    fn secs(self) -> i64 {
        self.0.and_utc().timestamp()
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%dT%H:%M:%S"))
    }
}

impl fmt::Debug for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for LocalTime {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("a local time reads 2026-08-11T11:06:25, between 1900 and 2200"))
    }
}

impl Readable for LocalTime {
    fn read(from: Reader<'_>) -> Self {
        LocalTime::parse(from.text()).unwrap_or_else(|| from.fault(LocalTime(NaiveDateTime::default())))
    }
}

/// A place with one time of day.
pub trait Zone {
    /// Seconds by which its clocks are ahead of UTC at an instant.
    fn offset_secs(&self, at: Timestamp) -> i64;

    /// What its clocks show at an instant, in whole seconds.
    fn local(&self, at: Timestamp) -> LocalTime {
        let shown = Timestamp::from_micros(at.epoch_secs().saturating_add(self.offset_secs(at)).saturating_mul(1_000_000));
        LocalTime(shown.to_utc().naive_utc())
    }

    /// When its clocks show this. A time that occurs twice, when clocks go back, is its first
    /// occurrence; one that never occurs, when they go forward, is as much later as was skipped.
    fn utc(&self, local: LocalTime) -> Timestamp {
        let secs = local.secs();
        let at = |secs: i64| Timestamp::from_micros(secs.saturating_mul(1_000_000));
        // Clocks change at most once within these hours, so these are all offsets it can have.
        let before = self.offset_secs(at(secs - FURTHEST_SECS));
        let after = self.offset_secs(at(secs + FURTHEST_SECS));
        let shows = |offset: &i64| self.offset_secs(at(secs - offset)) == *offset;
        // The larger offset comes first: the clock that is further ahead shows a time earlier.
        let first = [before.max(after), before.min(after)].into_iter().find(shows);
        at(secs - first.unwrap_or(before))
    }
}

/// Universal time, which never changes.
#[derive(Clone, Copy, Debug)]
pub struct Utc;

impl Zone for Utc {
    fn offset_secs(&self, _: Timestamp) -> i64 {
        0
    }
}

/// Whether something could be the name of a zone; only the server knows whether it is one.
pub fn is_zone_name(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-/".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(letters) && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clocks that go from one offset to another at an instant.
    struct Changing {
        at: Timestamp,
        before: i64,
        after: i64,
    }

    impl Zone for Changing {
        fn offset_secs(&self, at: Timestamp) -> i64 {
            if at < self.at { self.before } else { self.after }
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("it is a time")
    }

    fn local(text: &str) -> LocalTime {
        LocalTime::parse(text).expect("it is a local time")
    }

    #[test]
    fn a_time_that_never_occurs_is_shifted_by_what_was_skipped() {
        let spring = Changing { at: at("2026-03-29T01:00:00Z"), before: 3600, after: 7200 };
        assert_eq!(spring.utc(local("2026-03-29 01:59:59")), at("2026-03-29T00:59:59Z"));
        assert_eq!(spring.utc(local("2026-03-29 02:30:00")), at("2026-03-29T01:30:00Z"));
        assert_eq!(spring.local(at("2026-03-29T01:30:00Z")), local("2026-03-29 03:30:00"));
        assert_eq!(spring.utc(local("2026-03-29 03:00:00")), at("2026-03-29T01:00:00Z"));
    }

    #[test]
    fn a_time_that_occurs_twice_is_its_first() {
        let autumn = Changing { at: at("2026-10-25T01:00:00Z"), before: 7200, after: 3600 };
        assert_eq!(autumn.utc(local("2026-10-25 02:30:00")), at("2026-10-25T00:30:00Z"));
        assert_eq!(autumn.utc(local("2026-10-25 03:00:00")), at("2026-10-25T02:00:00Z"));
    }

    #[test]
    fn a_whole_day_may_be_skipped() {
        let samoa = Changing { at: at("2011-12-30T10:00:00Z"), before: -36_000, after: 50_400 };
        assert_eq!(samoa.local(samoa.utc(local("2011-12-30 12:00:00"))), local("2011-12-31 12:00:00"));
        assert_eq!(samoa.utc(local("2011-12-31 00:00:00")), at("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn local_times_are_read_in_every_common_form() {
        for text in ["2004-01-02T12:00:00", "2004-01-02 12:00:00", " 2004-01-02 12:00 "] {
            assert_eq!(local(text).to_string(), "2004-01-02T12:00:00");
        }
        assert_eq!(local("2004-01-02").to_string(), "2004-01-02T00:00:00");
        for text in ["", "2004-02-30", "2004-01-02T12:00:00Z", "1004-01-02", "9999-01-01", "12:00"] {
            assert_eq!(LocalTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn names_of_zones_are_plain() {
        assert!(["UTC", "Europe/Berlin", "Etc/GMT+5", "America/Argentina/Buenos_Aires"].into_iter().all(is_zone_name));
        assert!(["", "../x", "Europe Berlin", "Mitte/Ö", "+05:00"].into_iter().all(|name| !is_zone_name(name)));
    }
}
