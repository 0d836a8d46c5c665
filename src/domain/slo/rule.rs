//! The rule of a recurrence, as iCalendar writes it: `FREQ=MONTHLY;BYDAY=1SU`.
//!
//! A part of RFC 5545, 3.3.10: `FREQ` of `DAILY`, `WEEKLY` and `MONTHLY` with `INTERVAL`, `BYDAY`,
//! `BYMONTHDAY`, `COUNT` and `UNTIL`. Whatever else a rule says is refused by its name, because a
//! rule that is half understood excludes the wrong hours.

use super::zone::{LocalTime, Utc, Zone};
use crate::domain::{
    reading::{Readable, Reader},
    time::Timestamp,
};
use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use serde::{Deserialize, Serialize, de};
use std::{fmt, str::FromStr};

const MOST_COUNTED: u32 = 10_000;
const WIDEST_INTERVAL: u32 = 1_000;

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

/// Why something is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleRefusal {
    #[error("a rule is missing; write it like FREQ=WEEKLY;BYDAY=SU")]
    Empty,
    #[error("“{0}” is not understood; a rule has parts like FREQ=WEEKLY, with semicolons between them")]
    NotAPart(String),
    #[error("{0} is not supported: only FREQ, INTERVAL, BYDAY, BYMONTHDAY, COUNT and UNTIL are")]
    Unsupported(String),
    #[error("FREQ={0} is not supported: only DAILY, WEEKLY and MONTHLY are")]
    Frequency(String),
    #[error("a rule needs FREQ=DAILY, WEEKLY or MONTHLY")]
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
}

const WEEKDAYS: [(&str, Weekday); 7] =
    [("MO", Weekday::Mon), ("TU", Weekday::Tue), ("WE", Weekday::Wed), ("TH", Weekday::Thu), ("FR", Weekday::Fri), ("SA", Weekday::Sat), ("SU", Weekday::Sun)];

impl Rule {
    /// Reads a rule as iCalendar writes it, with or without `RRULE:` before it.
    pub fn parse(text: &str) -> Result<Self, RuleRefusal> {
        let text = text.trim();
        let text = text.get(..6).filter(|head| head.eq_ignore_ascii_case("RRULE:")).map_or(text, |head| &text[head.len()..]).trim();
        if text.is_empty() {
            return Err(RuleRefusal::Empty);
        }
        let (mut frequency, mut interval, mut days, mut month_days, mut count, mut until) = (None, None, None, None, None, None);
        for part in text.split(';').filter(|part| !part.trim().is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| RuleRefusal::NotAPart(shown(part)))?;
            let (name, value) = (name.trim().to_ascii_uppercase(), value.trim().to_ascii_uppercase());
            let wrong = |wants| RuleRefusal::Value { part: name.clone(), value: shown(&value), wants };
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
                _ => return Err(RuleRefusal::Unsupported(shown(&name))),
            };
            if twice {
                return Err(RuleRefusal::Twice(name));
            }
        }
        let ends = match (count, until) {
            (Some(_), Some(_)) => return Err(RuleRefusal::TwoEnds),
            (Some(count), None) => Ends::After(count),
            (None, until) => until.unwrap_or(Ends::Never),
        };
        let frequency = frequency.ok_or(RuleRefusal::NoFrequency)?;
        let (days, month_days): (Vec<ByDay>, Vec<i32>) = (days.unwrap_or_default(), month_days.unwrap_or_default());
        match frequency {
            Frequency::Weekly if !month_days.is_empty() => return Err(RuleRefusal::MonthDayOfAWeek),
            Frequency::Daily | Frequency::Weekly if days.iter().any(|by| by.nth.is_some()) => return Err(RuleRefusal::NumberedDay),
            Frequency::Daily | Frequency::Weekly | Frequency::Monthly => {}
        }
        Ok(Self { frequency, interval: interval.unwrap_or(1), days, month_days, ends })
    }

    /// Whether `BYMONTHDAY` allows a day.
    pub fn allows_month_day(&self, day: NaiveDate) -> bool {
        let from_start = day.day().cast_signed();
        let from_end = from_start - i32::from(day.num_days_in_month()) - 1;
        self.month_days.is_empty() || self.month_days.contains(&from_start) || self.month_days.contains(&from_end)
    }

    /// Whether `BYDAY` allows a day.
    pub fn allows_weekday(&self, day: NaiveDate) -> bool {
        self.days.is_empty() || self.days.iter().any(|by| by.is(day))
    }
}

impl ByDay {
    /// Whether it means this day.
    pub fn is(self, day: NaiveDate) -> bool {
        let nth_from_start = || day.day0().cast_signed() / 7 + 1;
        let nth_from_end = || -((i32::from(day.num_days_in_month()) - day.day().cast_signed()) / 7) - 1;
        self.day == day.weekday() && self.nth.is_none_or(|nth| nth == if nth > 0 { nth_from_start() } else { nth_from_end() })
    }
}

fn shown(text: &str) -> String {
    text.trim().chars().take(40).collect()
}

fn frequency_of(value: &str) -> Result<Frequency, RuleRefusal> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        _ => Err(RuleRefusal::Frequency(shown(value))),
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
    Some(if is_utc { Ends::Until(Utc.utc(local)) } else { Ends::UntilLocal(local) })
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
    type Err = RuleRefusal;

    fn from_str(text: &str) -> Result<Self, RuleRefusal> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rules_are_written_as_they_are_read() {
        for text in [
            "FREQ=DAILY",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=4",
            "FREQ=MONTHLY;BYDAY=1SU,-1FR;BYMONTHDAY=1,-1",
            "FREQ=WEEKLY;UNTIL=20261231T090000Z",
            "FREQ=WEEKLY;UNTIL=20261231T090000",
        ] {
            assert_eq!(Rule::parse(text).expect("it is a rule").to_string(), text);
        }
        for text in ["RRULE:FREQ=DAILY", " rrule:freq=daily; ", "FREQ=DAILY;INTERVAL=1;WKST=MO"] {
            assert_eq!(Rule::parse(text).expect("it is a rule").to_string(), "FREQ=DAILY");
        }
        assert_eq!(Rule::parse("FREQ=DAILY;UNTIL=20261231").expect("it is a rule").to_string(), "FREQ=DAILY;UNTIL=20261231T235959");
    }

    #[test]
    fn what_is_not_supported_is_refused_by_its_name() {
        for (text, refusal) in [
            ("", RuleRefusal::Empty),
            ("RRULE:", RuleRefusal::Empty),
            ("every Sunday", RuleRefusal::NotAPart("every Sunday".into())),
            ("INTERVAL=2", RuleRefusal::NoFrequency),
            ("FREQ=YEARLY", RuleRefusal::Frequency("YEARLY".into())),
            ("FREQ=HOURLY", RuleRefusal::Frequency("HOURLY".into())),
            ("FREQ=DAILY;BYHOUR=9", RuleRefusal::Unsupported("BYHOUR".into())),
            ("FREQ=MONTHLY;BYSETPOS=1", RuleRefusal::Unsupported("BYSETPOS".into())),
            ("FREQ=MONTHLY;BYMONTH=1", RuleRefusal::Unsupported("BYMONTH".into())),
            ("FREQ=WEEKLY;WKST=SU", RuleRefusal::Unsupported("WKST".into())),
            ("FREQ=DAILY;FREQ=DAILY", RuleRefusal::Twice("FREQ".into())),
            ("FREQ=DAILY;COUNT=3;UNTIL=20261231", RuleRefusal::TwoEnds),
            ("FREQ=WEEKLY;BYMONTHDAY=1", RuleRefusal::MonthDayOfAWeek),
            ("FREQ=WEEKLY;BYDAY=1MO", RuleRefusal::NumberedDay),
        ] {
            assert_eq!(Rule::parse(text), Err(refusal), "{text}");
        }
        for text in [
            "INTERVAL=0",
            "INTERVAL=-1",
            "INTERVAL=1001",
            "COUNT=0",
            "COUNT=many",
            "COUNT=10001",
            "UNTIL=soon",
            "UNTIL=2026-12-31",
            "UNTIL=20260230",
            "UNTIL=20261231T9",
            "BYDAY=XX",
            "BYDAY=0MO",
            "BYDAY=6MO",
            "BYDAY=",
            "BYMONTHDAY=0",
            "BYMONTHDAY=32",
        ] {
            let refused = Rule::parse(&format!("FREQ=MONTHLY;{text}"));
            assert!(matches!(refused, Err(RuleRefusal::Value { .. })), "{text}: {refused:?}");
        }
    }

    proptest! {
        #[test]
        fn foreign_text_is_read_or_refused(text in "\\PC{0,40}", parts in "(FREQ|BYDAY|UNTIL|COUNT)=[A-Z0-9,-]{0,12};FREQ=[A-Z]{0,8}") {
            for text in [text, parts] {
                if let Ok(rule) = Rule::parse(&text) {
                    prop_assert_eq!(Rule::parse(&rule.to_string()), Ok(rule));
                }
            }
        }
    }
}
