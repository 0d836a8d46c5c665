//! What the figures are to be: per figure and severity, editable, and dated. What was set once
//! stays: a report about last month is judged by what held then.

use super::Measure;
use crate::domain::{
    reading::{Readable, Reader},
    severity::Severity,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

const MINUTE: f64 = 60.0;

/// What holds until somebody sets something else.
pub const STARTING: [(Measure, Option<Severity>, f64); 14] = [
    (Measure::Availability, None, 0.999),
    (Measure::Latency, None, 0.95),
    (Measure::Slowest, None, 0.3),
    (Measure::Errors, None, 0.001),
    (Measure::Detect, Some(Severity::Sev1), 5.0 * MINUTE),
    (Measure::Mitigate, Some(Severity::Sev1), 15.0 * MINUTE),
    (Measure::Restore, None, 60.0 * MINUTE),
    (Measure::Restore, Some(Severity::Sev1), 30.0 * MINUTE),
    (Measure::Frequency, None, 1.0),
    (Measure::Burn, None, 2.0),
    (Measure::Pages, None, 3.0),
    (Measure::Runbooks, None, 0.7),
    (Measure::Acknowledge, Some(Severity::Sev1), 2.0 * MINUTE),
    (Measure::Actions, None, 0.9),
];

/// A target as it was set, or as it came with the product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub metric: Measure,
    /// Absent: for all of them together.
    pub severity: Option<Severity>,
    /// A share between 0 and 1, seconds, or a number; absent: from then on there is none.
    pub value: Option<f64>,
    /// Absent: from the beginning.
    pub valid_from: Option<Timestamp>,
    /// Absent: it came with the product.
    pub set_by: Option<String>,
    pub set_at: Option<Timestamp>,
}

/// What somebody sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetDraft {
    pub metric: Measure,
    #[serde(default)]
    pub severity: Option<Severity>,
    /// As in [`Target`].
    pub value: Option<f64>,
    /// Absent: from now on.
    #[serde(default)]
    pub valid_from: Option<Timestamp>,
}

impl TargetDraft {
    /// What may be kept, or what is wrong with it.
    pub fn parse(self) -> Result<Self, String> {
        let Self { metric, severity, value, .. } = &self;
        let slug = metric.slug();
        if severity.is_some() && !metric.is_by_severity() {
            return Err(format!("{slug} has one target for all severities"));
        }
        let most = match metric.counts() {
            super::Counts::Good | super::Counts::Bad => 1.0,
            super::Counts::Time | super::Counts::Wait => 366.0 * 86_400.0,
            super::Counts::Often | super::Counts::Pace => 1_000_000.0,
        };
        match value {
            Some(value) if !(value.is_finite() && *value > 0.0 && *value <= most) => Err(format!("the target of {slug} is above 0 and at most {most}")),
            _ => Ok(self),
        }
    }
}

/// All targets there ever were.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets(Vec<Target>);

impl Targets {
    /// With those that came with the product before them.
    pub fn new(set: Vec<Target>) -> Self {
        let starting = STARTING.map(|(metric, severity, value)| Target { metric, severity, value: Some(value), valid_from: None, set_by: None, set_at: None });
        let mut all: Vec<Target> = starting.into_iter().chain(set).collect();
        // The later one counts; of two for the same instant, the one that was set later.
        all.sort_by_key(|target| (target.metric, target.severity, target.valid_from, target.set_at));
        Self(all)
    }

    /// By figure and severity, the oldest first.
    pub fn all(&self) -> &[Target] {
        &self.0
    }

    /// What holds at an instant.
    pub fn at(&self, metric: Measure, severity: Option<Severity>, at: Timestamp) -> Option<f64> {
        self.of(metric, severity).filter(|target| target.valid_from.is_none_or(|from| from <= at)).last()?.value
    }

    /// How it changed, the oldest first.
    pub fn of(&self, metric: Measure, severity: Option<Severity>) -> impl Iterator<Item = &Target> {
        self.0.iter().filter(move |target| target.metric == metric && target.severity == severity)
    }
}

impl Readable for Target {
    fn read(from: Reader<'_>) -> Self {
        Self {
            metric: from.get("metric"),
            severity: from.get("severity"),
            value: from.get("value"),
            valid_from: from.get("valid_from"),
            set_by: from.get("set_by"),
            set_at: from.get("set_at"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_micros(1_786_450_000_000_000).plus_secs(n * 86_400)
    }

    fn set(value: Option<f64>, from: i64, at: i64) -> Target {
        Target {
            metric: Measure::Detect,
            severity: Some(Severity::Sev1),
            value,
            valid_from: Some(day(from)),
            set_by: Some("Mara".to_owned()),
            set_at: Some(day(at)),
        }
    }

    #[test]
    fn what_was_set_holds_from_its_day_and_the_past_keeps_its_own() {
        let targets = Targets::new(vec![set(Some(240.0), 10, 10), set(None, 30, 12), set(Some(120.0), 10, 11)]);
        let at = |n| targets.at(Measure::Detect, Some(Severity::Sev1), day(n));
        assert_eq!([at(0), at(10), at(29), at(30)], [Some(300.0), Some(120.0), Some(120.0), None]);
        assert_eq!(targets.at(Measure::Detect, None, day(0)), None);
        assert_eq!(targets.of(Measure::Detect, Some(Severity::Sev1)).count(), 4);
    }

    #[test]
    fn a_target_fits_its_figure() {
        let draft = |metric, severity, value| TargetDraft { metric, severity, value, valid_from: None }.parse();
        assert!(draft(Measure::Availability, None, Some(0.9995)).is_ok() && draft(Measure::Restore, Some(Severity::Sev3), Some(7200.0)).is_ok());
        assert!(draft(Measure::Restore, None, None).is_ok(), "none at all is a choice");
        assert!(draft(Measure::Availability, None, Some(99.9)).is_err_and(|words| words.contains("at most 1")));
        assert!(draft(Measure::Availability, Some(Severity::Sev1), Some(0.9)).is_err_and(|words| words.contains("all severities")));
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(draft(Measure::Detect, None, Some(value)).is_err(), "{value}");
        }
    }

    #[test]
    fn a_target_reads_back_in_the_browser() {
        for target in [set(Some(240.0), 1, 2), Targets::new(vec![]).all()[0].clone()] {
            let text = serde_json::to_string(&target).expect("it serialises");
            assert_eq!(crate::domain::reading::read(text.as_bytes()), Some(target));
        }
    }
}
