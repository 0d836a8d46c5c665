//! The viewer's clock on the wall. Nothing pure can know where the viewer is, so whoever asks for a
//! picture hands in how far the zone is from UTC at any instant; days, hours and their names are
//! worked out here, so that a day of 23 or of 25 hours is as long as it was.

use crate::domain::time::Timestamp;
use chrono::{Datelike, NaiveDateTime, TimeDelta, Timelike};
use std::{fmt, sync::Arc};

const DAY_SECS: i64 = 86_400;
const MONTHS: [&str; 12] = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

type Offset = Arc<dyn Fn(Timestamp) -> i64 + Send + Sync>;

#[derive(Clone)]
pub struct Wall {
    /// `UTC`, `CET`: said once under a picture.
    pub zone: String,
    offset_secs: Offset,
}

impl Wall {
    /// `offset_secs` is how many seconds the zone's clock is ahead of UTC at an instant.
    pub fn new(zone: impl Into<String>, offset_secs: impl Fn(Timestamp) -> i64 + Send + Sync + 'static) -> Self {
        Self { zone: zone.into(), offset_secs: Arc::new(offset_secs) }
    }

    pub fn utc() -> Self {
        Self::new("UTC", |_| 0)
    }

    fn local(&self, at: Timestamp) -> NaiveDateTime {
        at.plus_secs((self.offset_secs)(at)).to_utc().naive_utc()
    }

    /// The day an instant belongs to, as a number that grows by one each day.
    pub fn day_number(&self, at: Timestamp) -> i64 {
        (at.epoch_secs() + (self.offset_secs)(at)).div_euclid(DAY_SECS)
    }

    /// When the day of an instant began.
    pub fn day_start(&self, at: Timestamp) -> Timestamp {
        let midnight = Timestamp::from_micros(self.day_number(at) * DAY_SECS * 1_000_000);
        // The offset of midnight itself, which that of noon need not be.
        let near = midnight.plus_secs(-(self.offset_secs)(at));
        midnight.plus_secs(-(self.offset_secs)(near))
    }

    /// When the day after the day of an instant begins.
    pub fn next_day(&self, at: Timestamp) -> Timestamp {
        // No day is shorter than 12 or longer than 36 hours.
        self.day_start(self.day_start(at).plus_secs(DAY_SECS * 3 / 2))
    }

    /// When the day begins that is `days` after the day of an instant.
    pub fn day_after(&self, at: Timestamp, days: i64) -> Timestamp {
        self.day_start(self.day_start(at).plus_secs(days * DAY_SECS + DAY_SECS / 2))
    }

    /// `6 Nov`.
    pub fn day(&self, at: Timestamp) -> String {
        let local = self.local(at);
        format!("{} {}", local.day(), month(&local).get(..3).unwrap_or("?"))
    }

    /// `Fri 6 Nov`.
    pub fn weekday(&self, at: Timestamp) -> String {
        let weekday = self.local(at).weekday().num_days_from_monday() as usize;
        format!("{} {}", WEEKDAYS.get(weekday).unwrap_or(&"?"), self.day(at))
    }

    /// `12:10`, to the nearest minute.
    pub fn hour_minute(&self, at: Timestamp) -> String {
        let local = self.local(at).checked_add_signed(TimeDelta::seconds(30)).unwrap_or_default();
        format!("{:02}:{:02}", local.hour(), local.minute())
    }

    /// `6 Nov 12:10`.
    pub fn short(&self, at: Timestamp) -> String {
        format!("{} {}", self.day(at), self.hour_minute(at))
    }

    /// `6 November`, for those who listen.
    pub fn spoken_day(&self, at: Timestamp) -> String {
        let local = self.local(at);
        format!("{} {}", local.day(), month(&local))
    }

    /// `6 November 12:10`, for those who listen.
    pub fn spoken(&self, at: Timestamp) -> String {
        format!("{} {}", self.spoken_day(at), self.hour_minute(at))
    }
}

fn month(local: &NaiveDateTime) -> &'static str {
    MONTHS.get(local.month0() as usize).copied().unwrap_or("?")
}

/// Two walls are the same when they are called the same: functions cannot be compared.
impl PartialEq for Wall {
    fn eq(&self, other: &Self) -> bool {
        self.zone == other.zone
    }
}

impl fmt::Debug for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wall").field("zone", &self.zone).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("it is RFC 3339")
    }

    /// Berlin's clock around both changes of 2026.
    pub fn berlin() -> Wall {
        let summer = at("2026-03-29T01:00:00Z")..at("2026-10-25T01:00:00Z");
        Wall::new("CET", move |at| if summer.contains(&at) { 7200 } else { 3600 })
    }

    #[test]
    fn a_day_is_as_long_as_it_was() {
        let wall = berlin();
        for (noon, hours) in [("2026-03-29T12:00:00Z", 23), ("2026-10-25T12:00:00Z", 25), ("2026-11-06T12:00:00Z", 24)] {
            let start = wall.day_start(at(noon));
            assert_eq!(wall.next_day(at(noon)).secs_since(start), hours * 3600, "{noon}");
            assert_eq!((wall.hour_minute(start), wall.day_start(start)), ("00:00".to_owned(), start));
        }
        assert_eq!(wall.day_after(at("2026-10-20T12:00:00Z"), 10), at("2026-10-29T23:00:00Z"));
    }

    #[test]
    fn instants_are_named_where_the_viewer_is() {
        let late = at("2026-11-05T23:10:00Z");
        assert_eq!((berlin().short(late), Wall::utc().short(late)), ("6 Nov 00:10".to_owned(), "5 Nov 23:10".to_owned()));
        assert_eq!((berlin().weekday(late), berlin().spoken(late)), ("Fri 6 Nov".to_owned(), "6 November 00:10".to_owned()));
    }
}
