//! Availability: the share of a range in which nobody was hurt.
//!
//! Impact windows are put together (overlapping ones count once) and clipped to the range; a
//! window without an end counts up to now.

use super::{Facts, Range, Window};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The answer of `GET /api/v1/availability`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Availability {
    /// How many incidents hurt somebody within the range.
    pub incidents: u64,
    /// Time in which at least one of them did, in seconds.
    pub downtime_s: f64,
    /// Length of the range, in seconds.
    pub total_s: f64,
    /// 1 − downtime ÷ total.
    pub availability: f64,
}

impl Availability {
    pub const TITLE: &'static str = "Availability";
    pub const QUESTION: &'static str = "In which part of the range was nobody hurt?";
    pub const DEFINITION: &'static str = "the share of the range in which no incident hurt anybody; impact windows are clipped to the range and put together, so that overlapping ones count once; impact that goes on counts up to now";
    pub const FORMULA: &'static str = "1 − time with impact ÷ range";

    /// Over `facts` within `range`; with a service only what hurt that service counts.
    #[allow(clippy::cast_precision_loss)] // below 2^53 microseconds (285 years) it is exact
    pub fn of(facts: &[&Facts], range: &Range, service: Option<&str>, now: Timestamp) -> Self {
        let hurt = |facts: &&&Facts| windows(facts, range, service, now).next().is_some();
        let incidents = facts.iter().filter(hurt).count() as u64;
        let (down, total) = (impact_micros(facts, range, service, now), range.micros());
        Self { incidents, downtime_s: down as f64 / 1e6, total_s: total as f64 / 1e6, availability: (total - down) as f64 / total as f64 }
    }
}

/// Microseconds of `range` in which at least one of `facts` hurt somebody.
pub fn impact_micros(facts: &[&Facts], range: &Range, service: Option<&str>, now: Timestamp) -> i64 {
    let mut parts: Vec<Range> = facts.iter().flat_map(|facts| windows(facts, range, service, now)).collect();
    parts.sort_unstable_by_key(|part| part.from);
    let mut covered = 0;
    let mut until = range.from;
    for part in parts {
        let from = part.from.max(until);
        if part.to > from {
            covered += part.to.micros_since(from);
            until = part.to;
        }
    }
    covered
}

/// The windows of one incident as far as they lie within `range`.
fn windows<'a>(facts: &'a Facts, range: &'a Range, service: Option<&'a str>, now: Timestamp) -> impl Iterator<Item = Range> + 'a {
    let counts = move |window: &&Window| service.is_none_or(|service| window.service.as_deref() == Some(service));
    facts.impact.iter().filter(counts).filter_map(move |window| Range::new(window.from, facts.end_of(window, now))?.within(range))
}
