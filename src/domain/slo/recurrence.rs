//! Times that come back: every night from two to three, the first Sunday of a month.
//!
//! Occurrences begin on the clocks of their zone and last a fixed time, so one that begins at
//! 01:30 and lasts an hour ends at 03:30 when clocks go forward at two. They are only ever counted
//! out within a bounded range. What rules there are is [`super::rule`]'s.

use super::{
    rule::{Ends, Frequency, Rule},
    zone::{LocalTime, Zone, is_zone_name},
};
// By its whole path: `metrics` is also the name of a crate, which the domain may not use.
use crate::domain::metrics::Range;
use crate::domain::{
    reading::{Readable, Reader},
    time::Timestamp,
};
use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

const DAY_SECS: i64 = 86_400;
/// A window shorter than a minute excludes nothing that could be measured, and a longer one than a
/// month is not a recurring one.
const LASTS_SECS: std::ops::RangeInclusive<i64> = 60..=31 * DAY_SECS;
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

/// Why something is no recurrence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceRefusal {
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
                if self.rule.allows_weekday(day) && self.rule.allows_month_day(day) {
                    days.push(day);
                }
                Some(day)
            }
            Frequency::Weekly => {
                let monday = monday_of(start).checked_add_days(Days::new(units.checked_mul(7)?))?;
                for offset in 0..7 {
                    let day = monday.checked_add_days(Days::new(offset))?;
                    let wanted = if self.rule.days.is_empty() { day.weekday() == start.weekday() } else { self.rule.allows_weekday(day) };
                    if wanted {
                        days.push(day);
                    }
                }
                Some(monday)
            }
            Frequency::Monthly => {
                let first = start.with_day(1)?.checked_add_months(Months::new(u32::try_from(units).ok()?))?;
                for offset in 0..first.num_days_in_month() {
                    let day = first.checked_add_days(Days::new(offset.into()))?;
                    // A month without the start's day is passed over, as iCalendar does.
                    let as_start = !self.rule.days.is_empty() || !self.rule.month_days.is_empty() || day.day() == start.day();
                    if as_start && self.rule.allows_weekday(day) && self.rule.allows_month_day(day) {
                        days.push(day);
                    }
                }
                Some(first)
            }
        }
    }
}

fn monday_of(day: NaiveDate) -> NaiveDate {
    day.week(Weekday::Mon).first_day()
}

impl Readable for Recurrence {
    fn read(from: Reader<'_>) -> Self {
        Self { rule: from.get("rule"), start: from.get("start"), zone: from.get("zone"), duration_s: from.get("duration_s") }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::zone::Utc, *};
    use crate::domain::reading::read;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("it is a time")
    }

    fn coming_back(rule: &str, start: &str) -> Recurrence {
        let rule = Rule::parse(rule).unwrap_or_else(|refusal| panic!("{rule}: {refusal}"));
        Recurrence { rule, start: LocalTime::parse(start).expect("it is a local time"), zone: "UTC".into(), duration_s: 3600 }
    }

    /// The days on which it begins, from the start of 2026 up to `to`.
    fn days(rule: &str, start: &str, to: &str) -> Vec<String> {
        let range = Range { from: at("2026-01-01T00:00:00Z"), to: at(to) };
        let days = coming_back(rule, start).within(&range, &Utc, 100).occurrences;
        days.iter().map(|occurrence| occurrence.from.to_utc().format("%m-%d").to_string()).collect()
    }

    #[test]
    fn rules_come_back_as_icalendar_says() {
        let to = "2026-04-01T00:00:00Z";
        for (rule, start, expected) in [
            ("FREQ=DAILY;INTERVAL=30", "2026-01-05T02:00", &["01-05", "02-04", "03-06"][..]),
            ("FREQ=DAILY;BYDAY=MO;COUNT=3", "2026-01-01T02:00", &["01-05", "01-12", "01-19"]),
            ("FREQ=DAILY;BYMONTHDAY=1,-1", "2026-01-01T02:00", &["01-01", "01-31", "02-01", "02-28", "03-01", "03-31"]),
            // The start is a Wednesday; the second week is passed over, weeks begin on Monday.
            ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=4", "2026-01-07T02:00", &["01-07", "01-19", "01-21", "02-02"]),
            ("FREQ=WEEKLY;UNTIL=20260121", "2026-01-07T02:00", &["01-07", "01-14", "01-21"]),
            ("FREQ=WEEKLY;UNTIL=20260121T015959", "2026-01-07T02:00", &["01-07", "01-14"]),
            ("FREQ=WEEKLY;UNTIL=20260121T020000Z", "2026-01-07T02:00", &["01-07", "01-14", "01-21"]),
            // A month without a 31st is passed over.
            ("FREQ=MONTHLY", "2026-01-31T02:00", &["01-31", "03-31"]),
            ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31T02:00", &["01-31", "02-28", "03-31"]),
            ("FREQ=MONTHLY;BYDAY=1SU", "2026-01-01T02:00", &["01-04", "02-01", "03-01"]),
            ("FREQ=MONTHLY;BYDAY=-1FR", "2026-01-01T02:00", &["01-30", "02-27", "03-27"]),
            ("FREQ=MONTHLY;BYDAY=5TH,5SA", "2026-01-01T02:00", &["01-29", "01-31"]),
            ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "2026-01-01T02:00", &["02-13", "03-13"]),
            ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1,15", "2026-01-10T02:00", &["01-15", "03-01", "03-15"]),
            ("FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", "2026-01-10T02:00", &[]),
        ] {
            assert_eq!(days(rule, start, to), expected, "{rule}");
        }
    }

    #[test]
    fn a_rule_that_began_long_ago_is_found_and_counted_from_its_start() {
        assert_eq!(days("FREQ=DAILY", "1999-05-05T02:00", "2026-01-03T00:00:00Z"), ["01-01", "01-02"]);
        assert_eq!(days("FREQ=DAILY;COUNT=3", "2025-12-30T02:00", "2026-02-01T00:00:00Z"), ["01-01"]);
        assert_eq!(days("FREQ=DAILY;COUNT=3", "2025-12-01T02:00", "2026-02-01T00:00:00Z"), Vec::<String>::new());
        assert_eq!(days("FREQ=DAILY", "2027-01-01T02:00", "2026-02-01T00:00:00Z"), Vec::<String>::new());
    }

    #[test]
    fn what_reaches_into_the_range_belongs_to_it_and_what_only_touches_it_does_not() {
        let nightly = coming_back("FREQ=DAILY", "2026-01-01T23:30");
        let within = |from, to| nightly.within(&Range { from: at(from), to: at(to) }, &Utc, 10).occurrences;
        let whole = Range { from: at("2026-02-01T23:30:00Z"), to: at("2026-02-02T00:30:00Z") };
        assert_eq!(within("2026-02-02T00:00:00Z", "2026-02-02T01:00:00Z"), [whole]);
        assert_eq!(within("2026-02-02T00:30:00Z", "2026-02-02T23:30:00Z"), []);
    }

    #[test]
    fn no_more_are_made_than_were_asked_for() {
        let year = Range { from: at("2026-01-01T00:00:00Z"), to: at("2027-01-01T00:00:00Z") };
        let daily = coming_back("FREQ=DAILY", "2026-01-01T02:00");
        let few = daily.within(&year, &Utc, 5);
        assert_eq!((few.occurrences.len(), few.cut), (5, true));
        let all = daily.within(&year, &Utc, 365);
        assert_eq!((all.occurrences.len(), all.cut), (365, false));
        // However long the range, what never comes ends.
        let never = coming_back("FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", "2026-01-01T02:00");
        assert_eq!(never.within(&Range { from: Timestamp::MIN, to: Timestamp::MAX }, &Utc, 5), Expansion::default());
    }

    #[test]
    fn what_cannot_be_a_recurrence_is_refused() {
        let daily = coming_back("FREQ=DAILY", "2026-01-01T02:00");
        assert_eq!(Recurrence { zone: "Mitte!".into(), ..daily.clone() }.check(), Err(RecurrenceRefusal::NoZone("Mitte!".into())));
        for duration_s in [0, 59, -3600, 32 * DAY_SECS] {
            assert_eq!(Recurrence { duration_s, ..daily.clone() }.check(), Err(RecurrenceRefusal::Lasts));
        }
        assert_eq!(daily.clone().check(), Ok(daily));
    }

    #[test]
    fn the_browser_reads_what_is_written() {
        let it = coming_back("FREQ=MONTHLY;BYDAY=1SU,-1FR;UNTIL=20301231", "2026-01-01T02:00");
        let json = serde_json::to_vec(&it).expect("it has a form");
        assert_eq!(serde_json::from_slice::<Recurrence>(&json).expect("it is one"), it);
        assert_eq!(read::<Recurrence>(&json), Some(it));
    }

    fn rules() -> impl Strategy<Value = String> {
        let ends = prop_oneof![
            Just(String::new()),
            (1_u32..40).prop_map(|count| format!(";COUNT={count}")),
            (1_u32..28).prop_map(|day| format!(";UNTIL=202606{day:02}"))
        ];
        let rule = prop_oneof![
            Just("FREQ=DAILY".to_owned()),
            Just("FREQ=DAILY;BYDAY=MO,TU".to_owned()),
            Just("FREQ=WEEKLY;BYDAY=SU,WE".to_owned()),
            Just("FREQ=WEEKLY".to_owned()),
            Just("FREQ=MONTHLY;BYDAY=2TU,-1SA".to_owned()),
            Just("FREQ=MONTHLY;BYMONTHDAY=31,-1,5".to_owned()),
        ];
        (rule, 1_u32..5, ends).prop_map(|(rule, interval, ends)| format!("{rule};INTERVAL={interval}{ends}"))
    }

    proptest! {
        #[test]
        fn however_a_range_is_cut_the_same_comes_back(rule in rules(), cut in 0_i64..300 * 24, lasts in 1_i64..60) {
            let it = Recurrence { duration_s: lasts * 3600, ..coming_back(&rule, "2026-01-14T02:00") };
            let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-10-28T00:00:00Z"));
            let cut = from.plus_secs(cut * 3600);
            let all = it.within(&Range { from, to }, &Utc, 1000).occurrences;
            let mut parts = it.within(&Range { from, to: cut }, &Utc, 1000).occurrences;
            for occurrence in it.within(&Range { from: cut, to }, &Utc, 1000).occurrences {
                if !parts.contains(&occurrence) {
                    parts.push(occurrence);
                }
            }
            prop_assert_eq!(parts, all);
        }
    }
}
