//! Times that come back: every night from two to three, the first Sunday of a month.
//!
//! The rules are a part of iCalendar's (RFC 5545, 3.3.10): `FREQ` of `DAILY`, `WEEKLY` and
//! `MONTHLY` with `INTERVAL`, `BYDAY`, `BYMONTHDAY`, `COUNT` and `UNTIL`. Whatever else a rule says
//! is refused by its name, because a rule that is half understood excludes the wrong hours.
//!
//! Occurrences begin on the clocks of their zone and last a fixed time, so one that begins at
//! 01:30 and lasts an hour ends at 03:30 when clocks go forward at two. They are only ever counted
//! out within a bounded range.

use super::zone::{LocalTime, Zone, is_zone_name};
use crate::domain::{
    metrics::Range,
    reading::{Readable, Reader},
    time::Timestamp,
};
use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, Weekday};
use serde::{Deserialize, Serialize, de};
use std::{fmt, str::FromStr};

const DAY_SECS: i64 = 86_400;
/// A window shorter than a minute excludes nothing that could be measured, and a longer one than a
/// month is not a recurring one.
const LASTS_SECS: std::ops::RangeInclusive<i64> = 60..=31 * DAY_SECS;
const MOST_COUNTED: u32 = 10_000;
const WIDEST_INTERVAL: u32 = 1_000;
/// A clock may be this far from UTC, and a time that never was may be shifted by a day.
const SLACK_DAYS: u64 = 2;

/// A span of time that comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    pub rule: Rule,
    /// The first occurrence, if the rule allows this day; otherwise the first allowed one after it.
    pub start: LocalTime,
    /// Name of the zone in the IANA database.
    pub zone: String,
    /// How long each occurrence lasts, in seconds that really pass.
    pub duration_s: i64,
}

/// How it comes back. On the wire as iCalendar writes it: `FREQ=WEEKLY;BYDAY=SU`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub frequency: Frequency,
    /// Every so many days, weeks or months; at least 1.
    pub interval: u32,
    pub days: Vec<ByDay>,
    /// Days of the month; −1 is the last.
    pub month_days: Vec<i32>,
    pub ends: Ends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    Daily,
    /// Weeks begin on Monday.
    Weekly,
    Monthly,
}

/// A day of the week, or with `nth` the one in a month: 1 is its first, −1 its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByDay {
    pub nth: Option<i32>,
    pub day: Weekday,
}

/// When it stops coming back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    Never,
    /// After so many occurrences, counted from the start.
    After(u32),
    /// The last one begins at or before this instant.
    Until(Timestamp),
    /// The last one begins at or before this time on the zone's clocks.
    UntilLocal(LocalTime),
}

/// Why something is no recurrence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceRefusal {
    #[error("a rule is missing; write it like FREQ=WEEKLY;BYDAY=SU")]
    Empty,
    #[error("“{0}” is not understood; a rule has parts like FREQ=WEEKLY, with semicolons between them")]
    NotAPart(String),
    #[error("{0} is not supported: only FREQ, INTERVAL, BYDAY, BYMONTHDAY, COUNT and UNTIL are")]
    Unsupported(String),
    #[error("FREQ={0} is not supported: only DAILY, WEEKLY and MONTHLY are")]
    Frequency(String),
    #[error("a rule says FREQ first")]
    NoFrequency,
    #[error("{0} is said twice")]
    Twice(String),
    #[error("{part}={value} cannot be read: {wants}")]
    Value { part: String, value: String, wants: &'static str },
    #[error("COUNT and UNTIL cannot both end a rule")]
    TwoEnds,
    #[error("BYMONTHDAY does not go with FREQ=WEEKLY")]
    MonthDayOfAWeek,
    #[error("a numbered day like 1MO needs FREQ=MONTHLY")]
    NumberedDay,
    #[error("“{0}” is not the name of a time zone; write it like Europe/Berlin or UTC")]
    NoZone(String),
    #[error("an occurrence lasts between a minute and 31 days")]
    Lasts,
}

/// Occurrences within a range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expansion {
    /// In order, whole ones, also those that only reach into the range.
    pub occurrences: Vec<Range>,
    /// Whether there are more than were asked for; they are later than the last one here.
    pub cut: bool,
}

impl Recurrence {
    /// The recurrence itself, or why it cannot be one.
    pub fn check(self) -> Result<Self, RecurrenceRefusal> {
        if !is_zone_name(&self.zone) {
            return Err(RecurrenceRefusal::NoZone(self.zone.chars().take(60).collect()));
        }
        if LASTS_SECS.contains(&self.duration_s) { Ok(self) } else { Err(RecurrenceRefusal::Lasts) }
    }

    /// The occurrences that overlap `range`, at most `most` of them. `zone` has the rules of
    /// `self.zone`.
    pub fn within(&self, range: &Range, zone: &dyn Zone, most: usize) -> Expansion {
        let first_day = zone.local(range.from.plus_secs(-self.duration_s)).day().checked_sub_days(Days::new(SLACK_DAYS)).unwrap_or(NaiveDate::MIN);
        let last_day = zone.local(range.to).day().checked_add_days(Days::new(SLACK_DAYS)).unwrap_or(NaiveDate::MAX);
        let mut left = match self.rule.ends {
            Ends::After(count) => u64::from(count),
            Ends::Never | Ends::Until(_) | Ends::UntilLocal(_) => u64::MAX,
        };
        // What is counted is counted from the start; everything else begins where the range does.
        let from_period = if let Ends::After(_) = self.rule.ends { 0 } else { self.period_of(first_day).saturating_sub(1).max(0) };
        let mut expansion = Expansion::default();
        let mut days = vec![];
        for period in from_period.. {
            days.clear();
            let Some(begins) = self.days_of(period, &mut days) else { break };
            if begins > last_day {
                break;
            }
            for day in &days {
                let local = LocalTime::new(*day, self.start.time());
                if local < self.start {
                    continue;
                }
                if left == 0 || self.is_over(local) {
                    return expansion;
                }
                left -= 1;
                let from = zone.utc(local);
                if self.is_after_end(from) {
                    return expansion;
                }
                let occurrence = Range { from, to: from.plus_secs(self.duration_s) };
                if occurrence.from >= range.to {
                    // Clocks that go back do not change the order, so later ones are later.
                    return expansion;
                }
                if occurrence.to > range.from {
                    if expansion.occurrences.len() == most {
                        expansion.cut = true;
                        return expansion;
                    }
                    expansion.occurrences.push(occurrence);
                }
            }
        }
        expansion
    }

    fn is_over(&self, local: LocalTime) -> bool {
        matches!(self.rule.ends, Ends::UntilLocal(until) if local > until)
    }

    fn is_after_end(&self, from: Timestamp) -> bool {
        matches!(self.rule.ends, Ends::Until(until) if from > until)
    }

    /// The number of the period (of `interval` days, weeks or months, 0 with the start) that holds
    /// a day; negative before the start.
    fn period_of(&self, day: NaiveDate) -> i64 {
        let start = self.start.day();
        let units = match self.rule.frequency {
            Frequency::Daily => day.signed_duration_since(start).num_days(),
            Frequency::Weekly => day.signed_duration_since(monday_of(start)).num_days().div_euclid(7),
            Frequency::Monthly => (i64::from(day.year()) - i64::from(start.year())) * 12 + i64::from(day.month()) - i64::from(start.month()),
        };
        units.div_euclid(i64::from(self.rule.interval.max(1)))
    }

    /// Fills in the days of one period in order, and returns its first possible day; `None` beyond
    /// the calendar.
    fn days_of(&self, period: i64, days: &mut Vec<NaiveDate>) -> Option<NaiveDate> {
        let units = u64::try_from(period).ok()?.checked_mul(u64::from(self.rule.interval.max(1)))?;
        let start = self.start.day();
        match self.rule.frequency {
            Frequency::Daily => {
                let day = start.checked_add_days(Days::new(units))?;
                let on_weekday = self.rule.days.is_empty() || self.rule.days.iter().any(|by| by.day == day.weekday());
                if on_weekday && self.is_month_day(day) {
                    days.push(day);
                }
                Some(day)
            }
            Frequency::Weekly => {
                let monday = monday_of(start).checked_add_days(Days::new(units.checked_mul(7)?))?;
                for offset in 0..7 {
                    let day = monday.checked_add_days(Days::new(offset))?;
                    let wanted =
                        if self.rule.days.is_empty() { day.weekday() == start.weekday() } else { self.rule.days.iter().any(|by| by.day == day.weekday()) };
                    if wanted {
                        days.push(day);
                    }
                }
                Some(monday)
            }
            Frequency::Monthly => {
                let first = start.with_day(1)?.checked_add_months(Months::new(u32::try_from(units).ok()?))?;
                for offset in 0..days_in_month(first)? {
                    let day = first.checked_add_days(Days::new(offset.into()))?;
                    let by_weekday = self.rule.days.is_empty() || self.rule.days.iter().any(|by| by.is(day));
                    // A month without the start's day is passed over, as iCalendar does.
                    let as_start = !self.rule.days.is_empty() || !self.rule.month_days.is_empty() || day.day() == start.day();
                    if by_weekday && as_start && self.is_month_day(day) {
                        days.push(day);
                    }
                }
                Some(first)
            }
        }
    }

    fn is_month_day(&self, day: NaiveDate) -> bool {
        let from_end = || days_in_month(day).and_then(|last| i32::try_from(last).ok()).map(|last| day.day0().cast_signed() - last);
        self.rule.month_days.is_empty()
            || self.rule.month_days.contains(&day.day().cast_signed())
            || from_end().is_some_and(|nth| self.rule.month_days.contains(&nth))
    }
}

impl ByDay {
    fn is(self, day: NaiveDate) -> bool {
        let nth_from_start = || day.day0().cast_signed() / 7 + 1;
        let nth_from_end = || days_in_month(day).map(|last| -((last.cast_signed() - day.day().cast_signed()) / 7) - 1);
        self.day == day.weekday() && self.nth.is_none_or(|nth| if nth > 0 { nth == nth_from_start() } else { Some(nth) == nth_from_end() })
    }
}

fn monday_of(day: NaiveDate) -> NaiveDate {
    day.week(Weekday::Mon).first_day()
}

fn days_in_month(day: NaiveDate) -> Option<u32> {
    Some(u32::from(day.num_days_in_month()))
}

// ---------------------------------------------------------------- reading and writing rules

const WEEKDAYS: [(&str, Weekday); 7] =
    [("MO", Weekday::Mon), ("TU", Weekday::Tue), ("WE", Weekday::Wed), ("TH", Weekday::Thu), ("FR", Weekday::Fri), ("SA", Weekday::Sat), ("SU", Weekday::Sun)];

impl Rule {
    /// Reads a rule as iCalendar writes it, with or without `RRULE:` before it.
    pub fn parse(text: &str) -> Result<Self, RecurrenceRefusal> {
        let text = text.trim();
        let text = text.get(..6).filter(|head| head.eq_ignore_ascii_case("RRULE:")).map_or(text, |head| &text[head.len()..]).trim();
        if text.is_empty() {
            return Err(RecurrenceRefusal::Empty);
        }
        let (mut frequency, mut interval, mut days, mut month_days, mut count, mut until) = (None, None, None, None, None, None);
        for part in text.split(';').filter(|part| !part.trim().is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| RecurrenceRefusal::NotAPart(shown(part)))?;
            let (name, value) = (name.trim().to_ascii_uppercase(), value.trim().to_ascii_uppercase());
            let wrong = |wants| RecurrenceRefusal::Value { part: name.clone(), value: shown(&value), wants };
            let twice = match name.as_str() {
                "FREQ" => frequency.replace(frequency_of(&value)?).is_some(),
                "INTERVAL" => interval.replace(number(&value, WIDEST_INTERVAL).ok_or_else(|| wrong("it is a number from 1 to 1000"))?).is_some(),
                "COUNT" => count.replace(number(&value, MOST_COUNTED).ok_or_else(|| wrong("it is a number from 1 to 10000"))?).is_some(),
                "UNTIL" => until.replace(until_of(&value).ok_or_else(|| wrong("it is a day like 20261231 or a time like 20261231T090000Z"))?).is_some(),
                "BYDAY" => {
                    days.replace(list(&value, by_day).ok_or_else(|| wrong("days are MO, TU, WE, TH, FR, SA and SU, in a month also 1MO or -1FR"))?).is_some()
                }
                "BYMONTHDAY" => {
                    month_days.replace(list(&value, |day| signed(day, 31)).ok_or_else(|| wrong("days are 1 to 31, or -1 to -31 from the end"))?).is_some()
                }
                // Weeks begin on Monday unless somebody says otherwise.
                "WKST" if value == "MO" => false,
                _ => return Err(RecurrenceRefusal::Unsupported(shown(&name))),
            };
            if twice {
                return Err(RecurrenceRefusal::Twice(name));
            }
        }
        let ends = match (count, until) {
            (Some(_), Some(_)) => return Err(RecurrenceRefusal::TwoEnds),
            (Some(count), None) => Ends::After(count),
            (None, until) => until.unwrap_or(Ends::Never),
        };
        let frequency = frequency.ok_or(RecurrenceRefusal::NoFrequency)?;
        let (days, month_days): (Vec<ByDay>, Vec<i32>) = (days.unwrap_or_default(), month_days.unwrap_or_default());
        match frequency {
            Frequency::Weekly if !month_days.is_empty() => return Err(RecurrenceRefusal::MonthDayOfAWeek),
            Frequency::Daily | Frequency::Weekly if days.iter().any(|by| by.nth.is_some()) => return Err(RecurrenceRefusal::NumberedDay),
            Frequency::Daily | Frequency::Weekly | Frequency::Monthly => {}
        }
        Ok(Self { frequency, interval: interval.unwrap_or(1), days, month_days, ends })
    }
}

fn shown(text: &str) -> String {
    text.trim().chars().take(40).collect()
}

fn frequency_of(value: &str) -> Result<Frequency, RecurrenceRefusal> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        _ => Err(RecurrenceRefusal::Frequency(shown(value))),
    }
}

fn number(text: &str, most: u32) -> Option<u32> {
    text.parse().ok().filter(|number| (1..=most).contains(number))
}

/// A number other than 0, up to `most` on either side.
fn signed(text: &str, most: u32) -> Option<i32> {
    text.parse::<i32>().ok().filter(|number| *number != 0 && number.unsigned_abs() <= most)
}

fn list<T>(text: &str, of: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(|item| of(item.trim())).collect()
}

fn by_day(text: &str) -> Option<ByDay> {
    let (name, day) = WEEKDAYS.into_iter().find(|(name, _)| text.ends_with(name))?;
    let nth = text.strip_suffix(name)?;
    if nth.is_empty() { Some(ByDay { nth: None, day }) } else { signed(nth, 5).map(|nth| ByDay { nth: Some(nth), day }) }
}

/// A day is meant whole, so its last second counts.
fn until_of(text: &str) -> Option<Ends> {
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y%m%d").ok().filter(|day| text.len() == 8 && (1900..=2200).contains(&day.year()));
    let Some((date, time)) = text.split_once('T') else {
        return Some(Ends::UntilLocal(LocalTime::new(day(text)?, NaiveTime::from_hms_opt(23, 59, 59)?)));
    };
    let (time, is_utc) = time.strip_suffix('Z').map_or((time, false), |time| (time, true));
    let time = NaiveTime::parse_from_str(time, "%H%M%S").ok().filter(|_| time.len() == 6)?;
    let local = LocalTime::new(day(date)?, time);
    Some(if is_utc { Ends::Until(super::zone::Utc.utc(local)) } else { Ends::UntilLocal(local) })
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frequency = match self.frequency {
            Frequency::Daily => "DAILY",
            Frequency::Weekly => "WEEKLY",
            Frequency::Monthly => "MONTHLY",
        };
        write!(f, "FREQ={frequency}")?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        let joined = |items: Vec<String>| items.join(",");
        if !self.days.is_empty() {
            write!(f, ";BYDAY={}", joined(self.days.iter().map(ToString::to_string).collect()))?;
        }
        if !self.month_days.is_empty() {
            write!(f, ";BYMONTHDAY={}", joined(self.month_days.iter().map(ToString::to_string).collect()))?;
        }
        match self.ends {
            Ends::Never => Ok(()),
            Ends::After(count) => write!(f, ";COUNT={count}"),
            Ends::Until(at) => write!(f, ";UNTIL={}", at.to_utc().format("%Y%m%dT%H%M%SZ")),
            Ends::UntilLocal(local) => write!(f, ";UNTIL={}", local.day().and_time(local.time()).format("%Y%m%dT%H%M%S")),
        }
    }
}

impl fmt::Display for ByDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = WEEKDAYS.into_iter().find(|(_, day)| *day == self.day).map_or("", |(name, _)| name);
        match self.nth {
            Some(nth) => write!(f, "{nth}{name}"),
            None => f.write_str(name),
        }
    }
}

impl FromStr for Rule {
    type Err = RecurrenceRefusal;

    fn from_str(text: &str) -> Result<Self, RecurrenceRefusal> {
        Self::parse(text)
    }
}

impl Serialize for Rule {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl Readable for Rule {
    fn read(from: Reader<'_>) -> Self {
        let otherwise = Rule { frequency: Frequency::Daily, interval: 1, days: vec![], month_days: vec![], ends: Ends::Never };
        Rule::parse(from.text()).unwrap_or_else(|_| from.fault(otherwise))
    }
}

impl Readable for Recurrence {
    fn read(from: Reader<'_>) -> Self {
        Self { rule: from.get("rule"), start: from.get("start"), zone: from.get("zone"), duration_s: from.get("duration_s") }
    }
}
