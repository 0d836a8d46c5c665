//! A range cut into days, weeks, months or years of UTC: how many incidents began in each, and
//! how long half of them took to be restored. A step without an incident is there with a zero; a
//! median without a value is not.

use super::{
    Facts, Filter, Of, Range,
    change::{FEWEST, interval_of_median},
    mttr,
    summary::{Excluded, median, secs},
};
use crate::domain::{severity::Severity, time::Timestamp};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many years are told, the latest ones.
const MOST_YEARS: u32 = 60;

const DAY_MICROS: i64 = 86_400_000_000;

/// How long each step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    Day,
    /// From Monday.
    Week,
    Month,
    Year,
}

impl Step {
    pub const ALL: [Step; 4] = [Step::Day, Step::Week, Step::Month, Step::Year];

    pub fn slug(self) -> &'static str {
        match self {
            Step::Day => "day",
            Step::Week => "week",
            Step::Month => "month",
            Step::Year => "year",
        }
    }

    /// The step that cuts `range` into few enough parts to be looked at.
    pub fn for_range(range: &Range) -> Self {
        match range.micros() / DAY_MICROS {
            ..=14 => Step::Day,
            15..=100 => Step::Week,
            101..=1100 => Step::Month,
            _ => Step::Year,
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.slug() == text)
    }

    /// Whether it cuts `range` into a number of parts that can be told.
    pub fn suits(self, range: &Range) -> bool {
        let days = range.micros() / DAY_MICROS;
        match self {
            Step::Day => days < 1_000,
            Step::Week => days < 7_000,
            Step::Month => days < 28_000,
            Step::Year => true,
        }
    }

    /// Where the step that holds `at` begins.
    fn start(self, at: Timestamp) -> NaiveDate {
        let day = at.to_utc().date_naive();
        match self {
            Step::Day => day,
            Step::Week => day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))).unwrap_or(day),
            Step::Month => day.with_day(1).unwrap_or(day),
            Step::Year => NaiveDate::from_ymd_opt(day.year(), 1, 1).unwrap_or(day),
        }
    }

    fn next(self, start: NaiveDate) -> Option<NaiveDate> {
        match self {
            Step::Day => start.checked_add_days(Days::new(1)),
            Step::Week => start.checked_add_days(Days::new(7)),
            Step::Month => start.checked_add_months(Months::new(1)),
            Step::Year => start.checked_add_months(Months::new(12)),
        }
    }
}

/// One step of the range, clipped to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    pub from: Timestamp,
    pub to: Timestamp,
    /// The range holds only a part of it.
    pub partial: bool,
    /// How many began in it: SEV1 to SEV5, then those without a severity.
    pub by_severity: Vec<u64>,
    /// How many of them have a time to restore, its median, and who was left out.
    pub n: u64,
    pub median_s: Option<f64>,
    /// The 95 % interval of that median, where there are enough values for one.
    pub low_s: Option<f64>,
    pub high_s: Option<f64>,
    /// Their values, where they are fewer than a median is made from.
    pub values_s: Vec<f64>,
    pub excluded: Vec<Excluded>,
}

impl Bucket {
    /// The first line of their table.
    pub const HEADER: [&'static str; 14] = [
        "from",
        "to",
        "partial",
        "incidents",
        "sev1",
        "sev2",
        "sev3",
        "sev4",
        "sev5",
        "without_severity",
        "restored_n",
        "restored_median_s",
        "median_low_s",
        "median_high_s",
    ];

    /// One line of it. A median of fewer than five values is left out, as it is on screen.
    pub fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.from.to_string(), self.to.to_string(), self.partial.to_string(), self.incidents().to_string()];
        cells.extend(self.by_severity.iter().map(u64::to_string));
        cells.push(self.n.to_string());
        cells.extend([self.median_s, self.low_s, self.high_s].map(|secs| secs.map(|secs| secs.to_string()).unwrap_or_default()));
        cells
    }

    pub fn incidents(&self) -> u64 {
        self.by_severity.iter().sum()
    }
}

/// The steps of `range`, the oldest first. Of a range of many centuries only those steps are
/// told that lie between the first and the last incident.
pub fn series(facts: &[Facts], range: &Range, filter: &Filter, step: Step) -> Vec<Bucket> {
    let members = || facts.iter().filter(|facts| range.contains(facts.started_at) && filter.matches(facts));
    let mut by_start: BTreeMap<NaiveDate, Vec<&Facts>> = BTreeMap::new();
    for facts in members() {
        by_start.entry(step.start(facts.started_at)).or_default().push(facts);
    }
    let (mut first, mut last) = (step.start(range.from), step.start(Timestamp::from_micros(range.to.micros() - 1)));
    if step == Step::Year {
        last = by_start.keys().next_back().copied().unwrap_or(last);
        let earliest = last.checked_sub_months(Months::new(12 * (MOST_YEARS - 1))).unwrap_or(last);
        first = by_start.keys().next().copied().unwrap_or(last).max(earliest);
    }
    let mut buckets = Vec::new();
    let mut at = first;
    while at <= last {
        let Some(next) = step.next(at) else { break };
        let whole = Range { from: midnight(at), to: midnight(next) };
        if let Some(part) = whole.within(range) {
            buckets.push(bucket(by_start.get(&at).map_or(&[], Vec::as_slice), part, part != whole));
        }
        at = next;
    }
    buckets
}

fn midnight(day: NaiveDate) -> Timestamp {
    let at: DateTime<Utc> = day.and_time(NaiveTime::MIN).and_utc();
    Timestamp::from_micros(at.timestamp_micros())
}

fn bucket(members: &[&Facts], range: Range, partial: bool) -> Bucket {
    let mut by_severity = vec![0; Severity::ALL.len() + 1];
    for facts in members {
        by_severity[facts.severity.map_or(Severity::ALL.len(), |severity| severity as usize)] += 1;
    }
    let (values, excluded) = restored(members);
    let interval = interval_of_median(&values);
    let few = values.len() < FEWEST;
    Bucket {
        from: range.from,
        to: range.to,
        partial,
        by_severity,
        n: values.len() as u64,
        median_s: if few { None } else { median(&values) },
        low_s: interval.map(|(low, _)| secs(low)),
        high_s: interval.map(|(_, high)| secs(high)),
        values_s: if few { values.iter().copied().map(secs).collect() } else { vec![] },
        excluded,
    }
}

fn restored(members: &[&Facts]) -> (Vec<i64>, Vec<Excluded>) {
    let Of::Each(each) = mttr::METRIC.of else { return (vec![], vec![]) };
    super::summary::values(members, each)
}
