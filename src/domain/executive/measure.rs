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
    #[serde(rename = "M2p95")]
    Slowest,
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
    #[serde(rename = "M9")]
    Pages,
    #[serde(rename = "M10")]
    Runbooks,
    #[serde(rename = "M11")]
    Acknowledge,
    #[serde(rename = "M12")]
    Actions,
}

/// What a figure counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// A share of all, of which more is better: `99.89 %`.
    Good,
    /// A share of all, of which less is better: `0.07 %`.
    Bad,
    /// Seconds in which people do something.
    Time,
    /// Seconds in which a program answers.
    Wait,
    /// How many in a span that the figure names.
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
    /// From what is not kept here, and which words say so: no number ever stands for it.
    Nothing(&'static str),
}

impl Measure {
    pub const ALL: [Measure; 13] = [
        Measure::Availability,
        Measure::Latency,
        Measure::Slowest,
        Measure::Errors,
        Measure::Detect,
        Measure::Mitigate,
        Measure::Restore,
        Measure::Frequency,
        Measure::Burn,
        Measure::Pages,
        Measure::Runbooks,
        Measure::Acknowledge,
        Measure::Actions,
    ];

    pub fn slug(self) -> &'static str {
        match self {
            Measure::Availability => "M1",
            Measure::Latency => "M2",
            Measure::Slowest => "M2p95",
            Measure::Errors => "M3",
            Measure::Detect => "M4",
            Measure::Mitigate => "M5",
            Measure::Restore => "M6",
            Measure::Frequency => "M7",
            Measure::Burn => "M8",
            Measure::Pages => "M9",
            Measure::Runbooks => "M10",
            Measure::Acknowledge => "M11",
            Measure::Actions => "M12",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.slug() == text)
    }

    pub fn title(self) -> &'static str {
        match self {
            Measure::Availability => "Availability",
            Measure::Latency => "Latency, in time",
            Measure::Slowest => "Latency p95",
            Measure::Errors => "Error rate",
            Measure::Detect => "Detect",
            Measure::Mitigate => "Mitigate",
            Measure::Restore => "Restore",
            Measure::Frequency => "Incidents, service",
            Measure::Burn => "Burn rate",
            Measure::Pages => "Pages a week",
            Measure::Runbooks => "Fixed by runbook",
            Measure::Acknowledge => "Acknowledge",
            Measure::Actions => "Actions in 90 d",
        }
    }

    pub fn question(self) -> &'static str {
        match self {
            Measure::Availability => "Which share of what was asked was answered well?",
            Measure::Latency => "Which share was answered in time?",
            Measure::Slowest => "How long do nineteen of twenty requests wait at most?",
            Measure::Errors => "Which share failed?",
            Measure::Frequency => "How many incidents does a service have in a month?",
            Measure::Burn => "How fast are budgets spent?",
            Measure::Pages => "How often is an engineer paged in a week on call?",
            Measure::Runbooks => "How many incidents did their runbook fix?",
            Measure::Actions => "Is what was promised after incidents done in time?",
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
            Measure::Slowest => {
                "for each objective about latency: on which side of its threshold the 95th percentile of its window lies. What is kept is how many were within the threshold, and not how long each took: where 95 % or more were within it, p95 is at most the threshold, else it is above"
            }
            Measure::Errors => "for each objective that counts events and is not about latency: bad of all events over its own window",
            Measure::Frequency => {
                "for each service that is known: incidents whose impact began in the range, counted per thirty days; one with several services counts in each"
            }
            Measure::Burn => "for each objective: bad of all events of the last hour, over what its budget allows; at 1 the budget lasts exactly its window",
            Measure::Pages => {
                "deduplicated pages of high urgency, for each week that somebody was on call in a rotation; beside it the share at night and the 95th percentile of a shift"
            }
            Measure::Runbooks => "resolved incidents whose linked runbook worked, of all resolved incidents that had one; beside it how many had one at all",
            Measure::Actions => {
                "of the actions written down 90 to 180 days ago: those closed within 90 days, of all of them; cancelled ones count as not done unless they were replaced"
            }
            Measure::Detect | Measure::Mitigate | Measure::Restore | Measure::Acknowledge => self.metric().map_or("", |metric| metric.definition),
        }
    }

    pub fn formula(self) -> &'static str {
        match self {
            Measure::Availability | Measure::Latency => "Σ good ÷ Σ all",
            Measure::Slowest => "good ÷ all ≥ 95 %: p95 ≤ threshold",
            Measure::Errors => "bad ÷ all",
            Measure::Frequency => "incidents × 30 days ÷ range",
            Measure::Burn => "(bad ÷ all) ÷ (1 − target)",
            Measure::Pages => "pages ÷ person-weeks on call",
            Measure::Runbooks => "runbook worked ÷ runbook linked",
            Measure::Actions => "closed within 90 days ÷ all of the cohort",
            Measure::Detect | Measure::Mitigate | Measure::Restore | Measure::Acknowledge => self.metric().map_or("", |metric| metric.formula),
        }
    }

    pub fn counts(self) -> Counts {
        match self {
            Measure::Availability | Measure::Latency | Measure::Runbooks | Measure::Actions => Counts::Good,
            Measure::Slowest => Counts::Wait,
            Measure::Errors => Counts::Bad,
            Measure::Detect | Measure::Mitigate | Measure::Restore | Measure::Acknowledge => Counts::Time,
            Measure::Frequency | Measure::Pages => Counts::Often,
            Measure::Burn => Counts::Pace,
        }
    }

    pub fn from(self) -> From {
        match (self, self.metric()) {
            (_, Some(metric)) => From::Incidents(metric),
            (Measure::Frequency, None) => From::Services,
            (Measure::Pages, None) => From::Nothing("no data: no on-call rota is kept"),
            (Measure::Runbooks, None) => From::Nothing("no data: no runbook outcome is kept"),
            (Measure::Actions, None) => From::Nothing("no data: no actions are kept"),
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
            Measure::Availability
            | Measure::Latency
            | Measure::Slowest
            | Measure::Errors
            | Measure::Frequency
            | Measure::Burn
            | Measure::Pages
            | Measure::Runbooks
            | Measure::Actions => return None,
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
            Counts::Bad | Counts::Time | Counts::Wait | Counts::Often | Counts::Pace => value > target + 1e-9,
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
