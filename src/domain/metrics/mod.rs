//! Figures over incidents: what is measured, over whom, and who was left out and why.
//!
//! Each metric is one file and one line of [`ALL`]. A missing time is never guessed: the incident
//! is left out of that metric and counted under a reason in words, so that `n` and the excluded
//! ones together are always all incidents. Negative times are left out the same way.

pub mod availability;
mod behind;
mod chance;
mod change;
mod facts;
mod frequency;
mod group;
mod mtbf;
mod mtta;
mod mttd;
mod mttm;
mod mttr;
mod repeats;
mod resolution;
mod series;
mod summary;
mod trends;
pub mod words;

pub use behind::{About, Behind, BehindItem, BehindPage, Which, behind};
pub use change::{Change, half_width_of_means_90};
pub use facts::{Facts, Window};
pub use group::{Filter, Group, GroupBy, figures};
pub use series::{Bucket, Step, series};
pub use summary::{Excluded, Spread, Summary};
pub use trends::{Figure, ServiceAvailability, TrendGroup, Trends, availability, trends};

use super::time::Timestamp;
use repeats::Over;
use std::rc::Rc;

/// From an instant up to, but not including, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Range {
    /// `None` when it would hold nothing.
    pub fn new(from: Timestamp, to: Timestamp) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    pub fn micros(&self) -> i64 {
        self.to.micros_since(self.from)
    }

    /// The range of equal length that ends where this one begins.
    pub fn before(&self) -> Option<Range> {
        Range::new(Timestamp::from_micros(self.from.micros().saturating_sub(self.micros())), self.from).filter(|before| before.micros() == self.micros())
    }

    /// The part of it that also lies in `other`.
    pub fn within(&self, other: &Range) -> Option<Range> {
        Range::new(self.from.max(other.from), self.to.min(other.to))
    }
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Duration,
    /// Between 0 and 1.
    Ratio,
    /// How many in thirty days.
    PerThirtyDays,
}

impl Unit {
    /// As it stands beside the figure on the wire.
    pub fn slug(self) -> &'static str {
        match self {
            Unit::Duration => "s",
            Unit::Ratio => "ratio",
            Unit::PerThirtyDays => "per 30 d",
        }
    }
}

/// Which direction people want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Lower,
    Higher,
}

/// One thing that is measured.
#[derive(Clone, Copy)]
pub struct Metric {
    /// Its name on the wire.
    pub id: &'static str,
    pub title: &'static str,
    /// What it answers, in one question.
    pub question: &'static str,
    /// Exactly what is subtracted from what, and who is left out.
    pub definition: &'static str,
    /// The same as a formula.
    pub formula: &'static str,
    pub unit: Unit,
    pub better: Better,
    pub of: Of,
}

/// How a metric is made.
#[derive(Clone, Copy)]
pub enum Of {
    /// From one incident: microseconds, or why this incident has none.
    Each(fn(&Facts) -> Result<i64, &'static str>),
    /// The share of the incidents for which it is true, told in the order of the members.
    Share(fn(&Population) -> Vec<bool>),
    /// How many there are in thirty days, with the interval that chance leaves.
    Rate,
    /// From all incidents of a group together; `None` when it cannot be said.
    Whole(fn(&Population) -> Option<f64>),
}

/// The incidents of one group, and the time they are counted over.
pub struct Population<'a> {
    /// For groups by month: the part of the month that was asked for.
    pub range: Range,
    /// Those whose impact starts within `range`.
    pub members: Vec<&'a Facts>,
    /// Those that would be members if time did not matter: the members, those whose impact began
    /// earlier and reaches into `range`, and those of the thirty days before it.
    pub known: Vec<&'a Facts>,
    /// With a service, only that service's impact counts.
    pub service: Option<&'a str>,
    /// What was over, whatever its severity, service or label: trouble may come back elsewhere.
    pub(super) over: Rc<Over<'a>>,
    pub now: Timestamp,
}

/// Every metric, in the order in which they are shown.
pub const ALL: &[Metric] = &[mttd::METRIC, mtta::METRIC, mttm::METRIC, mttr::METRIC, resolution::METRIC, mtbf::METRIC, frequency::METRIC, repeats::METRIC];

pub fn find(id: &str) -> Option<&'static Metric> {
    ALL.iter().find(|metric| metric.id == id)
}

/// How long before the range incidents are looked at, because one of them may come again.
pub const LOOK_BACK_SECS: i64 = 30 * 86_400;

/// Microseconds from `from` to `to`, or `before` when that would be negative.
fn span(from: Timestamp, to: Timestamp, before: &'static str) -> Result<i64, &'static str> {
    let micros = to.micros_since(from);
    if micros < 0 { Err(before) } else { Ok(micros) }
}

#[cfg(test)]
mod tests;
