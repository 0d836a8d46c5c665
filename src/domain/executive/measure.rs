//! The figures of the executive's table: what each is called, how it is made, and in which unit.

use crate::domain::metrics::{Metric, find};
use crate::domain::reading::{Readable, Reader};
use serde::{Deserialize, Serialize};

/// One figure. The slugs stand in the database and on the wire and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Measure {
    #[serde(rename = "M1")]
    Availability,
    #[serde(rename = "M2")]
    Latency,
    #[serde(rename = "M3")]
    Errors,
    #[serde(rename = "M4")]
    Detect,
    #[serde(rename = "M5")]
    Mitigate,
    #[serde(rename = "M6")]
    Restore,
    #[serde(rename = "M7")]
    Frequency,
    #[serde(rename = "M8")]
    Burn,
    #[serde(rename = "M11")]
    Acknowledge,
}

/// What a figure counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// A share of all, of which more is better: `99.89 %`.
    Good,
    /// A share of all, of which less is better: `0.07 %`.
    Bad,
    /// Seconds.
    Time,
    /// How many in thirty days.
    Often,
    /// How many times the pace that spends a budget exactly.
    Pace,
}

/// From what a figure is made.
#[derive(Clone, Copy)]
pub enum From {
    /// Each incident has a value of its own.
    Incidents(&'static Metric),
    /// Each service has one.
    Services,
    /// Each objective has one, over its own window.
    Objectives,
}

impl Measure {
    pub const ALL: [Measure; 9] = [
        Measure::Availability,
        Measure::Latency,
        Measure::Errors,
        Measure::Detect,
        Measure::Mitigate,
        Measure::Restore,
        Measure::Frequency,
        Measure::Burn,
        Measure::Acknowledge,
    ];

    pub fn slug(self) -> &'static str {
        match self {
            Measure::Availability => "M1",
            Measure::Latency => "M2",
            Measure::Errors => "M3",
            Measure::Detect => "M4",
            Measure::Mitigate => "M5",
            Measure::Restore => "M6",
            Measure::Frequency => "M7",
            Measure::Burn => "M8",
            Measure::Acknowledge => "M11",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.slug() == text)
    }

    pub fn title(self) -> &'static str {
        match self {
            Measure::Availability => "Availability",
            Measure::Latency => "Latency, in time",
            Measure::Errors => "Error rate",
            Measure::Detect => "Detect",
            Measure::Mitigate => "Mitigate",
            Measure::Restore => "Restore",
            Measure::Frequency => "Incidents, service",
            Measure::Burn => "Burn rate",
            Measure::Acknowledge => "Acknowledge",
        }
    }

    pub fn question(self) -> &'static str {
        match self {
            Measure::Availability => "Which share of what was asked was answered well?",
            Measure::Latency => "Which share was answered in time?",
            Measure::Errors => "Which share failed?",
            Measure::Frequency => "How many incidents does a service have in a month?",
            Measure::Burn => "How fast are budgets spent?",
            Measure::Detect | Measure::Mitigate | Measure::Restore | Measure::Acknowledge => self.metric().map_or("", |metric| metric.question),
        }
    }

    pub fn definition(self) -> &'static str {
        match self {
            Measure::Availability => {
                "good of all events of the objectives that count them, each over its own window, put together as one ratio of sums; objectives about latency, about time, and those made from others are left out"
            }
            Measure::Latency => {
                "events within the threshold of their objective, of all events of the objectives about latency, each over its own window, put together as one ratio of sums"
            }
            Measure::Errors => "for each objective that counts events and is not about latency: bad of all events over its own window",
            Measure::Frequency => "for each service that is known: incidents whose impact began in the range, counted per thirty days; one with several services counts in each",
            Measure::Burn => "for each objective: bad of all events of the last hour, over what its budget allows; at 1 the budget lasts exactly its window",
            Measure::Detect | Measure::Mitigate | Measure::Restore | Measure::Acknowledge => self.metric().map_or("", |metric| metric.definition),
        }
    }

    pub fn formula(self) -> &'static str {
        match self {
            Measure::Availability | Measure::Latency => "Σ good ÷ Σ all",
            Measure::Errors => "bad ÷ all",
            Measure::Frequency => "incidents × 30 days ÷ range",
            Measure::Burn => "(bad ÷ all) ÷ (1 − target)",
            Measure::Detect | Measure::Mitigate | Measure::Restore | Measure::Acknowledge => self.metric().map_or("", |metric| metric.formula),
        }
    }

    pub fn counts(self) -> Counts {
        match self {
            Measure::Availability | Measure::Latency => Counts::Good,
            Measure::Errors => Counts::Bad,
            Measure::Detect | Measure::Mitigate | Measure::Restore | Measure::Acknowledge => Counts::Time,
            Measure::Frequency => Counts::Often,
            Measure::Burn => Counts::Pace,
        }
    }

    pub fn from(self) -> From {
        match (self, self.metric()) {
            (_, Some(metric)) => From::Incidents(metric),
            (Measure::Frequency, None) => From::Services,
            (_, None) => From::Objectives,
        }
    }

    /// The incident metric behind it.
    fn metric(self) -> Option<&'static Metric> {
        let id = match self {
            Measure::Detect => "mttd",
            Measure::Mitigate => "mttm",
            Measure::Restore => "mttr",
            Measure::Acknowledge => "mtta",
            Measure::Availability | Measure::Latency | Measure::Errors | Measure::Frequency | Measure::Burn => return None,
        };
        find(id)
    }

    /// Whether one number stands for all, instead of the middle of many.
    pub fn is_pooled(self) -> bool {
        matches!(self, Measure::Availability | Measure::Latency)
    }

    /// Whether a target may be for one severity alone.
    pub fn is_by_severity(self) -> bool {
        self.counts() == Counts::Time
    }

    /// Whether `value` is on the wrong side of `target`.
    pub fn misses(self, value: f64, target: f64) -> bool {
        match self.counts() {
            Counts::Good => value < target - 1e-9,
            Counts::Bad | Counts::Time | Counts::Often | Counts::Pace => value > target + 1e-9,
        }
    }
}

impl Readable for Measure {
    fn read(from: Reader<'_>) -> Self {
        from.word(&Measure::ALL.map(|measure| (measure.slug(), measure)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_says_what_it_is_and_has_its_slug_on_the_wire() {
        for measure in Measure::ALL {
            assert_eq!(Measure::from_slug(measure.slug()), Some(measure));
            assert_eq!(serde_json::to_value(measure).expect("it is a word"), measure.slug());
            for words in [measure.title(), measure.question(), measure.definition(), measure.formula()] {
                assert!(!words.is_empty(), "{measure:?}");
            }
            assert_eq!(measure.is_by_severity(), matches!(measure.from(), From::Incidents(_)));
        }
    }

    #[test]
    fn of_good_shares_more_is_better_and_of_everything_else_less() {
        assert!(Measure::Availability.misses(0.9989, 0.999) && !Measure::Availability.misses(0.999, 0.999));
        assert!(Measure::Detect.misses(301.0, 300.0) && !Measure::Detect.misses(300.0, 300.0));
        assert!(Measure::Errors.misses(0.002, 0.001) && !Measure::Burn.misses(0.6, 2.0));
    }
}
